//! Money: checkout, a provider that may be slow, silent or late, and an outbox that may die between doing and saying so.

use uuid::Uuid;

use super::{
    Model, nth,
    state::{Errand, Job, PaymentId},
};
use crate::{
    hold::{HoldEvent, HoldState},
    ids::{ClaimId, OrderId},
    order::OrderState,
    port::payments::{Payment, PaymentKey, PaymentState},
    rules::{self, Law, may_pay, obeyed},
    verdict::{
        observe::{Answer, OrderSeen},
        record::{MailSeen, OrderRow, PaymentRow, ProviderEvent, Standing, What},
    },
};

impl Model {
    /// Checkout begins: fresh clock, no pause, deadline not passed, held becomes paying.
    pub(super) fn pay(&mut self, pick: u8) {
        let held: Vec<_> = self.journal.holds.values().filter(|h| h.state == HoldState::Held).collect();
        let Some(hold) = nth(pick, held.len()).map(|n| held[n].clone()) else { return };
        let judged = rules::beat_is_fresh(self.journal.beat, self.now) && self.journal.sale.paused_at.is_none();
        if !judged || !may_pay(hold.deadline, self.now) {
            return;
        }
        let Some(price) = self.journal.items.get(&hold.sale_item_id).map(|item| item.row.price) else { return };
        let Some(amount) = price.times(hold.quantity) else { return };
        let attempt = 1 + self.journal.payments.range((hold.claim_id, 0)..=(hold.claim_id, u32::MAX)).count() as u32;
        let key = PaymentKey { claim_id: hold.claim_id, attempt };
        self.journal.payments.insert(id_of(key), PaymentRow { key, amount, state: Standing::Authorising });
        self.turn(hold.claim_id, HoldEvent::Pay, What::Paying);
    }

    /// The provider decides, however late; under a cancelled key it never says yes any more.
    pub(super) fn authorise(&mut self, pick: u8, yes: bool) {
        let may = |state: Option<PaymentState>| match state {
            None => true,
            Some(PaymentState::Cancelled) => !obeyed(Law::CancelIsFinal),
            Some(_) => false,
        };
        let open = |p: &&PaymentRow| may(self.provider.get(&id_of(p.key)).map(|p| p.state));
        let open: Vec<_> = self.journal.payments.values().filter(open).cloned().collect();
        let Some(payment) = nth(pick, open.len()).map(|n| open[n].clone()) else { return };
        let id = id_of(payment.key);
        self.provide(payment, if yes { PaymentState::Authorised } else { PaymentState::Declined });
        if yes && !obeyed(Law::OrderBeforeCapture) {
            self.provider_turns(id, PaymentState::Authorised, PaymentState::Captured);
        }
    }

    /// We learn what the provider decided.
    pub(super) fn hear(&mut self, pick: u8) {
        let Some(id) = self.undecided(pick) else { return };
        match self.provider.get(&id).map(|p| p.state) {
            Some(PaymentState::Authorised | PaymentState::Captured) if self.is_paying(id.0) => self.allocate(id),
            // Money for a hold that is over never revives it.
            Some(PaymentState::Authorised | PaymentState::Captured) => self.void(id),
            Some(PaymentState::Declined) => self.decline(id, Standing::Declined),
            Some(_) => self.decline(id, Standing::Voided),
            None => {}
        }
    }

    /// Ends a payment that never answered.
    pub(super) fn cancel(&mut self, pick: u8) {
        if let Some(id) = self.undecided(pick) {
            self.void(id);
        }
    }

    fn void(&mut self, id: PaymentId) {
        self.provider_turns(id, PaymentState::Authorised, PaymentState::Voided);
        if let Some(payment) = self.journal.payments.get(&id).cloned().filter(|_| !self.provider.contains_key(&id)) {
            self.provide(payment, PaymentState::Cancelled);
        }
        self.decline(id, Standing::Voided);
    }

    /// An authorisation dies of age.
    pub(super) fn lapse(&mut self, pick: u8) {
        let authorised: Vec<_> = self.provider.values().filter(|p| p.state == PaymentState::Authorised).collect();
        if let Some(id) = nth(pick, authorised.len()).map(|n| id_of(authorised[n].key)) {
            self.provider_turns(id, PaymentState::Authorised, PaymentState::Voided);
        }
    }

    /// One transaction: paying -> allocated, the order, the outbox, the stored answer.
    fn allocate(&mut self, id: PaymentId) {
        let (Some(hold), Some(payment)) = (self.journal.holds.get(&id.0).cloned(), self.journal.payments.get_mut(&id))
        else {
            return;
        };
        payment.state = Standing::Authorised;
        let order_id = OrderId(Uuid::from_u128(hold.claim_id.0.as_u128() ^ 1));
        let order = OrderRow {
            id: order_id,
            claim_id: id.0,
            sale_item_id: hold.sale_item_id,
            buyer_id: hold.buyer_id,
            quantity: hold.quantity,
            total: payment.amount,
            mail_to: format!("{}@buyers.test", hold.buyer_id),
            state: OrderState::Paid,
            created_at: self.now,
        };
        self.journal.orders.insert(id.0, order);
        let errands = [Errand::Capture(id), Errand::Mail(order_id)];
        self.journal.outbox.extend(errands.map(|what| Job { what, done: false }));
        self.turn(id.0, HoldEvent::Allocate, What::Allocated);
        self.store_ending(id, 201);
    }

    fn decline(&mut self, id: PaymentId, to: Standing) {
        let Some(payment) = self.journal.payments.get_mut(&id) else { return };
        payment.state = to;
        if self.is_paying(id.0) {
            self.turn(id.0, HoldEvent::Decline, What::Declined);
        }
        self.store_ending(id, 402);
    }

    /// The outbox does one thing, and marks it done unless it dies before.
    pub(super) fn work(&mut self, pick: u8, forget: bool) {
        let undone: Vec<_> = (0..self.journal.outbox.len()).filter(|n| !self.journal.outbox[*n].done).collect();
        let Some(n) = nth(pick, undone.len()).map(|n| undone[n]) else { return };
        match self.journal.outbox[n].what {
            Errand::Capture(id) => self.capture(id),
            Errand::Mail(order) => self.mail(order),
        }
        self.journal.outbox[n].done = !forget;
    }

    fn capture(&mut self, id: PaymentId) {
        self.provider_turns(id, PaymentState::Authorised, PaymentState::Captured);
        let state = match self.provider.get(&id).map(|p| p.state) {
            Some(PaymentState::Captured) => Standing::Captured,
            Some(PaymentState::Refunded) => Standing::Refunded,
            _ => Standing::CaptureFailed,
        };
        if let Some(payment) = self.journal.payments.get_mut(&id) {
            payment.state = state;
        }
    }

    fn mail(&mut self, order_id: OrderId) {
        let order = self.journal.orders.values().find(|order| order.id == order_id);
        let mail = order.map(|o| MailSeen { order_id, message_id: order_id.to_string(), to: o.mail_to.clone() });
        self.mailbox.extend(mail);
    }

    /// Staff give captured money back. The unit does not come back with it.
    pub(super) fn refund(&mut self, pick: u8) {
        let captured = |p: &&PaymentRow| p.state == Standing::Captured;
        let captured: Vec<_> = self.journal.payments.values().filter(captured).map(|p| id_of(p.key)).collect();
        let Some(id) = nth(pick, captured.len()).map(|n| captured[n]) else { return };
        self.provider_turns(id, PaymentState::Captured, PaymentState::Refunded);
        if let Some(payment) = self.journal.payments.get_mut(&id) {
            payment.state = Standing::Refunded;
        }
        if let Some(order) = self.journal.orders.get_mut(&id.0) {
            order.state = OrderState::Refunded;
        }
    }

    /// A checkout is sent again: its stored ending is the answer.
    pub(super) fn repeat(&mut self, pick: u8) {
        let stored: Vec<_> = self.journal.endings.iter().map(|(id, status)| (*id, *status)).collect();
        if let Some((id, status)) = nth(pick, stored.len()).map(|n| stored[n]) {
            self.answer(id, status);
        }
    }

    fn store_ending(&mut self, id: PaymentId, status: u16) {
        let status = *self.journal.endings.entry(id).or_insert(status);
        self.answer(id, status);
    }

    fn answer(&mut self, id: PaymentId, status: u16) {
        let Some(hold) = self.journal.holds.get(&id.0) else { return };
        let key = format!("{}/{}", id.0, id.1);
        let (body_hash, answer_hash) = (key.clone(), format!("{status} {key}"));
        let (at, buyer_id, route) = (self.now, hold.buyer_id, "checkout".to_owned());
        self.answers.push(Answer { at, buyer_id, route, key, body_hash, status, answer_hash });
        if let Some(o) = self.journal.orders.get(&id.0).filter(|_| status == 201) {
            let (order_id, claim_id, quantity, total, state) = (o.id, o.claim_id, o.quantity, o.total, o.state);
            self.orders_told.push(OrderSeen { at, buyer_id, order_id, claim_id, quantity, total, state });
        }
    }

    /// A hold changes by compare-and-set; the item's counters do not move.
    fn turn(&mut self, claim: ClaimId, event: HoldEvent, what: What) {
        let Some(hold) = self.journal.holds.get_mut(&claim) else { return };
        let Some(state) = hold.state.after(event) else { return };
        hold.state = state;
        hold.version += 1;
        let (item, quantity, deadline) = (hold.sale_item_id, hold.quantity, hold.deadline);
        self.journal.log(self.now, item, Some(claim), what, quantity, Some(deadline));
        self.announce(claim);
    }

    fn is_paying(&self, claim: ClaimId) -> bool {
        self.journal.holds.get(&claim).is_some_and(|h| h.state == HoldState::Paying)
    }

    /// The `pick`-th payment of which the journal does not know the end.
    fn undecided(&self, pick: u8) -> Option<PaymentId> {
        let open = |p: &&PaymentRow| matches!(p.state, Standing::Authorising | Standing::InDoubt);
        let open: Vec<_> = self.journal.payments.values().filter(open).map(|p| id_of(p.key)).collect();
        nth(pick, open.len()).map(|n| open[n])
    }

    fn provider_turns(&mut self, id: PaymentId, from: PaymentState, to: PaymentState) {
        let payment = self.journal.payments.get(&id).cloned();
        if self.provider.get(&id).is_some_and(|p| p.state == from) {
            payment.into_iter().for_each(|p| self.provide(p, to));
        }
    }

    fn provide(&mut self, PaymentRow { key, amount, .. }: PaymentRow, state: PaymentState) {
        self.provider.insert(id_of(key), Payment { key, amount, state, changed_at: self.now });
        self.provider_log.push(ProviderEvent { at: self.now, key, amount, state });
    }
}

fn id_of(key: PaymentKey) -> PaymentId {
    (key.claim_id, key.attempt)
}
