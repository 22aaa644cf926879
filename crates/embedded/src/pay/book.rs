//! The book: how every payment stands at the provider, and what may be done to it. Pure; the record is its history.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use sale::{
    ids::ClaimId,
    money::{Currency, Money},
    port::payments::{Payment, PaymentError, PaymentKey, PaymentState},
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// One line of the record: one thing that happened to one payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub at: UnixMs,
    pub claim_id: ClaimId,
    pub attempt: u32,
    /// The state the payment came to.
    pub event: PaymentState,
    pub amount_minor: i64,
    pub currency: Currency,
}

/// What can be asked of the provider.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// `after` is served by the desk: the book only sees its end, or a beginning.
    Authorise {
        key: PaymentKey,
        amount: Money,
        approve: bool,
        after: Duration,
    },
    Capture(PaymentKey),
    Cancel(PaymentKey),
    Refund(PaymentKey),
    Find(PaymentKey),
    ChangedSince(UnixMs, usize),
}

pub type Answer = Result<Vec<Payment>, PaymentError>;

/// Grows with every payment ever made, as a provider's does; a sandbox sees a few hundred bytes each.
#[derive(Debug, Default)]
pub struct Book {
    payments: HashMap<PaymentKey, Payment>,
    /// Which payment changed last when. No two at the same instant, so that a page of the list never ends inside one.
    changes: BTreeMap<UnixMs, PaymentKey>,
}

impl Book {
    /// Takes a line of the record as it stands.
    pub fn replay(&mut self, entry: &Entry) {
        let key = PaymentKey { claim_id: entry.claim_id, attempt: entry.attempt };
        let amount = Money { amount_minor: entry.amount_minor, currency: entry.currency };
        self.put(Payment { key, amount, state: entry.event, changed_at: entry.at });
    }

    /// Notes that a payment was asked for and will be answered later; nothing where it is known already.
    pub fn create(&mut self, key: PaymentKey, amount: Money, now: UnixMs) -> Option<Entry> {
        if self.payments.contains_key(&key) {
            return None;
        }
        Some(self.change(key, amount, PaymentState::Created, now).1)
    }

    /// Does what is asked. The entry, where something changed, must be on disk before the answer goes out.
    pub fn act(&mut self, ask: Ask, now: UnixMs) -> (Answer, Option<Entry>) {
        use PaymentState::*;
        match ask {
            Ask::Find(key) => (self.payments.get(&key).cloned().map(|p| vec![p]).ok_or(PaymentError::NotFound), None),
            Ask::ChangedSince(since, max) => (Ok(self.changed_since(since, max)), None),
            Ask::Authorise { key, amount, approve, .. } => match self.payments.get(&key) {
                None | Some(Payment { state: Created, .. }) => {
                    self.to(key, amount, if approve { Authorised } else { Declined }, now)
                }
                Some(known) if matches!(known.state, Authorised | Declined | Captured) => {
                    (Ok(vec![known.clone()]), None)
                }
                Some(known) => (Err(PaymentError::WrongState(known.state)), None),
            },
            Ask::Cancel(key) => match self.payments.get(&key).cloned() {
                None => self.to(key, Money { amount_minor: 0, currency: no_currency() }, Cancelled, now),
                Some(p) if p.state == Created => self.to(key, p.amount, Cancelled, now),
                Some(p) if p.state == Authorised => self.to(key, p.amount, Voided, now),
                Some(p) => (Ok(vec![p]), None),
            },
            Ask::Capture(key) => self.follow(key, Authorised, Captured, now),
            Ask::Refund(key) => self.follow(key, Captured, Refunded, now),
        }
    }

    /// `from` becomes `to`; `to` stays; anything else is the wrong state.
    fn follow(
        &mut self,
        key: PaymentKey,
        from: PaymentState,
        to: PaymentState,
        now: UnixMs,
    ) -> (Answer, Option<Entry>) {
        match self.payments.get(&key).cloned() {
            None => (Err(PaymentError::NotFound), None),
            Some(p) if p.state == from => self.to(key, p.amount, to, now),
            Some(p) if p.state == to => (Ok(vec![p]), None),
            Some(p) => (Err(PaymentError::WrongState(p.state)), None),
        }
    }

    fn to(&mut self, key: PaymentKey, amount: Money, state: PaymentState, now: UnixMs) -> (Answer, Option<Entry>) {
        let (payment, entry) = self.change(key, amount, state, now);
        (Ok(vec![payment]), Some(entry))
    }

    fn change(&mut self, key: PaymentKey, amount: Money, state: PaymentState, now: UnixMs) -> (Payment, Entry) {
        let last = self.changes.last_key_value().map_or(UnixMs(i64::MIN), |(at, _)| *at);
        let at = now.max(UnixMs(last.0.saturating_add(1)));
        let payment = Payment { key, amount, state, changed_at: at };
        self.put(payment.clone());
        let Money { amount_minor, currency } = amount;
        (payment, Entry { at, claim_id: key.claim_id, attempt: key.attempt, event: state, amount_minor, currency })
    }

    fn put(&mut self, payment: Payment) {
        self.changes.insert(payment.changed_at, payment.key);
        if let Some(before) = self.payments.insert(payment.key, payment) {
            self.changes.remove(&before.changed_at);
        }
    }

    fn changed_since(&self, since: UnixMs, max: usize) -> Vec<Payment> {
        let keys = self.changes.range(since..).take(max).map(|(_, key)| key);
        keys.filter_map(|key| self.payments.get(key).cloned()).collect()
    }
}

/// ISO 4217 for "no currency": what was cancelled before it was heard of.
fn no_currency() -> Currency {
    match "XXX".parse() {
        Ok(currency) => currency,
        Err(_) => unreachable!("XXX is three upper-case letters"),
    }
}
