//! The queue: from the door to the consumer's hand and to the ack, and every way to die, double or overtake between them.

use super::{
    Model, nth,
    state::{Batch, Queued},
};
use crate::{
    claim::{Claim, Command},
    ids::claim_id,
    rules::{Law, obeyed},
    sale::Phase,
    verdict::observe::Receipt,
};

impl Model {
    /// The door: gives a receipt while the sale is open. A rogue door does not look, and its receipt is lost.
    pub(super) fn claim(&mut self, buyer: u8, item: u8, ahead: u8, quantity: u8, rogue: bool) {
        let (buyer, item) = (self.buyer(buyer), self.item_id(item));
        let phase = self.journal.sale.phase(self.now);
        let open = match phase {
            Phase::Open => true,
            Phase::Paused => false,
            Phase::Closed | Phase::Reconciled => !obeyed(Law::Close),
            _ => !obeyed(Law::Opening),
        };
        if !open && !rogue {
            return;
        }
        let last = self.attempts.get(&(item, buyer)).copied().unwrap_or(0);
        let ended = |id| self.journal.claims.contains_key(&id) && !self.journal.is_live(id);
        let step =
            if ahead == 1 { u32::from(ended(claim_id(item, buyer, last))) } else { u32::from(ahead).saturating_sub(1) };
        let attempt = (last + step).max(1);
        self.attempts.insert((item, buyer), attempt.max(last));
        let claim = Claim::new(item, buyer, attempt, quantity.into(), self.now);
        if !rogue {
            let (at, received_at) = (self.now, Some(self.now));
            self.receipts.push(Receipt { at, buyer_id: buyer, claim_id: claim.id, sale_item_id: item, received_at });
        }
        self.put(Command::Claim(claim));
    }

    /// A withdrawal over the socket: a command like any other.
    pub(super) fn withdraw(&mut self, buyer: u8, item: u8) {
        let (buyer, item) = (self.buyer(buyer), self.item_id(item));
        let attempt = self.attempts.get(&(item, buyer)).copied().unwrap_or(1);
        self.put(Command::Withdraw(Claim::new(item, buyer, attempt, 1, self.now)));
    }

    fn put(&mut self, command: Command) {
        self.queue.push_back(Queued { tag: self.next_tag, command, in_hand: false });
        self.next_tag += 1;
    }

    /// The consumer takes the oldest commands of the item that is first in the queue.
    pub(super) fn receive(&mut self, max: u8) {
        let waiting = |q: &&mut Queued| !q.in_hand;
        let Some(item) = self.queue.iter().find(|q| !q.in_hand).map(|q| q.command.claim().sale_item_id) else { return };
        let (mut tags, mut commands) = (vec![], vec![]);
        let of_item = self.queue.iter_mut().filter(waiting).filter(|q| q.command.claim().sale_item_id == item);
        for queued in of_item.take(usize::from(max).max(1)) {
            queued.in_hand = true;
            tags.push(queued.tag);
            commands.push(queued.command.clone());
        }
        self.hands.push(Batch { item, tags, commands, granted: None, decided: false, zombie: false });
    }

    /// Ack last: a crash before it repeats the batch, and the journal finds the same rows.
    pub(super) fn ack(&mut self, batch: u8) {
        let Some(n) = nth(batch, self.hands.len()).filter(|n| self.hands[*n].decided) else { return };
        let batch = self.hands.remove(n);
        if !batch.zombie {
            self.queue.retain(|q| !batch.tags.contains(&q.tag));
        }
    }

    /// The consumer dies. Frozen ones stay frozen.
    pub(super) fn crash(&mut self) {
        self.hands.retain(|batch| batch.zombie);
        self.queue.iter_mut().for_each(|q| q.in_hand = false);
    }

    /// The consumer freezes, and its messages go to the next one.
    pub(super) fn stall(&mut self) {
        self.hands.iter_mut().for_each(|batch| batch.zombie = true);
        self.queue.iter_mut().for_each(|q| q.in_hand = false);
    }

    pub(super) fn duplicate(&mut self, pick: u8) {
        if let Some(n) = nth(pick, self.queue.len()) {
            let command = self.queue[n].command.clone();
            self.put(command);
        }
    }

    pub(super) fn reorder(&mut self, a: u8, b: u8) {
        let Some((a, b)) = nth(a, self.queue.len()).zip(nth(b, self.queue.len())) else { return };
        if !self.queue[a].in_hand && !self.queue[b].in_hand {
            self.queue.swap(a, b);
        }
    }
}
