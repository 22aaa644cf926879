//! The end of holds and entries: given back by their buyers, or over by time.

use super::{Model, desk::Desk};
use crate::{
    claim::Claim,
    hold::{HoldEvent, HoldState},
    ids::{ClaimId, SaleItemId, claim_id},
    rules::{doubt_ended, may_expire},
    verdict::record::{EntryState, HoldRow, Outcome, Standing, What},
};

impl Model {
    /// HTTP: the row decides at once; an undecided or paying claim is left as it is.
    pub(super) fn withdraw_now(&mut self, buyer: u8, item: u8) {
        let (buyer, item) = (self.buyer(buyer), self.item_id(item));
        let attempt = self.attempts.get(&(item, buyer)).copied().unwrap_or(1);
        let id = claim_id(item, buyer, attempt);
        let pays = self.journal.holds.get(&id).is_some_and(|hold| hold.state == HoldState::Paying);
        if pays || !self.journal.is_live(id) {
            return;
        }
        // The answer tells the row as it is now, so the buyer has seen it even if the bus loses it.
        let done = self.transact(item, |desk| {
            desk.give_up(id);
            desk.settle();
            Ok(())
        });
        if done.is_ok() {
            self.show(id, crate::verdict::observe::Channel::Http);
        }
    }

    /// The sweeper on one item. From anywhere, any number of times.
    pub(super) fn sweep(&mut self, item: u8) {
        let item = self.item_id(item);
        // A stopped clock: nothing is judged, and nothing is lost by it.
        let _ = self.transact(item, |desk| {
            desk.sweep();
            Ok(())
        });
    }

    /// Whether a sweep would find anything; keeps long waits cheap.
    pub(super) fn is_due(&self, item: SaleItemId) -> bool {
        let due = |h: &HoldRow| h.sale_item_id == item && h.state.is_live() && is_over(h, self.now);
        let waits = self.journal.items.get(&item).is_some_and(|i| i.row.waiting > 0);
        waits || self.journal.holds.values().any(due)
    }
}

fn is_over(hold: &HoldRow, now: crate::time::UnixMs) -> bool {
    match hold.state {
        HoldState::Held => may_expire(hold.deadline, now),
        HoldState::Paying => doubt_ended(hold.deadline, now),
        _ => false,
    }
}

impl Desk {
    /// A withdrawal from the queue. One that came before its claim takes the claim's place.
    pub(super) fn withdraw(&mut self, claim: &Claim) {
        if self.journal.claims.contains_key(&claim.id) {
            self.give_up(claim.id);
            self.mark(claim.id);
        } else {
            let epoch = self.item().row.levels.epoch;
            self.write(claim, Outcome::Withdrawn, epoch, None);
            self.log(claim.id, What::Withdrawn, claim.quantity, None);
        }
    }

    /// Ends what can end by its buyer's wish: a held hold, a waiting entry.
    fn give_up(&mut self, id: ClaimId) {
        if let Some(entry) = self.journal.standby.get(&id).filter(|e| e.state == EntryState::Waiting).cloned() {
            self.leave(&entry, EntryState::Withdrawn);
            self.log(id, What::Withdrawn, entry.quantity, None);
        }
        self.end(id, HoldEvent::Release);
    }

    /// Ends what is over, oldest deadline first, and settles after each.
    fn sweep(&mut self) {
        // A pause stops every clock.
        if self.journal.sale.paused_at.is_none() {
            let over = |h: &&HoldRow| h.sale_item_id == self.item_id && is_over(h, self.now);
            let mut due: Vec<_> = self.journal.holds.values().filter(over).map(|h| (h.deadline, h.claim_id)).collect();
            due.sort_unstable();
            for (_, id) in due {
                self.expire(id);
                self.settle();
            }
        }
        self.settle();
    }

    fn expire(&mut self, id: ClaimId) {
        match self.journal.holds.get(&id).map(|h| h.state) {
            Some(HoldState::Paying) => {
                let open = self.journal.payments.values_mut().filter(|p| p.key.claim_id == id);
                open.filter(|p| p.state == Standing::Authorising).for_each(|p| p.state = Standing::InDoubt);
                self.end(id, HoldEvent::Doubt);
            }
            _ => self.end(id, HoldEvent::Expire),
        }
    }
}
