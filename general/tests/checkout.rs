//! Checkout over HTTP: every answer, and the same one again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod till;

use sale::{
    claim::ClaimState,
    ids::UserId,
    port::{clock::Clock, mail::MailJob},
};
use serde_json::json;
use till::{HOLD_MS, House, ITEM};
use uuid::Uuid;

#[tokio::test]
async fn a_pass_a_card_and_an_address_become_an_order_and_the_repeat_is_word_for_word() {
    let house = House::open(5).await;
    let (app, claim) = (house.app(), house.buyer(1).await);
    let body = house.body(&claim, "tok_approve");
    let first = house.post(&app, claim.buyer_id, Some("k1"), &body).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(first.body["state"], "paid");
    assert_eq!(first.body["total"], json!({"amount_minor": 200_000, "currency": "TWD"}), "the sale's, not the pass's");
    assert_eq!(first.body["product"]["name"], "Console");
    assert_eq!(first.body["mail_to"], "buyer1@example.com");
    let again = house.post(&app, claim.buyer_id, Some("k1"), &body).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    // An older pass of the same hold asks the same thing.
    let mut older = body.clone();
    older["purchase_pass"] = json!(house.pass_of(&claim, 0));
    assert_eq!(house.post(&app, claim.buyer_id, Some("k1"), &older).await.text, first.text);

    let mail = house.journal.outbox_due("mail", 1, house.clock.now()).await.unwrap().remove(0);
    assert_eq!(mail.read::<MailJob>().unwrap().language, "zh-TW", "the letter answers in the browser's language");

    let list = house.get(&app, claim.buyer_id, "/api/v1/me/orders").await;
    assert_eq!(list.body["items"][0], first.body);
    assert_eq!(list.body["next"], json!(null));
    let path = format!("/api/v1/me/orders/{}", first.body["id"].as_str().unwrap());
    assert_eq!(house.get(&app, claim.buyer_id, &path).await.body, first.body);
    let stranger = UserId(Uuid::from_u128(99));
    assert_eq!(house.get(&app, stranger, &path).await.status, 404);
    assert_eq!(house.get(&app, stranger, "/api/v1/me/orders").await.body["items"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_and_nothing_happens() {
    let house = House::open(5).await;
    let (app, claim) = (house.app(), house.buyer(1).await);
    let (buyer, body) = (claim.buyer_id, house.body(&claim, "tok_approve"));
    let of = async |user, key: Option<&str>, body| {
        house.pass(500).await;
        let answer = house.post(&app, user, key, &body).await;
        (answer.status, answer.code().to_owned())
    };
    let said = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(of(buyer, None, body.clone()).await, said(400, "missing_idempotency_key"));
    assert_eq!(of(buyer, Some(""), body.clone()).await, said(400, "missing_idempotency_key"));
    assert_eq!(of(buyer, Some("a b"), body.clone()).await, said(400, "missing_idempotency_key"));
    assert_eq!(of(buyer, Some(&"x".repeat(129)), body.clone()).await, said(400, "missing_idempotency_key"));
    assert_eq!(of(UserId(Uuid::from_u128(9)), Some("k"), body.clone()).await, said(403, "forbidden"));
    for (member, value) in
        [("purchase_pass", json!("forged")), ("shipping", json!({"name": "", "phone": "1", "address": ""}))]
    {
        let mut wrong = body.clone();
        wrong[member] = value;
        let code = if member == "shipping" { "invalid_body" } else { "invalid_pass" };
        assert_eq!(of(buyer, Some("k"), wrong).await, said(422, code));
    }
    let mut card = body.clone();
    card["payment"]["method"] = json!("card");
    assert_eq!(of(buyer, Some("k"), card).await, said(422, "invalid_body"));
    assert_eq!(house.state(claim.claim_id).await, ClaimState::Held);
    assert!(house.record().is_empty());
}

#[tokio::test]
async fn a_declined_card_is_told_the_deadline_and_the_key_belongs_to_its_body() {
    let house = House::open(5).await;
    let (app, claim) = (house.app(), house.buyer(1).await);
    let body = house.body(&claim, "tok_decline");
    let no = house.post(&app, claim.buyer_id, Some("k"), &body).await;
    assert_eq!((no.status, no.code()), (402, "payment_declined"));
    assert_eq!(no.body["deadline"], json!(kit::instant::to_rfc3339(claim.deadline.unwrap())));
    let other = house.body(&claim, "tok_approve");
    let reused = house.post(&app, claim.buyer_id, Some("k"), &other).await;
    assert_eq!((reused.status, reused.code()), (422, "key_reused"));
    assert_eq!(house.post(&app, claim.buyer_id, Some("l"), &other).await.status, 201);
    assert_eq!(house.post(&app, claim.buyer_id, Some("k"), &body).await.status, 402, "the old key, the old answer");
    let paid = house.post(&app, claim.buyer_id, Some("m"), &other).await;
    assert_eq!((paid.status, paid.code(), &paid.body["hold"]), (410, "hold_ended", &json!("allocated")));
}

#[tokio::test]
async fn an_ended_hold_is_gone_and_a_passed_deadline_is_too_late() {
    let house = House::open(5).await;
    let (app, claim) = (house.app(), house.buyer(1).await);
    let body = house.body(&claim, "tok_approve");
    house.pass(HOLD_MS + 1).await;
    let late = house.post(&app, claim.buyer_id, Some("a"), &body).await;
    assert_eq!((late.status, late.code()), (410, "hold_ended"));
    house.pass(3_000).await;
    house.journal.sweep(ITEM).await.unwrap();
    let gone = house.post(&app, claim.buyer_id, Some("b"), &body).await;
    assert_eq!((gone.status, &gone.body["hold"]), (410, &json!("expired")));
    assert_eq!(house.post(&app, claim.buyer_id, Some("b"), &body).await.status, 410);
    assert!(house.record().is_empty());
}

#[tokio::test]
async fn while_the_clock_stands_or_the_sale_is_paused_nobody_pays_and_nothing_is_stored() {
    let house = House::open(5).await;
    let (app, claim) = (house.app(), house.buyer(1).await);
    let body = house.body(&claim, "tok_approve");
    house.clock.advance(5_001);
    let stands = house.post(&app, claim.buyer_id, Some("k"), &body).await;
    assert_eq!(stands.status, 503);
    assert!(stands.headers.contains_key("retry-after"));
    house.journal.beat().await.unwrap();
    house.journal.pause_sale(UserId(Uuid::from_u128(1)), till::SALE).await.unwrap();
    let paused = house.post(&app, claim.buyer_id, Some("k"), &body).await;
    assert_eq!((paused.status, paused.code()), (403, "paused"));
    house.journal.resume_sale(UserId(Uuid::from_u128(1)), till::SALE).await.unwrap();
    assert_eq!(house.post(&app, claim.buyer_id, Some("k"), &body).await.status, 201);
}

#[tokio::test]
async fn in_doubt_is_told_and_then_the_end() {
    let house = House::open(5).await;
    let (app, claim) = (house.app(), house.buyer(1).await);
    house.bank.cut(true);
    let body = house.body(&claim, "tok_approve");
    let doubt = house.post(&app, claim.buyer_id, Some("k"), &body).await;
    assert_eq!(doubt.status, 202);
    assert_eq!(doubt.body, json!({"state": "paying", "claim_id": claim.claim_id}));
    let other = house.post(&app, claim.buyer_id, Some("l"), &body).await;
    assert_eq!((other.status, other.code()), (409, "in_flight"));
    house.bank.cut(false);
    // The provider never heard of it: in the end the hold is free to be paid for again.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        house.pass(500).await;
        let end = house.post(&app, claim.buyer_id, Some("k"), &body).await;
        if end.status == 402 {
            break;
        }
        assert!(end.status == 202 && std::time::Instant::now() < until, "{}", end.text);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(house.post(&app, claim.buyer_id, Some("m"), &body).await.status, 201);
}

#[tokio::test]
async fn a_client_that_hangs_up_has_paid_all_the_same_and_the_repeat_tells() {
    let house = House::open(5).await;
    let (app, claim) = (house.app(), house.buyer(1).await);
    let body = house.body(&claim, "tok_slow_50");
    let call = house.post(&app, claim.buyer_id, Some("k"), &body);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(20), call).await.is_err());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while house.state(claim.claim_id).await != ClaimState::Paid {
        assert!(std::time::Instant::now() < until, "the task was cut with its client");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(house.post(&app, claim.buyer_id, Some("k"), &body).await.status, 201);
}
