//! The case: a record made ready to be judged, with everything findable by its id.

use std::collections::{HashMap, HashSet};

use super::{
    observe::Seen,
    record::{ClaimRow, EntryRow, EntryState, HoldRow, ItemRow, OrderRow, Outcome, Record},
    story::{self, Step, Story},
};
use crate::{
    claim::ClaimState,
    ids::{ClaimId, OrderId, SaleId, SaleItemId},
    order::OrderState,
    rules::{DOUBT_MS, is_over},
    sale::Sale,
    time::UnixMs,
};

/// After the last close, hold and doubt, this much later all is still.
const SETTLED_MS: i64 = 60_000;

/// A record with its indices.
pub struct Case<'a> {
    pub record: &'a Record,
    pub story: Story<'a>,
    pub items: HashMap<SaleItemId, &'a ItemRow>,
    pub sales: HashMap<SaleId, &'a Sale>,
    pub claims: HashMap<ClaimId, &'a ClaimRow>,
    pub holds: HashMap<ClaimId, &'a HoldRow>,
    pub entries: HashMap<ClaimId, &'a EntryRow>,
    pub orders: HashMap<OrderId, &'a OrderRow>,
    pub order_of: HashMap<ClaimId, &'a OrderRow>,
    /// What was told of each claim, by version, then by time; receipts apart.
    pub told: HashMap<ClaimId, Vec<&'a Seen>>,
    /// Claims whose order was given back: they no longer count towards a limit.
    pub given_back: HashSet<ClaimId>,
}

impl<'a> Case<'a> {
    pub fn new(record: &'a Record) -> Self {
        let mut told: HashMap<ClaimId, Vec<&Seen>> = HashMap::new();
        for seen in record.told.iter().filter(|seen| seen.state != ClaimState::Received) {
            told.entry(seen.claim_id).or_default().push(seen);
        }
        told.values_mut().for_each(|list| list.sort_by_key(|seen| (seen.version, seen.at)));
        let given_back = |o: &&OrderRow| matches!(o.state, OrderState::Refunded | OrderState::Cancelled);
        Self {
            record,
            story: story::tell(record),
            items: record.items.iter().map(|x| (x.id, x)).collect(),
            sales: record.sales.iter().map(|x| (x.id, x)).collect(),
            claims: record.claims.iter().map(|x| (x.id, x)).collect(),
            holds: record.holds.iter().map(|x| (x.claim_id, x)).collect(),
            entries: record.standby.iter().map(|x| (x.claim_id, x)).collect(),
            orders: record.orders.iter().map(|x| (x.id, x)).collect(),
            order_of: record.orders.iter().map(|x| (x.claim_id, x)).collect(),
            told,
            given_back: record.orders.iter().filter(given_back).map(|o| o.claim_id).collect(),
        }
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step<'a>> {
        self.story.steps.iter()
    }

    pub fn sale_of(&self, item: SaleItemId) -> Option<&'a Sale> {
        self.items.get(&item).and_then(|i| self.sales.get(&i.sale_id)).copied()
    }

    /// The state that a claim's rows add up to, and its version, as its buyer is told them.
    pub fn stands(&self, claim: &ClaimRow) -> (ClaimState, i64) {
        if let Some(hold) = self.holds.get(&claim.id) {
            return (hold.state.into(), claim.version + hold.version);
        }
        let state = match (self.entries.get(&claim.id).map(|e| e.state), claim.outcome) {
            (Some(EntryState::Waiting), _) => ClaimState::Standby,
            (Some(EntryState::Refused), _) | (None, Outcome::Refused) => ClaimState::Refused,
            (Some(EntryState::Withdrawn), _) | (None, Outcome::Withdrawn) => ClaimState::Withdrawn,
            // Promised a hold, and there is none: no such state; the comparison with the log will say so.
            (Some(EntryState::Promoted), _) | (None, Outcome::Hold | Outcome::Standby) => ClaimState::Received,
        };
        (state, claim.version)
    }

    /// Whether a fault lay anywhere between two instants, or healed shortly before.
    pub fn faulty(&self, from: UnixMs, to: UnixMs) -> bool {
        self.record.faults.iter().any(|f| f.from <= to && f.healed_at + super::speed::HEALING_MS >= from)
    }

    /// Whether the record was taken after the last promise of its sales had run out: E of the laws.
    pub fn ended(&self) -> bool {
        let record = self.record;
        let hold_ms = record.items.iter().map(|i| i64::from(i.hold_s) * 1000).max().unwrap_or(0);
        let last = record
            .sales
            .iter()
            .map(|s| s.closes_at)
            .chain(record.shifts.iter().map(|s| s.at))
            .chain(record.faults.iter().map(|f| f.healed_at))
            .max()
            .unwrap_or_default();
        let over = |sale: &Sale| is_over(sale.phase(record.at));
        record.sales.iter().all(over) && record.at >= last + (hold_ms + DOUBT_MS + SETTLED_MS)
    }
}
