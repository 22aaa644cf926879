//! Money: paid for means ordered, ordered means captured once, and everything else goes back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod till;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use contract::embedded::SandboxPayments;
use general::{
    Shop,
    checkout::{Walk, capture_once, reconcile, sweep_once},
};
use journal::checkout::{BeginError, Begun};
use kit::clock::SeedChance;
use sale::{
    claim::{ClaimState, ClaimView},
    money::Money,
    port::{
        chance::Chance,
        payments::{Payment, PaymentError, PaymentKey, PaymentState as S, Payments},
    },
    time::UnixMs,
    told::Told,
};
use till::{HOLD_MS, House, ITEM, die_after, price};

use general::checkout::{Refusal, ShopClerk};

fn key(claim: &ClaimView, attempt: u32) -> PaymentKey {
    PaymentKey { claim_id: claim.claim_id, attempt }
}

#[tokio::test]
async fn a_yes_becomes_an_order_one_capture_and_one_letter() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    let first = house.pay(&claim, "k", "tok_approve").await.unwrap();
    assert_eq!(first.status, 201);
    assert_eq!(first, house.pay(&claim, "k", "tok_approve").await.unwrap());
    let states: Vec<_> = house.ears.heard().into_iter().filter_map(claim_state).collect();
    assert_eq!(states, [ClaimState::Paying, ClaimState::Paid]);
    house.rest().await;
    assert_eq!(house.events(&claim, 1), [S::Authorised, S::Captured]);
    assert_eq!(house.journal.outbox_waiting("mail").await.unwrap(), 1);
    let order = house.order(&claim).await.unwrap();
    assert_eq!((order.total, order.number.len()), (price(), 16));
    assert!(order.number.starts_with("2027011508"));
    house.audit(&[claim]).await;
}

fn claim_state(told: Told) -> Option<ClaimState> {
    match told {
        Told::Claim(view) => Some(view.state),
        _ => None,
    }
}

#[tokio::test]
async fn a_declined_card_may_be_tried_again_under_a_new_key() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    let declined = house.pay(&claim, "a", "tok_decline_then_approve").await.unwrap();
    assert_eq!(declined.status, 402);
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Held);
    assert_eq!(
        house.pay(&claim, "a", "tok_decline_then_approve").await.unwrap(),
        declined,
        "the old key, the old answer"
    );
    assert_eq!(house.pay(&claim, "b", "tok_decline_then_approve").await.unwrap().status, 201);
    house.rest().await;
    house.audit(&[claim]).await;
}

#[tokio::test]
async fn a_silent_yes_is_found_and_becomes_an_order() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    let doubt = house.pay(&claim, "k", "tok_unknown").await.unwrap();
    assert_eq!(doubt.status, 202);
    assert_eq!(house.pay(&claim, "k", "tok_unknown").await.unwrap(), doubt, "the same while nobody knows");
    house.pokes().await;
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Paid);
    assert_eq!(house.pay(&claim, "k", "tok_unknown").await.unwrap().status, 201);
    house.rest().await;
    house.audit(&[claim]).await;
}

#[tokio::test]
async fn a_lost_request_is_cancelled_for_good_and_the_hold_is_its_buyers_again() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    assert_eq!(house.pay(&claim, "k", "tok_lost").await.unwrap().status, 202);
    house.pokes().await;
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Held);
    assert_eq!(house.pay(&claim, "k", "tok_lost").await.unwrap().status, 402);
    assert!(house.bank.authorise(key(&claim, 1), price(), "tok_approve").await.is_err(), "the cancel is final");
    assert_eq!(house.pay(&claim, "l", "tok_approve").await.unwrap().status, 201);
    house.rest().await;
    house.audit(&[claim]).await;
}

#[tokio::test]
async fn a_yes_that_is_found_after_the_doubt_ended_is_voided_and_revives_nothing() {
    let house = House::open(1).await;
    let claim = house.buyer(1).await;
    assert_eq!(house.pay(&claim, "k", "tok_unknown").await.unwrap().status, 202);
    house.bank.cut(true);
    house.pokes().await;
    house.pass(HOLD_MS + 31_000).await;
    house.journal.sweep(ITEM).await.unwrap();
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Expired);
    assert_eq!(house.pay(&claim, "k", "tok_unknown").await.unwrap().status, 410);
    // The unit goes on to somebody else while the money is still on its way back.
    let other = house.buyer(2).await;
    assert_eq!(house.events(&claim, 1), [S::Authorised]);
    house.bank.cut(false);
    sweep_once(&house.shop).await.unwrap();
    assert_eq!(house.events(&claim, 1), [S::Authorised, S::Voided]);
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Expired);
    assert_eq!(house.pay(&other, "k", "tok_approve").await.unwrap().status, 201);
    house.rest().await;
    house.audit(&[claim, other]).await;
}

#[tokio::test]
async fn a_process_that_dies_between_yes_and_order_leaves_an_order_all_the_same() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    let clerk = ShopClerk(house.shop.stores.chance.clone());
    let Begun::Started(started) = house.journal.begin_payment(&house.ask(&claim, "k"), &clerk).await.unwrap() else {
        panic!("not begun");
    };
    house.bank.authorise(started.key, started.amount, "tok_approve").await.unwrap();
    // Nobody is left who knows. While a request might still be at work, its repeat waits; then the sweep ends it.
    let in_flight = house.pay(&claim, "k", "tok_approve").await.unwrap_err();
    assert!(matches!(in_flight, Refusal::Begin(BeginError::InFlight)), "{in_flight}");
    house.pass(4_000).await;
    sweep_once(&house.shop).await.unwrap();
    assert_eq!(house.pay(&claim, "k", "tok_approve").await.unwrap().status, 201);
    house.rest().await;
    house.audit(&[claim]).await;
}

#[tokio::test]
async fn a_process_that_dies_before_it_asked_the_provider_costs_a_try_and_nothing_else() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    let clerk = ShopClerk(house.shop.stores.chance.clone());
    house.journal.begin_payment(&house.ask(&claim, "k"), &clerk).await.unwrap();
    sweep_once(&house.shop).await.unwrap();
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Paying, "its request might still be at work");
    house.pass(4_000).await;
    sweep_once(&house.shop).await.unwrap();
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Held);
    assert_eq!(house.events(&claim, 1), [S::Cancelled]);
    house.rest().await;
    house.audit(&[claim]).await;
}

#[tokio::test]
async fn money_without_a_row_of_ours_goes_back() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    house.bank.authorise(key(&claim, 7), price(), "tok_approve").await.unwrap();
    house.bank.authorise(key(&claim, 8), price(), "tok_approve").await.unwrap();
    house.bank.capture(key(&claim, 8)).await.unwrap();
    Walk::from(UnixMs(0)).go_on(&house.shop).await;
    assert_eq!(house.events(&claim, 7), [S::Authorised, S::Voided]);
    assert_eq!(house.events(&claim, 8), [S::Authorised, S::Captured, S::Refunded]);
}

/// A provider that gives nothing back.
struct Miser(Arc<SandboxPayments>);

#[async_trait]
impl Payments for Miser {
    async fn authorise(&self, key: PaymentKey, amount: Money, token: &str) -> Result<Payment, PaymentError> {
        self.0.authorise(key, amount, token).await
    }
    async fn capture(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.0.capture(key).await
    }
    async fn cancel(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.0.cancel(key).await
    }
    async fn refund(&self, _: PaymentKey) -> Result<Payment, PaymentError> {
        Err(PaymentError::Unknown)
    }
    async fn find(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.0.find(key).await
    }
    async fn changed_since(&self, since: UnixMs, max: usize) -> Result<Vec<Payment>, PaymentError> {
        self.0.changed_since(since, max).await
    }
    async fn webhook(&self) -> Payment {
        self.0.webhook().await
    }
}

#[tokio::test]
async fn money_that_cannot_go_back_yet_keeps_no_other_waiting_and_is_not_forgotten() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    house.bank.authorise(key(&claim, 7), price(), "tok_approve").await.unwrap();
    house.bank.capture(key(&claim, 7)).await.unwrap();
    house.bank.authorise(key(&claim, 8), price(), "tok_approve").await.unwrap();
    let mut stores = house.shop.stores.clone();
    stores.payments = Arc::new(Miser(house.bank.clone()));
    let shop = Shop::new(stores, house.journal.clone(), house.shop.config.clone(), house.keys.clone());
    let mut walk = Walk::from(UnixMs(0));
    walk.go_on(&shop).await;
    assert_eq!(house.events(&claim, 7), [S::Authorised, S::Captured]);
    assert_eq!(house.events(&claim, 8), [S::Authorised, S::Voided]);
    walk.go_on(&house.shop).await;
    assert_eq!(house.events(&claim, 7), [S::Authorised, S::Captured, S::Refunded]);
}

#[tokio::test]
async fn a_capture_waits_for_the_provider_and_a_dead_authorisation_is_told_to_staff() {
    let house = House::open(5).await;
    let (patient, dead) = (house.buyer(1).await, house.buyer(2).await);
    assert_eq!(house.pay(&patient, "k", "tok_approve").await.unwrap().status, 201);
    house.bank.cut(true);
    capture_once(&house.shop).await.unwrap();
    assert_eq!(house.journal.outbox_waiting("capture").await.unwrap(), 1);
    house.bank.cut(false);
    assert_eq!(house.pay(&dead, "k", "tok_approve").await.unwrap().status, 201);
    house.bank.cancel(key(&dead, 1)).await.unwrap();
    house.rest().await;
    assert_eq!(house.events(&patient, 1), [S::Authorised, S::Captured]);
    let row = house.journal.payment(key(&dead, 1)).await.unwrap().unwrap();
    assert_eq!(row.stage, journal::checkout::PaymentStage::CaptureFailed);
    assert!(house.order(&dead).await.is_some(), "an order told paid stays");
}

#[tokio::test]
async fn two_requests_at_once_pay_once() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    let pay = |key| house.pay(&claim, key, "tok_slow_30");
    let (same, again, other) = tokio::join!(pay("k"), pay("k"), pay("l"));
    let paid = [&same, &again, &other].iter().filter(|a| a.as_ref().is_ok_and(|s| s.status == 201)).count();
    assert_eq!(paid, 1, "{same:?} {again:?} {other:?}");
    house.rest().await;
    house.audit(&[claim]).await;
}

#[tokio::test]
async fn a_late_request_of_an_abandoned_try_makes_no_order() {
    let house = House::open(5).await;
    let claim = house.buyer(1).await;
    let clerk = ShopClerk(house.shop.stores.chance.clone());
    house.journal.begin_payment(&house.ask(&claim, "k"), &clerk).await.unwrap();
    // The sweep has given up waiting and is about to cancel; the yes arrives just now.
    assert!(house.journal.cancel_payment(key(&claim, 1)).await.unwrap());
    house.bank.authorise(key(&claim, 1), price(), "tok_approve").await.unwrap();
    assert_eq!(house.journal.allocate(key(&claim, 1), &clerk).await.unwrap(), journal::checkout::Allocated::Stray);
    reconcile(&house.shop, key(&claim, 1), false).await.unwrap();
    assert_eq!(house.events(&claim, 1), [S::Authorised, S::Voided]);
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Held);
}

#[tokio::test]
async fn when_the_provider_is_silent_new_payments_wait_and_their_holds_get_more_time_once() {
    let house = House::open(30).await;
    house.bank.cut(true);
    for n in 0..20 {
        let claim = house.buyer(n).await;
        assert_eq!(house.pay(&claim, "k", "tok_approve").await.unwrap().status, 202);
    }
    let claim = house.buyer(20).await;
    for _ in 0..2 {
        let refused = house.pay(&claim, "k", "tok_approve").await.unwrap_err();
        assert!(matches!(refused, Refusal::ProviderRests { retry_after_ms: 1..=10_000 }), "{refused}");
        let view = house.journal.claim(claim.claim_id).await.unwrap().unwrap();
        assert_eq!((view.state, view.generation), (ClaimState::Held, Some(2)));
        assert_eq!(view.deadline.unwrap() - claim.deadline.unwrap(), 120_000);
    }
    house.bank.cut(false);
    house.pass(10_000).await;
    assert_eq!(house.pay(&claim, "k", "tok_approve").await.unwrap().status, 201, "one tries, and finds it well");
    house.rest().await;
    house.audit(&[claim]).await;
}

/// Whatever happens in whatever order: at rest, money equals goods.
#[tokio::test]
async fn money_equals_goods_after_any_history() {
    for seed in 0..25 {
        history(seed).await;
    }
}

async fn history(seed: u64) {
    const TOKENS: [&str; 7] = [
        "tok_approve",
        "tok_decline",
        "tok_decline_then_approve",
        "tok_slow_5",
        "tok_slow_600",
        "tok_unknown",
        "tok_lost",
    ];
    let chance = SeedChance::new(seed);
    let dice: &dyn Chance = &chance;
    let house = House::open(10).await;
    let mut claims = Vec::new();
    for n in 0..3 {
        claims.push(house.buyer(n).await);
    }
    let mut answers = HashMap::new();
    for step in 0..25 {
        let claim = claims[dice.below(claims.len() as u64) as usize].clone();
        let name = format!("key{}", dice.below(step + 1));
        let token = TOKENS[dice.below(TOKENS.len() as u64) as usize];
        match dice.below(12) {
            0..=2 => {
                if let Ok(stored) = house.pay(&claim, &name, token).await {
                    remember(&mut answers, &claim, name, stored);
                }
            }
            3 => {
                let (one, two) =
                    tokio::join!(house.pay(&claim, &name, token), house.pay(&claim, "twin", "tok_approve"));
                let orders = [&one, &two].iter().filter(|a| a.as_ref().is_ok_and(|s| s.status == 201)).count();
                assert!(orders <= 1 || one.unwrap() == two.unwrap());
            }
            4 | 5 => drop(die_after(dice.below(60) as u32, house.pay(&claim, &name, token)).await),
            6 => house.pass(dice.below(60_000) as i64).await,
            7 => drop(house.journal.sweep(ITEM).await.unwrap()),
            8 => drop(die_after(dice.below(60) as u32, sweep_once(&house.shop)).await),
            9 => house.pokes().await,
            10 => drop(die_after(dice.below(40) as u32, capture_once(&house.shop)).await),
            _ => house.bank.cut(dice.below(2) == 0),
        }
    }
    house.rest().await;
    house.audit(&claims).await;
    assert!(
        house.record().values().flatten().all(|entry| entry.event != S::Refunded),
        "nothing is captured for nothing"
    );
    let orders = orders_of(&house, &claims).await;
    assert_eq!(house.journal.outbox_waiting("mail").await.unwrap(), orders);
}

/// A final answer under a key never changes.
fn remember(
    answers: &mut HashMap<(String, String), journal::checkout::Stored>,
    claim: &ClaimView,
    name: String,
    stored: journal::checkout::Stored,
) {
    if stored.status == 202 {
        return;
    }
    let first = answers.entry((claim.claim_id.to_string(), name)).or_insert_with(|| stored.clone());
    assert_eq!(*first, stored);
}

async fn orders_of(house: &House, claims: &[ClaimView]) -> u64 {
    let mut orders = 0;
    for claim in claims {
        orders += u64::from(house.order(claim).await.is_some());
    }
    orders
}
