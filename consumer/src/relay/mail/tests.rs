use std::sync::{Arc, Mutex};

use super::*;
use async_trait::async_trait;
use contract::{
    fresh,
    shop::{Shop, Terms},
};
use journal::{
    account::{Account, NewSession, Role},
    checkout::{Allocated, Begun, Clerk, PayAsk},
};
use sale::{
    claim::{Claim, Command},
    hold::HoldState,
    ids::OrderId,
    order::{Order, Shipping},
    port::{
        ledger::{Grant, Kind},
        mail::MailQueue,
    },
};

/// A postman in a mood; remembers whom he was asked for.
#[derive(Default)]
struct Postman {
    mood: Mutex<Option<MailError>>,
    asked: Mutex<Vec<OrderId>>,
}

#[async_trait]
impl MailQueue for Postman {
    async fn send(&self, jobs: Vec<MailJob>) -> Vec<Result<(), MailError>> {
        self.asked.lock().unwrap().extend(jobs.iter().map(|job| job.order_id));
        let mood = *self.mood.lock().unwrap();
        jobs.iter().map(|_| mood.map_or(Ok(()), Err)).collect()
    }
}

impl Postman {
    fn is(&self, mood: Option<MailError>) {
        *self.mood.lock().unwrap() = mood;
    }
    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

struct Plain;

impl Clerk for Plain {
    fn order_id(&self, _: UnixMs) -> OrderId {
        OrderId(fresh::uuid())
    }
    fn order_number(&self, _: UnixMs) -> String {
        fresh::uuid().to_string()
    }
    fn paid(&self, _: &Order) -> String {
        String::new()
    }
    fn declined(&self, _: UnixMs) -> String {
        String::new()
    }
    fn ended(&self, _: HoldState) -> String {
        String::new()
    }
}

/// A shop with one paid order whose letter is due.
async fn shop_with_an_order() -> (Shop, Stores, Arc<Postman>) {
    let shop = Shop::open().await;
    let (item, buyer) = (shop.plan(Terms::default()).await.item_id, fresh::buyer());
    let account = Account { id: buyer, email: "buyer@example.com".into(), name: "小明".into(), role: Role::Buyer };
    let session = NewSession { token_hash: [1; 32], family_id: buyer.0, expires_at: shop.now().plus_s(60) };
    shop.journal.sign_up(&account, "no hash", session).await.unwrap();
    let claim = Claim::new(item, buyer, 1, 1, shop.now());
    let epoch = shop.journal.levels(item).await.unwrap().unwrap().epoch;
    let grant = Grant::Granted { kind: Kind::Units, first: 1, quantity: 1 };
    shop.journal.ratify(item, epoch, &[(Command::Claim(claim.clone()), grant)]).await.unwrap();
    let shipping = Shipping { name: "小明".into(), phone: "123".into(), address: "台北市".into() };
    let (claim_id, key) = (claim.id, "k".to_owned());
    let ask = PayAsk { buyer, claim_id, route: "checkout", key, body_hash: [0; 32], shipping, language: None };
    let Begun::Started(started) = shop.journal.begin_payment(&ask, &Plain).await.unwrap() else { panic!() };
    assert!(matches!(shop.journal.allocate(started.key, &Plain).await.unwrap(), Allocated::Order(_)));
    let postman = Arc::new(Postman::default());
    let stores = Stores { mail: postman.clone(), ..shop.stores.clone() };
    (shop, stores, postman)
}

#[tokio::test]
async fn an_order_is_told_once() {
    let (shop, stores, postman) = shop_with_an_order().await;
    for _ in 0..3 {
        relay_once(&stores, &shop.journal).await.unwrap();
    }
    assert_eq!(postman.asked(), 1);
    assert_eq!(shop.journal.outbox_waiting(MAIL).await.unwrap(), 0);
}

#[tokio::test]
async fn a_letter_that_does_not_go_out_is_tried_three_times_a_minute_apart_and_then_slowly() {
    let (shop, stores, postman) = shop_with_an_order().await;
    postman.is(Some(MailError::Unavailable));
    let mut tries = Vec::new();
    for minute in 0..25 {
        relay_once(&stores, &shop.journal).await.unwrap();
        if postman.asked() > tries.len() {
            tries.push(minute);
        }
        shop.pass_ms(60_000).await;
    }
    assert_eq!(tries, [0, 1, 2, 12, 22]);
    postman.is(None);
    shop.pass_ms(600_000).await;
    relay_once(&stores, &shop.journal).await.unwrap();
    assert_eq!(shop.journal.outbox_waiting(MAIL).await.unwrap(), 0);
}

#[tokio::test]
async fn a_letter_that_is_refused_is_parked_and_not_repeated() {
    let (shop, stores, postman) = shop_with_an_order().await;
    postman.is(Some(MailError::Refused));
    relay_once(&stores, &shop.journal).await.unwrap();
    shop.pass_ms(3_600_000).await;
    relay_once(&stores, &shop.journal).await.unwrap();
    assert_eq!(postman.asked(), 1);
    assert_eq!(shop.journal.outbox_waiting(MAIL).await.unwrap(), 0);
}
