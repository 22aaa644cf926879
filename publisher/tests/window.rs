//! The window: what a socket may ask, and what it hears.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::{House, Planned, buyer, code, quick, until};
use kit::config::Dur;
use sale::{
    ids::{SaleId, UserId},
    port::crowd::Heads,
    told::{NoticeCode, Told},
};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const STAFF: UserId = UserId(Uuid::nil());

#[tokio::test]
async fn the_door_greets_tells_the_time_and_knows_only_its_own_language() {
    let house = House::open(quick()).await;
    let protocol = ("sec-websocket-protocol", "miaosha.v1");
    let mut client = house.try_connect(&[("sec-websocket-protocol", "other, miaosha.v1")]).await.unwrap();
    let before = house.now().0;
    let hello = client.next().await;
    assert_eq!((&hello["type"], &hello["heartbeat_s"]), (&json!("hello"), &json!(25)));
    assert!((hello["server_time"].as_i64().unwrap() - before).abs() < 1000, "{hello}");
    client.send(json!({"type": "clock", "t0": -7})).await;
    let clock = client.next().await;
    assert_eq!((&clock["type"], &clock["t0"]), (&json!("clock"), &json!(-7)));
    assert!((clock["t1"].as_i64().unwrap() - house.now().0).abs() < 1000, "{clock}");

    assert_eq!(house.try_connect(&[("sec-websocket-protocol", "graphql-ws")]).await.err(), Some(400));
    assert_eq!(house.try_connect(&[protocol, ("origin", "https://evil.example")]).await.err(), Some(403));
    assert_eq!(house.try_connect(&[protocol, ("origin", "null")]).await.err(), Some(403));
    let own = format!("http://{}", house.addr);
    assert!(house.try_connect(&[protocol, ("origin", &own)]).await.is_ok());
    assert!(house.try_connect(&[]).await.is_ok(), "none offered: ours is meant");
    house.close().await;
}

#[tokio::test]
async fn who_watches_gets_a_snapshot_and_then_every_turn_once_at_its_instant() {
    let house = House::open(quick()).await;
    let planned = Planned { opens_in_ms: 1200, waiting_room_before_ms: 600, lasts_ms: 600, ..Planned::default() };
    let (sale, item) = house.plan(planned).await;
    let mut client = house.connect().await;
    let first = client.watch(sale).await;
    assert_eq!((&first["state"], &first["items"][0]["id"]), (&json!("scheduled"), &json!(item)));
    let turns = ["waiting_room_opens_at", "opens_at", "closes_at"].map(|name| first[name].as_i64().unwrap());
    let mut last = first["version"].as_i64().unwrap();
    for (state, at) in ["waiting_room", "open", "closed"].into_iter().zip(turns) {
        let told = client.find(|frame| frame["type"] == "sale" && frame["version"].as_i64() > Some(last)).await;
        let late_ms = house.now().0 - at;
        assert_eq!(told["state"], state);
        assert!((0..250).contains(&late_ms), "{state} was told {late_ms} ms late");
        let version = told["version"].as_i64().unwrap();
        assert!(version > last);
        last = version;
    }
    let more = client.all_for(Duration::from_millis(300)).await;
    assert!(more.is_empty(), "each is told once: {more:?}");
    house.close().await;
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_and_the_rest_is_watched() {
    let mut config = quick();
    config.push.watched_max = 2;
    let house = House::open(config).await;
    let (one, _) = house.plan(Planned::default()).await;
    let (two, _) = house.plan(Planned::default()).await;
    let (three, _) = house.plan(Planned::default()).await;
    let mut client = house.connect().await;
    client.send(json!({"type": "watch", "sale_ids": [Uuid::from_u128(9), one, two, three]})).await;
    let unknown = client.next().await;
    assert_eq!(
        (code(&unknown), &unknown["op"], &unknown["sale_id"]),
        ("not_found", &json!("watch"), &json!(Uuid::from_u128(9)))
    );
    assert_eq!(client.next().await["sale_id"], json!(one));
    assert_eq!(client.next().await["sale_id"], json!(two));
    let full = client.next().await;
    assert_eq!((code(&full), &full["sale_id"]), ("too_many", &json!(three)));
    assert_eq!(house.publisher.heads(one), Heads { sockets: 1, watching: 1 });
    client.hang_up().await;
    until("the socket is gone", || async { house.publisher.heads(one) == Default::default() }).await;
    house.close().await;
}

#[tokio::test]
async fn staff_read_how_many_are_at_all_doors_and_a_door_that_closes_takes_its_own_along() {
    let mut config = quick();
    config.push.count_every = Dur::of_ms(20);
    let house = House::open(config.clone()).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let another = house.another_door(config).await;
    let (here, mut there, elsewhere) =
        (house.connect_as(buyer(), sale).await, house.connect_to(another).await, house.connect().await);
    there.watch(sale).await;
    let heads = async || house.stores.crowd.heads(sale).await;
    until("all to be counted", async || heads().await == Ok(Heads { sockets: 3, watching: 2 })).await;
    house.life.stop_softly();
    until("the doors to be closed", async || heads().await == Ok(Heads::default())).await;
    for client in [here, there, elsewhere] {
        client.hang_up().await;
    }
    house.close().await;
}

#[tokio::test]
async fn a_claim_over_the_socket_is_accepted_decided_and_heard_in_every_tab() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned::default()).await;
    let (who, other) = (buyer(), buyer());
    let mut tabs = [house.connect_as(who, sale).await, house.connect_as(who, sale).await];
    let mut stranger = house.connect_as(other, sale).await;
    tabs[0].send(json!({"type": "claim", "sale_item_id": item})).await;
    let accepted = tabs[0].until("accepted").await;
    let receipt = house.keys.verify_receipt(accepted["receipt"].as_str().unwrap()).unwrap();
    assert_eq!((receipt.buyer_id, json!(receipt.claim_id)), (who, accepted["claim_id"].clone()));
    house.decide_and_tell().await;
    for tab in &mut tabs {
        let claim = tab.until("claim").await;
        assert_eq!((&claim["state"], &claim["claim_id"]), (&json!("held"), &accepted["claim_id"]));
        let pass = house.keys.verify_pass(claim["purchase_pass"].as_str().unwrap()).unwrap();
        assert_eq!((pass.buyer_id, json!(pass.deadline.0)), (who, claim["deadline"].clone()));
    }
    tabs[0].send(json!({"type": "claim", "sale_item_id": item})).await;
    assert_eq!(tabs[0].until("claim").await["state"], "held", "a repeat after the decision: the present claim");
    tabs[0].send(json!({"type": "claim", "sale_item_id": item, "attempt": 2})).await;
    assert_eq!(code(&tabs[0].until("refused").await), "already_claimed");
    let heard = stranger.all_for(Duration::from_millis(300)).await;
    assert!(heard.iter().all(|frame| frame["type"] == "sale"), "nobody hears of somebody else's claim: {heard:?}");
    house.close().await;
}

#[tokio::test]
async fn who_reconnects_is_told_the_present_state_first_and_may_give_it_back() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned::default()).await;
    let who = buyer();
    let mut client = house.connect_as(who, sale).await;
    client.send(json!({"type": "claim", "sale_item_id": item, "quantity": 2})).await;
    let id = client.until("accepted").await["claim_id"].clone();
    client.hang_up().await;
    // Decided while nobody is there, and told to nobody.
    house.decide().await;
    let mut client = house.connect_as(who, sale).await;
    let claim = client.until("claim").await;
    assert_eq!((&claim["claim_id"], &claim["state"], &claim["quantity"]), (&id, &json!("held"), &json!(2)));
    assert!(claim["purchase_pass"].is_string());

    client.send(json!({"type": "withdraw", "claim_id": id})).await;
    until("the withdrawal is on the queue", || async { house.stores.queue.depth().await.unwrap() == 1 }).await;
    house.decide_and_tell().await;
    let ended = client.until("claim").await;
    assert_eq!(ended["state"], "withdrawn");
    assert!(ended["version"].as_i64() > claim["version"].as_i64() && ended.get("purchase_pass").is_none());
    client.send(json!({"type": "withdraw", "claim_id": id})).await;
    assert_eq!(client.until("claim").await["state"], "withdrawn", "a repeat is harmless");
    client.hang_up().await;
    house.close().await;
}

#[tokio::test]
async fn what_may_not_be_asked_is_refused_with_its_word() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned { opens_in_ms: 60_000, ..Planned::default() }).await;
    let mut client = house.connect().await;
    client.watch(sale).await;
    let (claim, withdraw) =
        (json!({"type": "claim", "sale_item_id": item}), json!({"type": "withdraw", "claim_id": Uuid::from_u128(1)}));
    for frame in [&claim, &withdraw] {
        client.send(frame.clone()).await;
        let refused = client.until("refused").await;
        assert_eq!((code(&refused), &refused["op"]), ("unauthorized", &frame["type"]));
    }
    client.send(json!({"type": "auth", "access_token": house.token(buyer())})).await;
    for (frame, word) in [(&claim, "not_open"), (&withdraw, "not_found")] {
        client.send(frame.clone()).await;
        assert_eq!(code(&client.until("refused").await), word);
    }
    client.send(json!({"type": "auth", "access_token": "nonsense"})).await;
    assert_eq!(client.end().await.1, 4401);
    house.close().await;
}

#[tokio::test]
async fn places_on_standby_are_told_when_they_move() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned { allotment: 1, ..Planned::default() }).await;
    let crowd = [buyer(), buyer(), buyer()];
    let mut clients = vec![];
    for who in crowd {
        let mut client = house.connect_as(who, sale).await;
        client.send(json!({"type": "claim", "sale_item_id": item})).await;
        client.until("accepted").await;
        clients.push(client);
    }
    house.decide_and_tell().await;
    let last = clients[2].find(|frame| frame["type"] == "claim" && frame["position"] == 2).await;
    assert_eq!(last["state"], "standby");
    assert!(last["odds"].is_u64());
    let ahead = house.journal.claims_of(crowd[1], Some(item)).await.unwrap().remove(0);
    let done = house.journal.withdraw_now(crowd[1], ahead.claim_id).await.unwrap();
    house.tell_ratified(&done).await;
    let moved = clients[2].find(|frame| frame["type"] == "claim" && frame["position"] == 1).await;
    assert_eq!((&moved["version"], &moved["claim_id"]), (&last["version"], &last["claim_id"]));
    house.close().await;
}

#[tokio::test]
async fn what_the_bus_lost_is_read_again() {
    let mut config = quick();
    config.schedule.silence_max = Dur::of_ms(100);
    let house = House::open(config).await;
    let (sale, item) = house.plan(Planned::default()).await;
    let mut client = house.connect_as(buyer(), sale).await;
    client.send(json!({"type": "claim", "sale_item_id": item})).await;
    client.until("accepted").await;
    house.decide().await;
    let claim = client.until("claim").await;
    assert!(claim["state"] == "held" && claim["purchase_pass"].is_string());
    let more = client.all_for(Duration::from_millis(400)).await;
    assert!(more.iter().all(|frame| frame["type"] == "sale"), "silence is no stream of repeats: {more:?}");
    house.close().await;
}

#[tokio::test]
async fn stock_and_notices_reach_who_watches() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned { allotment: 3, ..Planned::default() }).await;
    let mut client = house.connect().await;
    client.watch(sale).await;
    until("claimed", || async { house.claim_one(buyer(), item).await.status == 202 }).await;
    house.decide_and_tell().await;
    let told = client.find(|frame| frame["type"] == "sale" && frame["items"][0]["held"] == 1).await;
    assert_eq!((&told["items"][0]["available"], &told["items"][0]["state"]), (&json!(2), &json!("on_sale")));
    house.tell(Told::Notice { sale_id: sale, code: NoticeCode::Extended, until_ms: Some(5) }).await;
    let notice = client.until("notice").await;
    assert_eq!((code(&notice), &notice["until"], &notice["sale_id"]), ("extended", &json!(5), &json!(sale)));
    house.journal.beat().await.unwrap();
    house.journal.pause_sale(STAFF, sale).await.unwrap();
    house.tell(Told::Sale { sale_id: sale }).await;
    assert_eq!(client.until("sale").await["state"], "paused");
    house.close().await;
}

#[tokio::test]
async fn the_third_frame_that_nobody_understands_ends_the_socket() {
    let house = House::open(quick()).await;
    let mut client = house.connect().await;
    client.send_text("{").await;
    assert_eq!(code(&client.next().await), "malformed_json");
    client.send(json!({"type": "dance"})).await;
    assert_eq!(code(&client.next().await), "unknown_frame");
    client.send(json!({"type": "clock", "t0": 1})).await;
    assert_eq!(client.next().await["type"], "clock", "the connection goes on");
    client.send_binary().await;
    let (last, close) = client.end().await;
    assert_eq!((code(&last[0]), close), ("binary", 1008));

    for wrong in [
        json!({"type": "clock"}),
        json!({"type": "clock", "t0": "1"}),
        json!({"type": "watch", "sale_id": 1}),
        json!(["clock", 1]),
    ] {
        let mut client = house.connect().await;
        client.send(wrong.clone()).await;
        assert_eq!(code(&client.next().await), "unknown_frame", "{wrong}");
    }
    house.close().await;
}

#[tokio::test]
async fn what_is_too_big_or_too_much_ends_the_socket() {
    let mut config = quick();
    config.push.frames_burst = 10;
    let house = House::open(config).await;
    for bytes in [4097, 20_000] {
        let mut client = house.connect().await;
        client.send_text(&"x".repeat(bytes)).await;
        assert_eq!(client.end().await.1, 1009, "{bytes}");
    }
    let mut client = house.connect().await;
    for n in 0..11 {
        client.send(json!({"type": "clock", "t0": n})).await;
    }
    assert_eq!(client.end().await.1, 4429);
    house.close().await;
}

#[tokio::test]
async fn bytes_that_cannot_be_read_end_the_socket_with_a_word() {
    const MASK: [u8; 4] = [0; 4];
    let house = House::open(quick()).await;
    let cases: [(&str, Vec<u8>, u16); 5] = [
        ("text that is no UTF-8", [&[0x81, 0x82][..], &MASK, b"\xc3\x28"].concat(), 1007),
        ("a close reason that is no UTF-8", [&[0x88, 0x83][..], &MASK, &1000u16.to_be_bytes(), b"\xff"].concat(), 1007),
        ("a reserved bit", [&[0xc1, 0x81][..], &MASK, b"x"].concat(), 1002),
        ("no mask", b"\x81\x01x".to_vec(), 1002),
        ("a continuation of nothing", [&[0x80, 0x81][..], &MASK, b"x"].concat(), 1002),
    ];
    for (what, bytes, close) in cases {
        let mut client = house.connect().await;
        client.send_raw(&bytes).await;
        assert_eq!(client.end().await.1, close, "{what}");
    }
    house.close().await;
}

#[tokio::test]
async fn sockets_are_bounded_by_address_and_by_buyer() {
    let mut config = quick();
    (config.push.sockets_per_address, config.push.sockets_per_buyer) = (3, 2);
    let house = House::open(config).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let who = buyer();
    let first = house.connect_as(who, sale).await;
    let _second = house.connect_as(who, sale).await;
    let _third = house.connect_as(who, sale).await;
    let (last, close) = first.end().await;
    assert_eq!((code(&last[last.len() - 1]), close), ("replaced", 4429));
    until("the place is free again", || async { house.publisher.heads(sale).sockets == 2 }).await;
    let _fourth = house.connect().await;
    assert_eq!(house.try_connect(&[]).await.err(), Some(429));
    house.close().await;
}

#[tokio::test]
async fn who_answers_no_ping_is_let_go() {
    let mut config = quick();
    config.push.heartbeat = Dur::of_ms(50);
    let house = House::open(config).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let deaf = house.connect().await;
    let mut well = house.connect().await;
    let reading = tokio::spawn(async move { well.all_for(Duration::from_millis(1000)).await });
    until("the deaf one is let go", || async { house.publisher.heads(sale).sockets == 1 }).await;
    assert!(reading.await.unwrap().is_empty());
    drop(deaf);
    house.close().await;
}

#[tokio::test]
async fn who_claims_at_one_door_hears_of_it_at_another() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned::default()).await;
    let other = house.another_door(quick()).await;
    let who = buyer();
    let mut there = house.connect_to(other).await;
    there.watch(sale).await;
    there.send(json!({"type": "auth", "access_token": house.token(who)})).await;
    there.until("session").await;
    until("claimed", || async { house.claim_one(who, item).await.status == 202 }).await;
    house.decide_and_tell().await;
    assert_eq!(there.until("claim").await["state"], "held");
    there.hang_up().await;
    house.close().await;
}

#[tokio::test]
async fn a_token_that_is_over_ends_the_socket_after_its_grace() {
    let mut config = quick();
    (config.push.heartbeat, config.push.token_grace) = (Dur::of_ms(50), Dur::of_ms(0));
    let house = House::open(config).await;
    let mut client = house.connect().await;
    let token = house.keys.access(buyer(), kit::tokens::Role::Buyer, house.now(), Duration::from_secs(1));
    client.send(json!({"type": "auth", "access_token": token})).await;
    assert_eq!(client.end().await.1, 4401);
    house.close().await;
}

#[tokio::test]
async fn at_the_stop_everybody_is_told_when_to_come_back() {
    let house = House::open(quick()).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let clients = [house.connect_as(buyer(), sale).await, house.connect().await];
    house.life.stop_softly();
    for client in clients {
        let (last, close) = client.end().await;
        let bye = &last[last.len() - 1];
        assert_eq!((code(bye), close), ("restart", 1012));
        assert!(bye["resume_after_ms"].as_i64().unwrap() >= 0);
    }
    house.close().await;
}

/// A sale that only one test's sockets watch, and enough news of it to fill every buffer between us and who does not read.
async fn flood(house: &House, sale: SaleId, until_ms: i64) {
    const BATCH: i64 = 500;
    for first in (0..until_ms).step_by(BATCH as usize) {
        let notice = |n| Told::Notice { sale_id: sale, code: NoticeCode::Extended, until_ms: Some(n) };
        house.stores.bus.tell((first..first + BATCH).map(notice).collect()).await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_does_not_delay_the_others() {
    let mut config = quick();
    config.push.write_wait = Dur::of_ms(300);
    let house = House::open(config).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let mut slow = house.connect().await;
    slow.watch(sale).await;
    let mut quick = house.connect().await;
    quick.watch(sale).await;
    assert_eq!(house.publisher.heads(sale).watching, 2);
    let reader = tokio::spawn(async move {
        let last = quick.find(|frame| frame["until"] == 1_000_000).await;
        (quick, last)
    });
    // `slow` reads nothing from here on, until the server gives it up.
    let begun = std::time::Instant::now();
    while house.publisher.heads(sale).watching == 2 && begun.elapsed() < Duration::from_secs(60) {
        flood(&house, sale, 5_000).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(house.publisher.heads(sale).watching, 1, "the slow one was given up");
    house.tell(Told::Notice { sale_id: sale, code: NoticeCode::Extended, until_ms: Some(1_000_000) }).await;
    // It reads all that was told on the way, frame after frame and none later than its patience.
    let (_quick, last): (_, Value) = reader.await.unwrap();
    assert_eq!(code(&last), "extended");
    drop(slow);
    house.close().await;
}

#[tokio::test]
async fn who_does_not_know_the_time_lets_nobody_in_to_hear_it() {
    let house = House::open(quick()).await;
    house.life.set_ready(true);
    assert_eq!(house.readiness(&house.publisher).await, 200);
    // A journal that is silent from the beginning.
    house.journal.close().await;
    let (late, addr) = house.another_publisher(quick()).await;
    assert_eq!(house.readiness(&late).await, 503, "it has nothing to say yet");
    assert_eq!(house::socket::shut(addr).await, Some(503));
    house.close().await;
}
