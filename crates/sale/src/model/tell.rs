//! Telling: a bus that may lose, double and reorder, and a client that may ask.

use super::{Model, nth, state::Journal};
use crate::{
    claim::{ClaimState, ClaimView},
    ids::ClaimId,
    port::ledger::{Grant, Kind},
    verdict::{
        observe::{Channel, Seen, StockSeen},
        record::{EntryState, Outcome},
    },
};

impl Model {
    /// One message of the bus arrives. A live hold is read again: pass and deadline come from the row, never from the bus.
    pub(super) fn tell(&mut self, pick: u8, lose: bool, again: bool) {
        let Some(n) = nth(pick, self.bus.len()) else { return };
        let told = if again { self.bus.get(n).cloned() } else { self.bus.remove(n) };
        let Some(view) = told.filter(|_| !lose) else { return };
        let fresh = view.deadline.and_then(|_| self.journal.view(view.claim_id));
        self.see(fresh.unwrap_or(view), Channel::Socket);
    }

    /// A buyer asks: every row of theirs, and the public figures.
    pub(super) fn read(&mut self, buyer: u8) {
        let buyer = self.buyer(buyer);
        let own: Vec<_> = self.journal.claims.values().filter(|c| c.buyer_id == buyer).map(|c| c.id).collect();
        own.into_iter().for_each(|id| self.show(id, Channel::Http));
        self.show_stock();
    }

    /// Tells a claim's present row.
    pub(super) fn show(&mut self, claim: ClaimId, channel: Channel) {
        if let Some(view) = self.journal.view(claim) {
            self.see(view, channel);
        }
    }

    fn see(&mut self, view: ClaimView, channel: Channel) {
        let pass_expires_at = view.deadline.filter(|_| view.state == ClaimState::Held);
        self.told.push(Seen {
            at: self.now,
            buyer_id: view.buyer_id,
            channel,
            claim_id: view.claim_id,
            sale_item_id: view.sale_item_id,
            quantity: view.quantity,
            state: view.state,
            version: view.version,
            deadline: view.deadline,
            pass_expires_at,
            reason: view.reason,
            order_id: view.order_id,
        });
    }

    fn show_stock(&mut self) {
        let phase = self.journal.sale.phase(self.now);
        for item in self.journal.items.values() {
            let stock = self.journal.stock(item);
            self.stocks.push(StockSeen {
                at: self.now,
                sale_item_id: item.row.id,
                stock_version: stock.stock_version,
                state: stock.state(phase),
                available: stock.available(),
                held: stock.held,
                paid: stock.paid,
            });
        }
    }

    /// What a house does that takes the ledger at its word.
    pub(super) fn tell_too_early(&mut self, batch: usize, grants: &[Grant]) {
        let wins = self.hands[batch].commands.clone().into_iter().zip(grants);
        for (command, grant) in wins {
            let claim = command.claim().clone();
            let hold_s = self.journal.items.get(&claim.sale_item_id).map_or(0, |i| i.row.hold_s);
            if matches!(grant, Grant::Granted { kind: Kind::Units, .. }) && !self.journal.claims.contains_key(&claim.id)
            {
                self.told.push(Seen {
                    at: self.now,
                    buyer_id: claim.buyer_id,
                    channel: Channel::Socket,
                    claim_id: claim.id,
                    sale_item_id: claim.sale_item_id,
                    quantity: claim.quantity,
                    state: ClaimState::Held,
                    version: 2,
                    deadline: Some(self.now.plus_s(hold_s.into())),
                    pass_expires_at: None,
                    reason: None,
                    order_id: None,
                });
            }
        }
    }
}

impl Journal {
    /// A claim as its buyer is told it.
    pub fn view(&self, id: ClaimId) -> Option<ClaimView> {
        let (claim, hold) = (self.claims.get(&id)?, self.holds.get(&id));
        let state = match (hold, self.standby.get(&id).map(|e| e.state), claim.outcome) {
            (Some(hold), ..) => hold.state.into(),
            (None, Some(EntryState::Waiting), _) => ClaimState::Standby,
            (None, Some(EntryState::Withdrawn), _) | (None, None, Outcome::Withdrawn) => ClaimState::Withdrawn,
            _ => ClaimState::Refused,
        };
        let live = hold.filter(|h| h.state.is_live());
        Some(ClaimView {
            claim_id: id,
            sale_id: self.sale.id,
            sale_item_id: claim.sale_item_id,
            buyer_id: claim.buyer_id,
            attempt: claim.attempt,
            quantity: claim.quantity,
            state,
            version: claim.version + hold.map_or(0, |h| h.version),
            position: None,
            odds: None,
            deadline: live.map(|h| h.deadline),
            generation: live.map(|h| h.generation),
            reason: claim.reason,
            order_id: self.orders.get(&id).map(|order| order.id),
        })
    }
}
