//! What staff can do with a sale, and what they cannot once people rely on it.

#![allow(clippy::unwrap_used)]

mod house;

use house::{House, NOW, item_of};
use sale::{
    claim::{ClaimState, Reason},
    told::{NoticeCode, Told},
};
use serde_json::{Value, json};

const SALES: &str = "/api/v1/admin/sales";

fn ms(value: &Value) -> i64 {
    kit::instant::parse_rfc3339(value.as_str().unwrap()).unwrap().0
}

async fn public(house: &House, sale: &Value) -> house::Answer {
    house.ask("GET", &format!("/api/v1/sales/{}", sale["id"].as_str().unwrap()), None, None).await
}

#[tokio::test]
async fn a_planned_sale_is_public_and_its_answer_is_not() {
    let house = House::open().await;
    let question = json!({"text": "Who made it?", "options": ["Sony", "Sega"], "answer": "Sega"});
    let plan = house.plan(3600, 7200, json!({"question": question}));
    let sale = house.lead("POST", SALES, plan).await;
    assert_eq!(
        (&sale["state"], &sale["stage"], &sale["row_version"]),
        (&json!("scheduled"), &json!("published"), &json!(1))
    );
    assert_eq!(sale["items"][0]["question"]["answer"], "Sega");
    assert_eq!(ms(&sale["waiting_room_opens_at"]), ms(&sale["opens_at"]) - 1_800_000);
    let item = &sale["items"][0];
    assert_eq!(
        (&item["purchase_limit"], &item["hold_s"], &item["standby_limit"]),
        (&json!(1), &json!(600), &json!(20))
    );

    let shown = public(&house, &sale).await.is(200);
    assert!(!shown.text.contains("answer"), "{}", shown.text);
    assert_eq!(shown.body["version"], json!(8 + 1));
    let list = house.ask("GET", "/api/v1/sales?state=scheduled,open", None, None).await.is(200);
    assert_eq!(list.body["items"][0]["id"], sale["id"]);
    assert_eq!(list.body["next"], Value::Null);
    assert!(!list.text.contains("answer"));
    let none = house.ask("GET", "/api/v1/sales?state=open", None, None).await.is(200);
    assert_eq!(none.body["items"], json!([]));
    // The ledger knows the item before the doors open.
    let levels = house.ears.levels.lock().unwrap()[&item_of(&sale)];
    assert_eq!((levels.units.limit, levels.places.limit), (10, 20));
    assert!(matches!(house.ears.heard()[..], [Told::Sale { .. }]));
    house.close().await;
}

#[tokio::test]
async fn a_draft_is_hidden_until_it_is_published() {
    let house = House::open().await;
    let mut plan = house.plan(3600, 7200, json!({}));
    plan["draft"] = json!(true);
    let sale = house.lead("POST", SALES, plan).await;
    assert_eq!(sale["state"], "draft");
    public(&house, &sale).await.refused(404, "not_found");
    assert_eq!(house.ask("GET", "/api/v1/sales", None, None).await.body["items"], json!([]));
    assert_eq!(house.ask("GET", "/api/v1/products", None, None).await.body["items"], json!([]));
    let staff = house.staff();
    assert_eq!(house.ask("GET", "/api/v1/products", Some(&staff), None).await.body["items"][0]["name"], "Console");
    assert_eq!(house.ask("GET", SALES, Some(&staff), None).await.body["items"][0]["id"], sale["id"]);

    let path = format!("{SALES}/{}", sale["id"].as_str().unwrap());
    let published = house.lead("PATCH", &path, json!({"draft": false, "title": " Evening sale "})).await;
    assert_eq!((&published["state"], &published["title"]), (&json!("scheduled"), &json!("Evening sale")));
    assert_eq!(published["row_version"], 2);
    public(&house, &sale).await.is(200);
    assert_eq!(house.ask("GET", "/api/v1/products", None, None).await.body["items"][0]["name"], "Console");
    house.close().await;
}

#[tokio::test]
async fn a_plan_that_cannot_be_names_every_wrong_field_and_writes_nothing() {
    let house = House::open().await;
    let cases = [
        (json!({"allotment": 0}), "items[0].allotment"),
        (json!({"allotment": 1_000_001}), "items[0].allotment"),
        (json!({"purchase_limit": 11}), "items[0].purchase_limit"),
        (json!({"purchase_limit": 0}), "items[0].purchase_limit"),
        (json!({"hold_s": 1}), "items[0].hold_s"),
        (json!({"hold_s": 86_401}), "items[0].hold_s"),
        (json!({"standby_limit": 2_000_001}), "items[0].standby_limit"),
        (json!({"price": {"amount_minor": 0, "currency": "TWD"}}), "items[0].price.amount_minor"),
        (json!({"price": {"amount_minor": 100_000_000_001i64, "currency": "TWD"}}), "items[0].price.amount_minor"),
        (json!({"list_price": {"amount_minor": 9, "currency": "EUR"}}), "items[0].list_price"),
        (json!({"product_id": "018f0000-0000-7000-8000-000000000000"}), "items[0]"),
        (json!({"product": {"name": " "}}), "items[0].product.name"),
        (json!({"product": {"name": "x", "image_url": "javascript:alert(1)"}}), "items[0].product.image_url"),
        (json!({"product": {"name": "x", "image_url": "//elsewhere.example/x.png"}}), "items[0].product.image_url"),
        (json!({"question": {"text": "?", "options": ["a"], "answer": "a"}}), "items[0].question.options"),
        (json!({"question": {"text": "?", "options": ["a", "b"], "answer": "c"}}), "items[0].question.answer"),
        (json!({"question": {"text": "?", "options": ["a", " A "], "answer": "a"}}), "items[0].question.options"),
        (json!({"question": {"text": "", "options": ["a", "b"], "answer": "b"}}), "items[0].question.text"),
    ];
    let before = house.commits().await;
    for (more, field) in cases {
        house.clock.advance(200);
        let plan = house.plan(3600, 7200, more);
        let answer = house.ask("POST", SALES, Some(&house.staff()), Some(plan)).await.refused(422, "invalid_body");
        let fields: Vec<_> = answer.body["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
        assert!(fields.contains(&json!(field)), "{field}: {}", answer.text);
    }
    for (opens, closes, field) in
        [(-120, 600, "opens_at"), (600, 600, "closes_at"), (600, 600 + 31 * 86_400, "closes_at")]
    {
        house.clock.advance(200);
        let plan = house.plan(opens, closes, json!({}));
        let answer = house.ask("POST", SALES, Some(&house.staff()), Some(plan)).await.refused(422, "invalid_body");
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    house.clock.advance(200);
    let mut plan = house.plan(600, 900, json!({}));
    plan["items"][0].as_object_mut().unwrap().remove("product");
    plan["items"][0]["product_id"] = json!("018f0000-0000-7000-8000-000000000000");
    let answer = house.ask("POST", SALES, Some(&house.staff()), Some(plan)).await.refused(422, "invalid_body");
    assert_eq!(answer.body["errors"][0]["field"], "items[0].product_id");
    assert_eq!(house.commits().await, before);
    house.close().await;
}

#[tokio::test]
async fn an_opening_is_not_moved_closer_than_ten_seconds_nor_once_it_was() {
    let house = House::open().await;
    let plan = house.plan(3600, 7200, json!({}));
    let sale = house.lead("POST", SALES, plan).await;
    let path = format!("{SALES}/{}", sale["id"].as_str().unwrap());
    let at = |s| kit::instant::to_rfc3339(house.now().plus_s(s));
    let staff = house.staff();
    let send = async |body: Value| house.ask("PATCH", &path, Some(&staff), Some(body)).await;
    send(json!({"opens_at": at(9)})).await.refused(409, "too_late");
    send(json!({"opens_at": at(7200)})).await.refused(422, "invalid_body");
    let sooner = send(json!({"opens_at": at(20)})).await.is(200);
    assert_eq!(sooner.body["state"], "waiting_room", "the waiting room came along and is open now");
    send(json!({"waiting_room_opens_at": at(15)})).await.refused(409, "too_late");
    send(json!({"draft": true})).await.refused(409, "too_late");

    house.pass(21_000).await;
    let staff = house.staff();
    let late = house.ask("PATCH", &path, Some(&staff), Some(json!({"title": "x"}))).await.refused(409, "wrong_state");
    assert_eq!(late.body["state"], "open");
    house.close().await;
}

#[tokio::test]
async fn a_sale_is_opened_in_ten_seconds_and_a_second_tap_moves_nothing() {
    let house = House::open().await;
    let mut plan = house.plan(3600, 7200, json!({}));
    plan["draft"] = json!(true);
    let sale = house.lead("POST", SALES, plan).await;
    let opened = house.verb(&sale, "open", json!({})).await.is(200).body;
    assert_eq!(ms(&opened["opens_at"]), house.now().0 + 10_000);
    assert_eq!(opened["state"], "waiting_room");
    let again = house.verb(&sale, "open", json!({})).await.is(200).body;
    assert_eq!((&again["opens_at"], &again["row_version"]), (&opened["opens_at"], &opened["row_version"]));
    house.pass(10_000).await;
    assert_eq!(public(&house, &sale).await.body["state"], "open");
    house.verb(&sale, "open", json!({})).await.refused(409, "wrong_state");
    house.close().await;
}

#[tokio::test]
async fn a_pause_stops_every_clock_and_nobody_loses_time_by_it() {
    let house = House::open().await;
    let sale = house.open_sale(1).await;
    let held = house.claim(&sale, 10).await;
    assert_eq!(held.state, ClaimState::Held);
    house.ears.heard();

    let paused = house.verb(&sale, "pause", json!({})).await.is(200).body;
    assert_eq!(paused["state"], "paused");
    house.verb(&sale, "pause", json!({})).await.refused(409, "wrong_state");
    assert!(house.ears.heard().iter().any(|t| matches!(t, Told::Notice { code: NoticeCode::Paused, .. })));
    // Long past the deadline.
    house.pass(700_000).await;
    house.journal.sweep(item_of(&sale)).await.unwrap();
    assert_eq!(house.journal.claim(held.claim_id).await.unwrap().unwrap().state, ClaimState::Held);

    let resumed = house.verb(&sale, "resume", json!({})).await.is(200).body;
    let paused_ms = house.now().0 - ms(&paused["paused_at"]);
    assert_eq!(resumed["state"], "open");
    assert_eq!(ms(&resumed["closes_at"]), ms(&sale["closes_at"]) + paused_ms);
    let shifted = house.journal.claim(held.claim_id).await.unwrap().unwrap();
    assert_eq!(shifted.deadline.unwrap().0, held.deadline.unwrap().0 + paused_ms);
    assert_eq!((shifted.generation, shifted.version), (Some(2), held.version + 1));
    let told = house.ears.heard();
    assert!(told.iter().any(|t| matches!(t, Told::Claim(c) if *c == shifted)), "{told:?}");
    assert!(told.iter().any(|t| matches!(t, Told::Notice { code: NoticeCode::Resumed, .. })));
    let knocks = house.ears.knocks.lock().unwrap().clone();
    assert!(knocks.iter().any(|k| k.claim_id == held.claim_id && k.generation == 2));
    house.verb(&sale, "resume", json!({})).await.refused(409, "wrong_state");
    house.close().await;
}

#[tokio::test]
async fn a_restock_feeds_standby_first_and_the_ledger_hears_of_it() {
    let house = House::open().await;
    let sale = house.open_sale(1).await;
    house.claim(&sale, 10).await;
    let waiting = house.claim(&sale, 11).await;
    assert_eq!(waiting.state, ClaimState::Standby);
    house.ears.heard();

    let body = json!({"sale_item_id": sale["items"][0]["id"], "units": 3});
    let stocked = house.verb(&sale, "restock", body).await.is(200).body;
    let item = &stocked["items"][0];
    assert_eq!(
        (&item["allotment"], &item["held"], &item["waiting"], &item["available"]),
        (&json!(4), &json!(2), &json!(0), &json!(2))
    );
    let promoted = house.journal.claim(waiting.claim_id).await.unwrap().unwrap();
    assert_eq!(promoted.state, ClaimState::Held);
    let told = house.ears.heard();
    assert!(told.iter().any(|t| matches!(t, Told::Claim(c) if *c == promoted)), "{told:?}");
    assert!(told.iter().any(|t| matches!(t, Told::Stock { gate_open: true, stock, .. } if stock.allotment == 4)));
    let levels = house.ears.levels.lock().unwrap()[&item_of(&sale)];
    assert_eq!((levels.units.limit, levels.units.drawn), (4, 1));

    let other = house.open_sale(1).await;
    let foreign = json!({"sale_item_id": other["items"][0]["id"], "units": 3});
    house.verb(&sale, "restock", foreign).await.refused(404, "not_found");
    let id = &sale["items"][0]["id"];
    for units in [0, 999_997] {
        let wrong = house.verb(&sale, "restock", json!({"sale_item_id": id, "units": units})).await;
        wrong.refused(422, "invalid_body");
    }
    house.close().await;
}

#[tokio::test]
async fn a_verb_succeeds_while_the_ledger_is_down() {
    let house = House::open().await;
    let sale = house.open_sale(1).await;
    house.ears.ledger_down.store(true, std::sync::atomic::Ordering::SeqCst);
    let body = json!({"sale_item_id": sale["items"][0]["id"], "units": 1});
    house.verb(&sale, "restock", body).await.is(200);
    house.close().await;
}

#[tokio::test]
async fn a_close_refuses_who_waits_and_lets_holds_live_until_the_sale_is_reconciled() {
    let house = House::open().await;
    let sale = house.open_sale(1).await;
    let held = house.claim(&sale, 10).await;
    let waiting = house.claim(&sale, 11).await;
    house.ears.heard();
    let closed = house.verb(&sale, "close", json!({})).await.is(200).body;
    assert_eq!((&closed["state"], &closed["items"][0]["state"]), (&json!("closed"), &json!("closed")));
    let refused = house.journal.claim(waiting.claim_id).await.unwrap().unwrap();
    assert_eq!((refused.state, refused.reason), (ClaimState::Refused, Some(Reason::Closed)));
    assert!(house.ears.heard().iter().any(|t| matches!(t, Told::Claim(c) if *c == refused)));
    assert_eq!(house.journal.claim(held.claim_id).await.unwrap().unwrap().state, ClaimState::Held);
    for verb in ["close", "open", "pause", "resume"] {
        house.verb(&sale, verb, json!({})).await.refused(409, "wrong_state");
    }
    let restock = json!({"sale_item_id": sale["items"][0]["id"], "units": 1});
    house.verb(&sale, "restock", restock).await.refused(409, "wrong_state");
    let later = json!({"closes_at": kit::instant::to_rfc3339(house.now().plus_s(9000))});
    house.verb(&sale, "extend", later).await.refused(409, "wrong_state");

    assert_eq!(house.journal.reconcile_due().await.unwrap(), vec![], "a hold lives");
    house.pass(604_000).await;
    house.journal.sweep(item_of(&sale)).await.unwrap();
    assert_eq!(house.journal.reconcile_due().await.unwrap().len(), 1);
    assert_eq!(house.journal.reconcile_due().await.unwrap(), vec![]);
    assert_eq!(public(&house, &sale).await.body["state"], "reconciled");
    house.close().await;
}

#[tokio::test]
async fn a_paused_sale_that_is_closed_gives_its_holds_their_time_back() {
    let house = House::open().await;
    let sale = house.open_sale(1).await;
    let held = house.claim(&sale, 10).await;
    house.verb(&sale, "pause", json!({})).await.is(200);
    house.pass(60_000).await;
    let closed = house.verb(&sale, "close", json!({})).await.is(200).body;
    assert_eq!((&closed["state"], &closed["paused_at"]), (&json!("closed"), &Value::Null));
    let shifted = house.journal.claim(held.claim_id).await.unwrap().unwrap();
    assert!(shifted.deadline.unwrap().0 >= held.deadline.unwrap().0 + 60_000);
    house.close().await;
}

#[tokio::test]
async fn a_close_moves_only_later() {
    let house = House::open().await;
    let sale = house.open_sale(1).await;
    let at = |s| json!({"closes_at": kit::instant::to_rfc3339(NOW.plus_s(s))});
    house.verb(&sale, "extend", at(7100)).await.refused(422, "invalid_body");
    house.verb(&sale, "extend", at(31 * 86_400)).await.refused(422, "invalid_body");
    let extended = house.verb(&sale, "extend", at(9000)).await.is(200).body;
    assert_eq!(ms(&extended["closes_at"]), NOW.0 + 9_000_000);
    let until = Some(NOW.0 + 9_000_000);
    let told = house.ears.heard();
    assert!(
        told.iter()
            .any(|t| matches!(t, Told::Notice { code: NoticeCode::Extended, until_ms, .. } if *until_ms == until))
    );
    house.close().await;
}

#[tokio::test]
async fn a_repeat_is_the_same_sale_again_in_a_minute() {
    let house = House::open().await;
    let sale = house.open_sale(5).await;
    let again = house.verb(&sale, "repeat", json!({})).await.is(201).body;
    assert_ne!(again["id"], sale["id"]);
    assert_eq!(again["state"], "waiting_room");
    assert_eq!(ms(&again["opens_at"]), house.now().0 + 60_000);
    let (new, old) = (&again["items"][0], &sale["items"][0]);
    assert_ne!(new["id"], old["id"]);
    for same in ["product", "price", "allotment", "purchase_limit", "hold_s", "standby_limit"] {
        assert_eq!(new[same], old[same], "{same}");
    }
    // A client may also say nothing at all.
    house.pass(200).await;
    let path = format!("{SALES}/{}/repeat", sale["id"].as_str().unwrap());
    house.ask("POST", &path, Some(&house.staff()), None).await.is(201);
    house.close().await;
}

#[tokio::test]
async fn every_deed_is_audited_with_who_and_what() {
    let house = House::open().await;
    let sale = house.open_sale(5).await;
    house.verb(&sale, "pause", json!({})).await.is(200);
    house.verb(&sale, "resume", json!({})).await.is(200);
    house.verb(&sale, "pause", json!({})).await.is(200);
    house.verb(&sale, "pause", json!({})).await.refused(409, "wrong_state");
    let path = format!("/api/v1/admin/audit?limit=3&sale_id={}", sale["id"].as_str().unwrap());
    let audit = house.ask("GET", &path, Some(&house.staff()), None).await.is(200).body;
    let actions: Vec<_> = audit["items"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, ["sale.pause", "sale.resume", "sale.pause"]);
    assert_eq!(audit["items"][0]["actor_id"], json!(house::STAFF.to_string()));
    house.close().await;
}

#[tokio::test]
async fn the_live_figures_add_up() {
    let house = House::open().await;
    let sale = house.open_sale(2).await;
    for n in 10..13 {
        house.claim(&sale, n).await;
    }
    let path = format!("{SALES}/{}/live", sale["id"].as_str().unwrap());
    let live = house.ask("GET", &path, Some(&house.staff()), None).await.is(200).body;
    let item = &live["items"][0];
    assert_eq!(
        (&item["free"], &item["held"], &item["standby"], &item["state"]),
        (&json!(0), &json!(2), &json!(1), &json!("all_held"))
    );
    assert_eq!(live["claims"], json!({"received": 6, "decided": 3, "refused": 0}));
    assert_eq!((&live["sockets"], &live["watching"], &live["queue_depth"]), (&json!(7), &json!(5), &json!(3)));
    house.close().await;
}

#[tokio::test]
async fn with_a_stopped_heart_no_verb_judges_time() {
    let house = House::open().await;
    let sale = house.open_sale(2).await;
    house.clock.advance(6_000);
    let path = format!("{SALES}/{}/pause", sale["id"].as_str().unwrap());
    let answer = house.ask("POST", &path, Some(&house.staff()), None).await.refused(503, "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    house.close().await;
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let house = House::open().await;
    for _ in 0..5 {
        house.open_sale(1).await;
    }
    let (mut seen, mut cursor) = (vec![], String::new());
    loop {
        let path = format!("/api/v1/sales?limit=2&cursor={cursor}");
        let page = house.ask("GET", &path, None, None).await.is(200).body;
        seen.extend(page["items"].as_array().unwrap().iter().map(|sale| sale["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 5);
    for wrong in ["cursor=x", "limit=x", "state=sold"] {
        house.ask("GET", &format!("/api/v1/sales?{wrong}"), None, None).await.refused(400, "invalid_query");
    }
    house.close().await;
}

#[tokio::test]
async fn a_list_is_not_asked_for_with_words_it_does_not_know() {
    let house = House::open().await;
    let staff = house.staff();
    for list in ["/sales", "/products", "/me/orders", "/admin/sales", "/admin/audit"] {
        let path = format!("/api/v1{list}?limit=5");
        house.ask("GET", &path, Some(&staff), None).await.is(200);
        let answer =
            house.ask("GET", &format!("{path}&page=2"), Some(&staff), None).await.refused(400, "invalid_query");
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("`page`"), "{list}: {detail}");
    }
    house.close().await;
}
