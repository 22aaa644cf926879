//! Settling: free units and people who wait for them never part from a transaction together.

use super::{desk::Desk, state::Journal};
use crate::{
    claim::Reason,
    hold::{HoldEvent, HoldState},
    ids::ClaimId,
    order::OrderState,
    port::ledger::Kind,
    rules::{Law, ends_standby, obeyed, promotes},
    verdict::record::{EntryRow, EntryState, What},
};

impl Desk {
    /// Promotes the head while its units are free, and refuses who waits for nothing.
    pub fn settle(&mut self) {
        while let Some(head) = self.journal.head(self.item_id) {
            let (phase, tally) = (self.phase(), self.tally());
            if let Some(reason) = ends_standby(phase, tally) {
                self.refuse(&head, reason);
            } else if promotes(phase, tally, head.quantity) {
                self.promote(&head);
            } else {
                return;
            }
        }
    }

    fn promote(&mut self, head: &EntryRow) {
        self.leave(head, EntryState::Promoted);
        self.counters(Kind::Units).drawn += i64::from(head.quantity);
        self.hold(head.claim_id, What::Promoted);
    }

    fn refuse(&mut self, head: &EntryRow, reason: Reason) {
        self.leave(head, EntryState::Refused);
        if let Some(claim) = self.journal.claims.get_mut(&head.claim_id) {
            claim.reason = Some(reason);
        }
        self.log(head.claim_id, What::Refused, head.quantity, None);
    }

    /// An entry leaves the list, and its places go back.
    pub fn leave(&mut self, entry: &EntryRow, to: EntryState) {
        self.item().row.waiting -= entry.quantity;
        self.counters(Kind::Places).limit += i64::from(entry.quantity);
        if let Some(row) = self.journal.standby.get_mut(&entry.claim_id) {
            row.state = to;
        }
        if let Some(claim) = self.journal.claims.get_mut(&entry.claim_id) {
            claim.version += 1;
        }
    }

    /// A hold ends without an order, and its units go back.
    pub fn end(&mut self, claim_id: ClaimId, event: HoldEvent) {
        let Some(hold) = self.journal.holds.get_mut(&claim_id) else { return };
        let Some(state) = hold.state.after(event) else { return };
        hold.state = state;
        hold.version += 1;
        let (quantity, deadline) = (hold.quantity, hold.deadline);
        self.item().row.taken -= quantity;
        if obeyed(Law::GiveBack) {
            self.counters(Kind::Units).limit += i64::from(quantity);
        }
        let what = if state == HoldState::Released { What::Withdrawn } else { What::Expired };
        self.log(claim_id, what, quantity, Some(deadline));
    }
}

impl Journal {
    /// The first in line: the lowest ticket.
    fn head(&self, item: crate::ids::SaleItemId) -> Option<EntryRow> {
        let waiting = self.standby.values().filter(|e| e.sale_item_id == item && e.state == EntryState::Waiting);
        let by_ticket = |e: &&EntryRow| if obeyed(Law::TicketOrder) { e.ticket } else { -e.ticket };
        waiting.min_by_key(by_ticket).cloned()
    }

    /// Whether a claim holds, pays or waits.
    pub fn is_live(&self, claim: ClaimId) -> bool {
        self.holds.get(&claim).is_some_and(|hold| hold.state.is_live())
            || self.standby.get(&claim).is_some_and(|entry| entry.state == EntryState::Waiting)
    }

    /// Units of a claim that count towards its buyer's limit: what was refunded does not.
    pub fn counted_units(&self, claim: ClaimId) -> u32 {
        if self.is_live(claim) {
            return self.claims.get(&claim).map_or(0, |c| c.quantity);
        }
        let paid = self.holds.get(&claim).filter(|hold| hold.state == HoldState::Allocated);
        let refunded = self.orders.get(&claim).is_some_and(|order| order.state == OrderState::Refunded);
        paid.filter(|_| !refunded).map_or(0, |hold| hold.quantity)
    }
}
