//! The desk: one transaction under one item's lock. Nothing of it counts before its commit.

use std::collections::BTreeSet;

use super::{
    ledger,
    state::{Item, Journal, Model},
};
use crate::{
    ids::{ClaimId, SaleItemId},
    port::ledger::{Counters, Kind},
    rules::{self, Tally},
    sale::Phase,
    time::UnixMs,
    verdict::record::{Change, What},
};

/// Why a transaction wrote nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The heartbeat is old: nobody may judge time.
    ClockStands,
    /// The batch's grants are of another epoch.
    OtherEpoch,
    /// The ledger lost writes.
    Regression,
    /// Nothing that can be done as things stand.
    NotNow,
}

/// A journal under change.
pub(super) struct Desk {
    pub journal: Journal,
    pub item_id: SaleItemId,
    /// The journal's clock, read after the lock; never less than the item's last time.
    pub now: UnixMs,
    changed: BTreeSet<ClaimId>,
}

impl Model {
    /// Runs one transaction; on success its changes stand, and the bus and the ledger are on their way to know.
    pub(super) fn transact(
        &mut self,
        item_id: SaleItemId,
        work: impl FnOnce(&mut Desk) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if !rules::beat_is_fresh(self.journal.beat, self.now) {
            return Err(Stop::ClockStands);
        }
        let last_at = self.journal.items.get(&item_id).map_or(self.now, |item| item.last_at);
        let now = self.now.max(last_at);
        let mut desk = Desk { journal: self.journal.clone(), item_id, now, changed: BTreeSet::new() };
        work(&mut desk)?;
        self.commit(desk);
        Ok(())
    }

    fn commit(&mut self, desk: Desk) {
        let Desk { journal, item_id, now, changed } = desk;
        self.journal = journal;
        if let Some(item) = self.journal.items.get_mut(&item_id) {
            item.last_at = now;
            item.stock_version += 1;
            self.relays.push((item_id, item.row.levels));
        }
        for claim_id in changed {
            self.announce(claim_id);
        }
    }

    /// Puts a claim's present row on the bus.
    pub(super) fn announce(&mut self, claim_id: ClaimId) {
        self.bus.extend(self.journal.view(claim_id));
    }
}

impl Desk {
    pub fn phase(&self) -> Phase {
        self.journal.sale.phase(self.now)
    }

    /// The item's counters, as the rules want them.
    pub fn tally(&self) -> Tally {
        let Some(item) = self.journal.items.get(&self.item_id) else { return Tally::default() };
        let paid = self.journal.holds.values().filter(|h| h.sale_item_id == self.item_id);
        let paid = paid.filter(|h| h.state == crate::hold::HoldState::Allocated).map(|h| h.quantity).sum();
        let row = &item.row;
        Tally {
            allotment: row.allotment,
            taken: row.taken,
            paid,
            standby_limit: row.standby_limit,
            waiting: row.waiting,
        }
    }

    pub fn item(&mut self) -> &mut Item {
        // The desk is opened for an item that is there; an absent one would be a fault of the model itself.
        match self.journal.items.get_mut(&self.item_id) {
            Some(item) => item,
            None => unreachable!("a desk without its item"),
        }
    }

    pub fn counters(&mut self, kind: Kind) -> &mut Counters {
        ledger::of_mut(&mut self.item().row.levels, kind)
    }

    /// Units (or places) leave: with the grant that was brought for them, else drawn; a grant of the other kind goes back.
    pub fn cover(&mut self, needed: Kind, granted: Option<Kind>, quantity: u32) {
        if granted == Some(needed) {
            return;
        }
        self.counters(needed).drawn += i64::from(quantity);
        if let Some(other) = granted {
            self.counters(other).limit += i64::from(quantity);
        }
    }

    /// Writes a change of a claim, with the item's counters after it.
    pub fn log(&mut self, claim_id: ClaimId, what: What, quantity: u32, deadline: Option<UnixMs>) {
        let (at, item_id) = (self.now, self.item_id);
        self.journal.log(at, item_id, Some(claim_id), what, quantity, deadline);
        self.mark(claim_id);
    }

    /// The claim's row will be announced.
    pub fn mark(&mut self, claim_id: ClaimId) {
        self.changed.insert(claim_id);
    }
}

impl Journal {
    /// Appends to the change log. Changes that move no units carry no counters.
    pub fn log(
        &mut self,
        at: UnixMs,
        item_id: SaleItemId,
        claim_id: Option<ClaimId>,
        what: What,
        quantity: u32,
        deadline: Option<UnixMs>,
    ) {
        let moves = !matches!(what, What::Paying | What::Declined | What::Allocated | What::Shifted | What::Extended);
        let row = self.items.get(&item_id).map(|item| &item.row).filter(|_| moves);
        let (taken, waiting) = (row.map(|r| r.taken), row.map(|r| r.waiting));
        let seq = self.log.len() as i64 + 1;
        self.log.push(Change { seq, at, sale_item_id: item_id, claim_id, what, quantity, taken, waiting, deadline });
    }
}
