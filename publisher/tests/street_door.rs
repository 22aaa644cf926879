//! The street door: who is let in, who is turned back and with which word.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use axum::{body::Body, http::Request};
use house::{DeafQueue, House, Planned, SickQueue, buyer, quick, until};
use kit::{config::Dur, trace::Trace};
use sale::{
    claim::{ClaimState, ClaimView},
    ids::{SaleItemId, UserId},
    port::queue::{QueueError, partition_of},
    sale::Question,
    stores::Stores,
    told::Told,
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Waits until this door knows the item.
async fn known(house: &House, item: SaleItemId) {
    until("the item is known", || async { house.claim_one(buyer(), item).await.status != 404 }).await;
}

async fn open_sale(house: &House, planned: Planned) -> SaleItemId {
    let (_, item) = house.plan(planned).await;
    known(house, item).await;
    item
}

#[tokio::test]
async fn a_claim_gets_a_signed_receipt_and_lies_on_the_queue() {
    let house = House::open(quick()).await;
    let (_, item) = house.plan(Planned { opens_in_ms: -1, ..Planned::default() }).await;
    let who = buyer();
    until("the item is known", || async { house.claim_one(who, item).await.status == 202 }).await;
    let answer = house.claim_one(who, item).await;
    let receipt = house.keys.verify_receipt(answer.body["receipt"].as_str().unwrap()).unwrap();
    assert_eq!(receipt.buyer_id, who);
    assert_eq!(json!(receipt.claim_id), answer.body["claim_id"]);
    assert_eq!(json!(kit::instant::to_rfc3339(receipt.received_at)), answer.body["received_at"]);
    assert_eq!(house.stores.queue.depth().await.unwrap(), 1, "a repeat while undecided is the same claim");
    house.close().await;
}

#[tokio::test]
async fn a_repeat_while_undecided_gets_the_same_receipt_and_after_it_the_present_claim() {
    let house = House::open(quick()).await;
    let item = open_sale(&house, Planned::default()).await;
    let who = buyer();
    let first = house.claim_one(who, item).await;
    assert!(first.limits);
    assert_eq!(house.claim_one(who, item).await.body, first.body);
    let other = house.claim(who, item, json!({"attempt": 2})).await;
    assert_eq!(other.told(), (409, "already_claimed"));
    assert_eq!(other.body["claim"]["state"], "received");

    house.decide_and_tell().await;
    until("the decision is heard", || async { house.claim_one(who, item).await.status == 409 }).await;
    let held = house.claim_one(who, item).await;
    assert_eq!(held.told(), (409, "already_claimed"));
    let claim = &held.body["claim"];
    assert_eq!((&claim["state"], &claim["claim_id"]), (&json!("held"), &first.body["claim_id"]));
    let pass = house.keys.verify_pass(claim["purchase_pass"].as_str().unwrap()).unwrap();
    assert_eq!((pass.buyer_id, pass.quantity, pass.amount.amount_minor), (who, 1, 200_000));
    house.close().await;
}

#[tokio::test]
async fn after_the_end_the_next_attempt_is_let_in_and_the_old_one_is_told_how_it_ended() {
    let house = House::open(quick()).await;
    let item = open_sale(&house, Planned::default()).await;
    let who = buyer();
    house.claim_one(who, item).await;
    house.decide_and_tell().await;
    let claim = house.journal.claims_of(who, Some(item)).await.unwrap().remove(0);
    // The end is told to nobody: the bus may lose anything.
    house.journal.withdraw_now(who, claim.claim_id).await.unwrap();
    assert_eq!(house.claim(who, item, json!({"attempt": 2})).await.status, 202);
    house.close().await;
}

#[tokio::test]
async fn an_attempt_out_of_turn_writes_nothing_and_spoils_nothing() {
    let house = House::open(quick()).await;
    let item = open_sale(&house, Planned::default()).await;
    house.decide_and_tell().await;
    let who = buyer();
    let never_asked = house.claim(who, item, json!({"attempt": 7})).await;
    assert_eq!(never_asked.told(), (422, "invalid"));
    assert_eq!(house.claim_one(who, item).await.status, 202);
    house.decide_and_tell().await;
    let claim = house.journal.claims_of(who, Some(item)).await.unwrap().remove(0);
    house.journal.withdraw_now(who, claim.claim_id).await.unwrap();
    let skipped = house.claim(who, item, json!({"attempt": 3})).await;
    assert_eq!(skipped.told(), (409, "already_claimed"));
    assert_eq!(skipped.body["claim"]["attempt"], 1);
    assert_eq!(house.claim(who, item, json!({"attempt": 2})).await.status, 202);
    house.decide_and_tell().await;
    let claims = house.journal.claims_of(who, Some(item)).await.unwrap();
    let states: Vec<_> = claims.iter().map(|claim| (claim.attempt, claim.state)).collect();
    assert_eq!(states, [(2, ClaimState::Held), (1, ClaimState::Withdrawn)]);
    house.close().await;
}

#[tokio::test]
async fn each_wrong_claim_has_its_word() {
    let house = House::open(quick()).await;
    let question = Question { text: "Who makes it?".into(), options: vec!["A Sony".into()], answer: "A Sony".into() };
    let item = open_sale(&house, Planned { question: Some(question), ..Planned::default() }).await;
    let right = |more: Value| {
        let mut body = json!({"answer": " ａ SONY "});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let cases = [
        (json!({"answer": "B"}), (403, "wrong_answer")),
        (json!({}), (403, "wrong_answer")),
        (right(json!({"attempt": 0})), (422, "invalid")),
        (right(json!({"attempt": 101})), (422, "invalid")),
        (right(json!({"quantity": 0})), (422, "invalid")),
        (right(json!({"quantity": 101})), (422, "invalid")),
        (right(json!({"quantity": 3})), (422, "limit_reached")),
        (json!({"quantity": -1}), (422, "invalid_body")),
        (json!({"price": 1}), (422, "invalid_body")),
        (json!({"answer": "x".repeat(3000)}), (413, "body_too_large")),
        (right(json!({})), (202, "")),
    ];
    for (body, told) in cases {
        assert_eq!(house.claim(buyer(), item, body.clone()).await.told(), told, "{body}");
    }
    house.close().await;
}

#[tokio::test]
async fn strangers_and_broken_requests_are_turned_back() {
    let house = House::open(quick()).await;
    let item = open_sale(&house, Planned::default()).await;
    let uri = format!("/api/v1/sale-items/{item}/claims");
    let token = format!("Bearer {}", house.token(buyer()));
    let post = |uri: &str, token: Option<&str>, kind: &str, body: &'static str| {
        let mut request = Request::post(uri).header("content-type", kind).header("content-length", body.len());
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        request.body(Body::from(body)).unwrap()
    };
    let json = "application/json";
    let cases = [
        (post(&uri, None, json, "{}"), (401, "unauthorized")),
        (post(&uri, Some("Bearer nonsense"), json, "{}"), (401, "invalid_token")),
        (post("/api/v1/sale-items/7/claims", Some(&token), json, "{}"), (404, "not_found")),
        (post(&format!("/api/v1/sale-items/{}/claims", buyer()), Some(&token), json, "{}"), (404, "not_found")),
        (post(&uri, Some(&token), json, "{"), (400, "malformed_json")),
        (post(&uri, Some(&token), "text/plain", "{}"), (415, "unsupported_media_type")),
        (post(&uri, Some(&token), "text/plain", ""), (202, "")),
    ];
    for (request, told) in cases {
        let what = format!("{request:?}");
        assert_eq!(house.ask(request).await.told(), told, "{what}");
    }
    house.close().await;
}

#[tokio::test]
async fn each_phase_has_its_word() {
    let house = House::open(quick()).await;
    let soon = open_sale(&house, Planned { opens_in_ms: 60_000, ..Planned::default() }).await;
    assert_eq!(house.claim_one(buyer(), soon).await.told(), (403, "not_open"));
    let brief = open_sale(&house, Planned { opens_in_ms: -1, lasts_ms: 400, ..Planned::default() }).await;
    until("it is closed", || async { house.claim_one(buyer(), brief).await.told() == (403, "closed") }).await;
    let (sale, item) = house.plan(Planned::default()).await;
    known(&house, item).await;
    house.journal.beat().await.unwrap();
    house.journal.pause_sale(UserId(uuid::Uuid::nil()), sale).await.unwrap();
    house.tell(Told::Sale { sale_id: sale }).await;
    until("it is paused", || async { house.claim_one(buyer(), item).await.told() == (403, "paused") }).await;
    house.close().await;
}

#[tokio::test]
async fn who_asks_too_fast_is_told_when_to_come_back_and_takes_nobody_elses_turn() {
    let mut config = quick();
    config.accept.claims_burst = 3;
    let house = House::open(config).await;
    let item = open_sale(&house, Planned::default()).await;
    let who = buyer();
    let wrong = || house.claim(who, item, json!({"quantity": 3}));
    for _ in 0..3 {
        assert_eq!(wrong().await.told(), (422, "limit_reached"));
    }
    let refused = wrong().await;
    assert_eq!(refused.told(), (429, "too_fast"));
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    assert!(refused.limits && refused.body["retry_after_ms"].as_i64().unwrap() <= 1000);
    assert_eq!(house.claim_one(buyer(), item).await.status, 202);
    house.close().await;
}

#[tokio::test]
async fn one_address_does_not_crowd_out_the_house() {
    let mut config = quick();
    (config.accept.address_claims_burst, config.accept.address_claims_per_s) = (5, 1);
    let house = House::open(config).await;
    let (_, item) = house.plan(Planned::default()).await;
    let mut told = vec![];
    until("the address is full", || async { house.claim_one(buyer(), item).await.status == 429 }).await;
    told.push(house.claim_one(buyer(), item).await.told().0);
    assert_eq!(told, [429]);
    house.close().await;
}

async fn all_held(house: &House) -> SaleItemId {
    let item = open_sale(house, Planned { allotment: 1, standby_limit: 0, ..Planned::default() }).await;
    assert_eq!(house.claim_one(buyer(), item).await.status, 202);
    house.decide_and_tell().await;
    item
}

#[tokio::test]
async fn where_nothing_is_left_the_crowd_is_turned_back_from_memory() {
    let house = House::open(quick()).await;
    let item = all_held(&house).await;
    until("the gate shuts", || async { house.claim_one(buyer(), item).await.told() == (409, "all_held") }).await;
    house.decide().await;
    assert_eq!(house.claim_one(buyer(), item).await.told(), (409, "all_held"));
    assert_eq!(house.stores.queue.depth().await.unwrap(), 0);
    house.close().await;
}

#[tokio::test]
async fn a_gate_that_hears_nothing_lets_the_queue_decide() {
    let mut config = quick();
    config.schedule.gate_trust = Dur::of_ms(100);
    let house = House::open(config).await;
    let item = all_held(&house).await;
    until("the gate shuts", || async { house.claim_one(buyer(), item).await.told() == (409, "all_held") }).await;
    // Neither bus nor journal answer any more; the queue is another store's business.
    house.journal.close().await;
    until("the gate opens", || async { house.claim_one(buyer(), item).await.told() != (409, "all_held") }).await;
    // The queue lies in the same journal here: no answer is no yes.
    assert_eq!(house.claim_one(buyer(), item).await.told(), (503, "unavailable"));
    house.close().await;
}

#[tokio::test]
async fn a_claim_takes_its_trace_to_the_queue() {
    let house = House::open(quick()).await;
    let item = open_sale(&house, Planned::default()).await;
    let (who, trace) = (buyer(), "4bf92f3577b34da6a3ce929d0e0e4736");
    let request = Request::post(format!("/api/v1/sale-items/{item}/claims"))
        .header("authorization", format!("Bearer {}", house.token(who)))
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    assert_eq!(house.ask(request.body(Body::empty()).unwrap()).await.status, 202);
    let queue = &house.stores.queue;
    let taken = queue.take(partition_of(item, queue.partitions()), 100).await.unwrap();
    let theirs = taken.iter().find(|one| one.message.commands.iter().any(|command| command.claim().buyer_id == who));
    let told = theirs.unwrap().message.trace.as_deref().and_then(Trace::read).unwrap();
    assert_eq!(told.id(), trace);
    assert!(taken.iter().all(|one| one.message.trace.is_some()), "a put without a caller's trace begins one");
    house.close().await;
}

async fn with_queue(queue: Arc<dyn sale::port::queue::ClaimQueue>) -> House {
    let mut config = quick();
    config.accept.put_wait = Dur::of_ms(100);
    House::with(config, |stores| Stores { queue, ..stores }).await
}

#[tokio::test]
async fn a_store_that_does_not_answer_never_means_yes() {
    let sick: [Arc<dyn sale::port::queue::ClaimQueue>; 3] =
        [Arc::new(SickQueue(QueueError::Unavailable)), Arc::new(SickQueue(QueueError::Full)), Arc::new(DeafQueue)];
    for queue in sick {
        let house = with_queue(queue).await;
        let item = open_sale(&house, Planned::default()).await;
        let who = buyer();
        for _ in 0..2 {
            let answer = house.claim_one(who, item).await;
            assert_eq!(answer.told(), (503, "unavailable"));
            assert!(answer.retry_after.is_some() && answer.body.get("receipt").is_none());
        }
        house.close().await;
    }
}

#[tokio::test]
async fn a_full_door_sheds_at_once() {
    let mut config = quick();
    (config.accept.put_wait, config.accept.waiting_max) = (Dur::of_s(2), 1);
    let house = House::with(config, |stores| Stores { queue: Arc::new(DeafQueue), ..stores }).await;
    let (_, item) = house.plan(Planned::default()).await;
    until("the item is known", || async {
        let quick = tokio::time::timeout(Duration::from_millis(50), house.claim_one(buyer(), item)).await;
        // 404 comes at once; a claim that waits for the queue does not.
        quick.is_err()
    })
    .await;
    let crowd = (0..4).map(|_| tokio::time::timeout(Duration::from_millis(500), house.claim_one(buyer(), item)));
    let answers = futures_util::future::join_all(crowd).await;
    assert!(answers.iter().flatten().any(|answer| answer.told() == (503, "unavailable")));
    house.close().await;
}

/// The same claim over a line of its own: what is refused from memory is refused before any route.
async fn claim_by_the_short_way(house: &House, who: UserId, item: SaleItemId) -> String {
    let token = house.token(who);
    let request = format!(
        "POST /api/v1/sale-items/{item}/claims HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 0\r\n\r\n"
    );
    let mut stream = TcpStream::connect(house.addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    house::raw::answer(&mut stream).await
}

#[tokio::test]
async fn who_would_wait_too_long_is_turned_away_until_the_line_is_short() {
    let house = House::open(quick()).await;
    let item = open_sale(&house, Planned { allotment: 10_000, ..Planned::default() }).await;
    let crowd = futures_util::future::join_all((0..600).map(|_| house.claim_one(buyer(), item))).await;
    assert!(crowd.iter().all(|answer| answer.status == 202), "nobody knows yet how fast anybody decides");
    let decided: Vec<ClaimView> = house.decide().await.into_iter().flat_map(|done| done.claims).collect();
    assert!(decided.len() >= 600);
    // Word of them comes one by one: hundreds wait, and a few a second are decided.
    let news = Mutex::new(decided.iter().take(300).cloned());
    let refused = || async {
        let next = news.lock().unwrap().next();
        house.tell(Told::Claim(next.expect("the door keeps on letting everybody in"))).await;
        house.claim_one(buyer(), item).await
    };
    until("the door turns away", || async { refused().await.told() == (503, "unavailable") }).await;
    let answer = refused().await;
    assert!(answer.retry_after.is_some() && !answer.limits, "that was no claim, and took no token");
    let short = claim_by_the_short_way(&house, buyer(), item).await;
    assert!(short.starts_with("HTTP/1.1 503") && short.contains("retry-after: "), "{short}");
    assert!(short.contains("so many came at once"), "{short}");

    for view in decided {
        house.tell(Told::Claim(view)).await;
    }
    until("the line is short", || async { house.claim_one(buyer(), item).await.status == 202 }).await;
    house.close().await;
}

#[tokio::test]
async fn without_a_confirmed_schedule_nothing_opens() {
    let mut config = quick();
    config.schedule.trust = Dur::of_ms(100);
    let house = House::open(config).await;
    let (sale, item) = house.plan(Planned { opens_in_ms: 500, ..Planned::default() }).await;
    let mut client = house.connect().await;
    assert_eq!(client.watch(sale).await["state"], "waiting_room");
    known(&house, item).await;
    house.journal.close().await;
    let told = client.all_for(Duration::from_millis(1000)).await;
    assert!(told.iter().all(|frame| frame["state"] == "waiting_room"), "{told:?}");
    assert_eq!(house.claim_one(buyer(), item).await.told(), (403, "not_open"));
    house.close().await;
}

#[tokio::test]
async fn nothing_is_let_in_before_the_opening_by_the_journals_clock() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned { opens_in_ms: 400, ..Planned::default() }).await;
    let opens_at = house.journal.sale(sale).await.unwrap().unwrap().sale.opens_at;
    until("the first claim is let in", || async { house.claim_one(buyer(), item).await.status == 202 }).await;
    assert!(house.now() >= opens_at && house.now() - opens_at < 500);
    let ratified = house.decide().await;
    assert!(ratified.iter().flat_map(|done| &done.claims).all(|claim| claim.reason.is_none()), "{ratified:?}");
    house.close().await;
}

#[tokio::test]
async fn either_half_runs_alone() {
    let mut config = quick();
    config.push.on = false;
    let house = House::open(config).await;
    let item = open_sale(&house, Planned::default()).await;
    assert_eq!(house.claim_one(buyer(), item).await.status, 202);
    assert_eq!(house.try_connect(&[]).await.err(), Some(404));
    house.close().await;

    let mut config = quick();
    config.accept.on = false;
    let house = House::open(config).await;
    let (sale, item) = house.plan(Planned::default()).await;
    let mut client = house.connect_as(buyer(), sale).await;
    client.send(json!({"type": "claim", "sale_item_id": item})).await;
    assert_eq!(house::code(&client.until("refused").await), "unavailable");
    assert_eq!(house.claim_one(buyer(), item).await.status, 404);
    house.close().await;
}

#[tokio::test]
async fn a_stopping_door_takes_nothing_in_and_finishes_what_it_has() {
    let house = House::open(quick()).await;
    let item = open_sale(&house, Planned::default()).await;
    let who = buyer();
    let (in_flight, ()) = tokio::join!(house.claim_one(who, item), async { house.life.stop_softly() });
    assert!([202, 503].contains(&in_flight.status.as_u16()));
    assert_eq!(house.claim_one(buyer(), item).await.told(), (503, "unavailable"));
    house.close().await;
}
