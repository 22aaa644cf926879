//! The payments' contract: one key, one effect, one answer; a cancel is final; money in doubt can always be asked about.

use std::sync::Arc;

use sale::{
    money::Money,
    port::payments::{Payment, PaymentError, PaymentKey, PaymentState as S, Payments},
    time::UnixMs,
};

use crate::fresh;

/// A provider and the tokens that make it answer as a case needs; amounts are in a currency it takes.
pub struct Bench {
    pub payments: Arc<dyn Payments>,
    pub approves: &'static str,
    pub declines: &'static str,
    /// The provider authorises, and its answer is lost.
    pub unknown: &'static str,
    /// The request never arrives.
    pub lost: &'static str,
}

fn key() -> PaymentKey {
    PaymentKey { claim_id: fresh::claim_id(), attempt: 1 }
}

fn amount() -> Money {
    Money { amount_minor: 4_200, currency: "TWD".parse().unwrap() }
}

impl Bench {
    async fn authorised(&self) -> PaymentKey {
        let key = key();
        assert_eq!(self.asked(key, self.approves).await, Ok(S::Authorised));
        key
    }

    async fn asked(&self, key: PaymentKey, token: &str) -> Result<S, PaymentError> {
        state(self.payments.authorise(key, amount(), token).await)
    }

    async fn found(&self, key: PaymentKey) -> Result<S, PaymentError> {
        state(self.payments.find(key).await)
    }
}

fn state(answer: Result<Payment, PaymentError>) -> Result<S, PaymentError> {
    answer.map(|payment| payment.state)
}

pub async fn an_authorised_payment_can_be_captured_and_refunded_once(bench: &mut Bench) {
    let key = bench.authorised().await;
    for _ in 0..2 {
        let captured = bench.payments.capture(key).await.unwrap();
        assert_eq!((captured.key, captured.amount, captured.state), (key, amount(), S::Captured));
    }
    for _ in 0..2 {
        assert_eq!(state(bench.payments.refund(key).await), Ok(S::Refunded));
    }
    assert_eq!(state(bench.payments.capture(key).await), Err(PaymentError::WrongState(S::Refunded)));
    assert_eq!(bench.found(key).await, Ok(S::Refunded));
}

pub async fn asked_again_under_the_same_key_it_answers_the_same(bench: &mut Bench) {
    let (yes, no) = (bench.authorised().await, key());
    for _ in 0..3 {
        assert_eq!(bench.asked(yes, bench.approves).await, Ok(S::Authorised));
        assert_eq!(bench.asked(no, bench.declines).await, Ok(S::Declined));
    }
    // The key decides, not the card that came with the repeat.
    assert_eq!(bench.asked(no, bench.approves).await, Ok(S::Declined));
    let next = PaymentKey { attempt: 2, ..no };
    assert_eq!(bench.asked(next, bench.approves).await, Ok(S::Authorised));
}

pub async fn what_was_declined_cannot_be_captured(bench: &mut Bench) {
    let key = key();
    assert_eq!(bench.asked(key, bench.declines).await, Ok(S::Declined));
    assert_eq!(state(bench.payments.capture(key).await), Err(PaymentError::WrongState(S::Declined)));
}

pub async fn a_cancel_voids_what_was_authorised(bench: &mut Bench) {
    let key = bench.authorised().await;
    for _ in 0..2 {
        assert_eq!(state(bench.payments.cancel(key).await), Ok(S::Voided));
    }
    assert_eq!(state(bench.payments.capture(key).await), Err(PaymentError::WrongState(S::Voided)));
}

pub async fn a_cancel_that_comes_first_is_final(bench: &mut Bench) {
    let key = key();
    assert_eq!(state(bench.payments.cancel(key).await), Ok(S::Cancelled));
    assert_eq!(bench.asked(key, bench.approves).await, Err(PaymentError::WrongState(S::Cancelled)));
    assert_eq!(bench.found(key).await, Ok(S::Cancelled));
}

pub async fn a_cancel_that_comes_too_late_says_so_and_takes_nothing_back(bench: &mut Bench) {
    let key = bench.authorised().await;
    bench.payments.capture(key).await.unwrap();
    assert_eq!(state(bench.payments.cancel(key).await), Ok(S::Captured));
    assert_eq!(bench.found(key).await, Ok(S::Captured));
}

pub async fn no_answer_is_never_a_no(bench: &mut Bench) {
    let (done, lost) = (key(), key());
    assert_eq!(bench.asked(done, bench.unknown).await, Err(PaymentError::Unknown));
    assert_eq!(bench.found(done).await, Ok(S::Authorised));
    assert_eq!(bench.asked(lost, bench.lost).await, Err(PaymentError::Unknown));
    assert_eq!(bench.found(lost).await, Err(PaymentError::NotFound));
    assert_eq!(state(bench.payments.cancel(lost).await), Ok(S::Cancelled));
}

pub async fn a_payment_nobody_made_is_not_found(bench: &mut Bench) {
    let key = key();
    assert_eq!(bench.found(key).await, Err(PaymentError::NotFound));
    assert_eq!(state(bench.payments.capture(key).await), Err(PaymentError::NotFound));
    assert_eq!(state(bench.payments.refund(key).await), Err(PaymentError::NotFound));
}

pub async fn the_providers_list_names_every_change_and_pages_end_nowhere(bench: &mut Bench) {
    let (first, second, third) = (bench.authorised().await, bench.authorised().await, bench.authorised().await);
    bench.payments.capture(first).await.unwrap();
    let mut since = UnixMs(0);
    let mut seen = vec![];
    loop {
        let page = bench.payments.changed_since(since, 2).await.unwrap();
        assert!(page.len() <= 2 && page.is_sorted_by_key(|payment| payment.changed_at));
        let Some(last) = page.last() else { break };
        since = last.changed_at + 1;
        seen.extend(page.iter().map(|payment| (payment.key, payment.state)));
    }
    for expected in [(first, S::Captured), (second, S::Authorised), (third, S::Authorised)] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
    }
}
