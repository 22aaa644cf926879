//! The story: the change log told again, step by step, with the counts that follow from it alone.

use std::collections::{BTreeMap, HashMap};

use super::record::{Change, Record, What};
use crate::{
    claim::ClaimState,
    ids::{ClaimId, SaleItemId},
    time::UnixMs,
};

/// An item's units as the log implies them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub allotment: u32,
    pub taken: u32,
    pub paid: u32,
    pub waiting: u32,
    /// Who is first on standby.
    pub head: Option<Head>,
}

impl Counts {
    pub fn free(&self) -> u32 {
        self.allotment.saturating_sub(self.taken)
    }

    /// Whether units lie idle although the head could take them.
    pub fn idle(&self) -> bool {
        self.head.is_some_and(|head| head.quantity <= self.free())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub claim_id: ClaimId,
    pub quantity: u32,
}

/// A claim as the log has told it so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub state: Option<ClaimState>,
    pub quantity: u32,
    pub deadline: Option<UnixMs>,
    /// When it came into this state.
    pub since: UnixMs,
}

const UNBORN: Life = Life { state: None, quantity: 0, deadline: None, since: UnixMs(0) };

impl Life {
    /// Units that count as taken.
    pub fn taken(&self) -> u32 {
        use ClaimState::*;
        if matches!(self.state, Some(Held | Paying | Paid)) { self.quantity } else { 0 }
    }

    pub fn waiting(&self) -> u32 {
        if self.state == Some(ClaimState::Standby) { self.quantity } else { 0 }
    }

    pub fn paid(&self) -> u32 {
        if self.state == Some(ClaimState::Paid) { self.quantity } else { 0 }
    }

    /// Whether a second claim of the same buyer must be refused.
    pub fn is_live(&self) -> bool {
        use ClaimState::*;
        matches!(self.state, Some(Held | Paying | Standby))
    }
}

/// One change, with the item and the claim before and after it.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    pub change: &'a Change,
    pub before: Counts,
    pub after: Counts,
    pub was: Life,
    pub is: Life,
}

/// The whole log, in commit order, and every claim's last word.
pub struct Story<'a> {
    pub steps: Vec<Step<'a>>,
    pub lives: HashMap<ClaimId, Life>,
    pub items: HashMap<SaleItemId, Counts>,
}

/// Tells the log from its beginning.
///
/// Shape: what the log says of states is taken at its word, possible or not; the laws judge it.
pub fn tell(record: &Record) -> Story<'_> {
    let tickets: HashMap<ClaimId, i64> = record.standby.iter().map(|e| (e.claim_id, e.ticket)).collect();
    let mut lines: HashMap<SaleItemId, BTreeMap<(i64, i64), Head>> = HashMap::new();
    let mut story =
        Story { steps: Vec::with_capacity(record.changes.len()), lives: HashMap::new(), items: beginnings(record) };
    for change in &record.changes {
        let before = story.items.get(&change.sale_item_id).copied().unwrap_or_default();
        let mut after = before;
        let was = change.claim_id.and_then(|id| story.lives.get(&id)).copied().unwrap_or(UNBORN);
        let is = change.claim_id.map_or(UNBORN, |_| live_on(was, change));
        if let Some(claim_id) = change.claim_id {
            story.lives.insert(claim_id, is);
            let line = lines.entry(change.sale_item_id).or_default();
            let ticket = tickets.get(&claim_id).map_or((i64::MAX, change.seq), |ticket| (*ticket, 0));
            match is.waiting() {
                0 => line.remove(&ticket),
                quantity => line.insert(ticket, Head { claim_id, quantity }),
            };
            after.head = line.first_key_value().map(|(_, head)| *head);
        }
        if change.what == What::Restocked {
            after.allotment += change.quantity;
        }
        after.taken = after.taken + is.taken() - was.taken();
        after.waiting = after.waiting + is.waiting() - was.waiting();
        after.paid = after.paid + is.paid() - was.paid();
        story.items.insert(change.sale_item_id, after);
        story.steps.push(Step { change, before, after, was, is });
    }
    story
}

/// Each item's counts before its first change.
fn beginnings(record: &Record) -> HashMap<SaleItemId, Counts> {
    let mut items: HashMap<_, _> =
        record.items.iter().map(|i| (i.id, Counts { allotment: i.allotment, ..Counts::default() })).collect();
    for change in record.changes.iter().filter(|c| c.what == What::Restocked) {
        if let Some(counts) = items.get_mut(&change.sale_item_id) {
            counts.allotment = counts.allotment.saturating_sub(change.quantity);
        }
    }
    items
}

/// A claim after a change.
fn live_on(was: Life, change: &Change) -> Life {
    let state = match change.what {
        What::Held | What::Promoted | What::Declined => Some(ClaimState::Held),
        What::Standby => Some(ClaimState::Standby),
        What::Refused => Some(ClaimState::Refused),
        What::Withdrawn => Some(ClaimState::Withdrawn),
        What::Paying => Some(ClaimState::Paying),
        What::Allocated => Some(ClaimState::Paid),
        What::Expired => Some(ClaimState::Expired),
        What::Shifted | What::Extended | What::Restocked => was.state,
    };
    Life {
        state,
        quantity: if was.state.is_none() { change.quantity } else { was.quantity },
        deadline: change.deadline.or(was.deadline),
        since: if state == was.state { was.since } else { change.at },
    }
}
