//! Deciding: who claims gets what the rules say, once, whatever the queue does.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use std::time::Duration;

use contract::{
    fresh::{self, until},
    shop::{Shop, Terms},
};
use house::{Ear, start};
use kit::testing::Log;
use sale::{
    claim::{ClaimState, ClaimView, Command, Reason},
    ids::{SaleItemId, UserId, claim_id},
    port::queue::Message,
    told::Told,
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

#[tokio::test]
async fn the_last_unit_goes_to_one_of_two_buyers_and_the_other_stands_by() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 1, standby_limit: 1, ..Terms::default() }).await;
    let mut ear = Ear::of(&shop).await;
    start(&shop);
    let buyers: Vec<UserId> = (0..3).map(|_| fresh::buyer()).collect();
    shop.put(sale.item_id, buyers.iter().map(|buyer| shop.claim(sale.item_id, *buyer, 1, 1))).await;
    let expected = [ClaimState::Held, ClaimState::Standby, ClaimState::Refused];
    for (buyer, state) in buyers.iter().zip(expected) {
        let view = ear.hears(claim_id(sale.item_id, *buyer, 1), |_| true).await;
        assert_eq!(view.state, state);
        assert_eq!(Some(view), shop.view(sale.item_id, *buyer, 1).await, "told is what is committed");
    }
    shop.until_queue_is_empty().await;
    shop.close().await;
}

#[tokio::test]
async fn a_doubled_and_reordered_crowd_is_decided_once_each() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 20, standby_limit: 10, ..Terms::default() }).await;
    let buyers: Vec<UserId> = (0..60).map(|_| fresh::buyer()).collect();
    let claim = |buyer: &UserId| shop.claim(sale.item_id, *buyer, 1, 1);
    shop.put(sale.item_id, buyers.iter().map(claim)).await;
    shop.put(sale.item_id, buyers.iter().rev().map(claim)).await;
    start(&shop);
    shop.put(sale.item_id, buyers.iter().skip(7).chain(&buyers).map(claim)).await;
    shop.until_queue_is_empty().await;
    let mut states = vec![];
    for buyer in &buyers {
        states.push(shop.view(sale.item_id, *buyer, 1).await.unwrap().state);
    }
    let count = |state| states.iter().filter(|other| **other == state).count();
    assert_eq!((count(ClaimState::Held), count(ClaimState::Standby), count(ClaimState::Refused)), (20, 10, 30));
    // First come, first served.
    assert!(states[..20].iter().all(|state| *state == ClaimState::Held));
    shop.close().await;
}

#[tokio::test]
async fn who_withdraws_before_the_decision_wins_nothing() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 1, ..Terms::default() }).await;
    let (hasty, steady) = (fresh::buyer(), fresh::buyer());
    let item = sale.item_id;
    shop.put(item, [shop.claim(item, hasty, 1, 1), shop.withdraw(item, hasty, 1)]).await;
    shop.put(item, [shop.claim(item, steady, 1, 1)]).await;
    start(&shop);
    shop.until_queue_is_empty().await;
    assert_eq!(shop.view(item, hasty, 1).await.unwrap().state, ClaimState::Withdrawn);
    assert_eq!(shop.view(item, steady, 1).await.unwrap().state, ClaimState::Held);
    shop.close().await;
}

#[tokio::test]
async fn a_withdraw_that_overtook_its_claim_is_the_end_of_it() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms::default()).await;
    let (buyer, item) = (fresh::buyer(), sale.item_id);
    shop.put(item, [shop.withdraw(item, buyer, 1)]).await;
    start(&shop);
    shop.until_queue_is_empty().await;
    shop.put(item, [shop.claim(item, buyer, 1, 1)]).await;
    shop.until_queue_is_empty().await;
    assert_eq!(shop.view(item, buyer, 1).await.unwrap().state, ClaimState::Withdrawn);
    shop.close().await;
}

#[tokio::test]
async fn who_asks_for_more_than_the_limit_is_told_so() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { purchase_limit: 2, ..Terms::default() }).await;
    let (greedy, item) = (fresh::buyer(), sale.item_id);
    start(&shop);
    shop.put(item, [shop.claim(item, greedy, 1, 3)]).await;
    let view = shop.until_state(item, greedy, ClaimState::Refused).await;
    assert_eq!(view.reason, Some(Reason::LimitReached));
    shop.until_queue_is_empty().await;
    shop.close().await;
}

#[tokio::test]
async fn what_is_said_of_a_batch_names_the_traces_that_led_to_it() {
    let log = Log::listen();
    let shop = Shop::open().await;
    let item = shop.plan(Terms::default()).await.item_id;
    let traces = ["4bf92f3577b34da6a3ce929d0e0e4736", "018bcfe568007a1f8000a1b2c3d4e5f6"];
    let put = |trace| {
        let Command::Claim(mut forged) = shop.claim(item, fresh::buyer(), 1, 1) else { unreachable!() };
        forged.id = fresh::claim_id();
        let trace = Some(format!("00-{trace}-00f067aa0ba902b7-00"));
        Message { trace, ..Message::new(item, vec![Command::Claim(forged)]) }
    };
    shop.stores.queue.put(traces.map(put).into()).await.unwrap();
    start(&shop);
    shop.until_queue_is_empty().await;
    let lines = log.lines();
    let alarm = lines.iter().find(|line| line["message"].as_str().is_some_and(|text| text.contains("parked")));
    let span = &alarm.expect("an alarm")["span"];
    assert_eq!(
        (&span["name"], &span["trace_id"], &span["joined"]),
        (&"decide".into(), &traces[0].into(), &traces[1].into())
    );
    shop.close().await;
}

#[tokio::test]
async fn a_forged_claim_is_put_aside_and_its_neighbours_are_decided() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 3, ..Terms::default() }).await;
    let item = sale.item_id;
    let honest = [fresh::buyer(), fresh::buyer()];
    let Command::Claim(mut forged) = shop.claim(item, fresh::buyer(), 1, 1) else { unreachable!() };
    forged.id = fresh::claim_id();
    let [first, second] = honest.map(|buyer| shop.claim(item, buyer, 1, 1));
    shop.put(item, [first, Command::Claim(forged), second]).await;
    start(&shop);
    shop.until_queue_is_empty().await;
    for buyer in honest {
        assert_eq!(shop.view(item, buyer, 1).await.unwrap().state, ClaimState::Held);
    }
    let parked = shop.journal.parked(10).await.unwrap();
    assert_eq!(parked.len(), 1, "{parked:?}");
    // The unit that the ledger had granted to the forger is there for somebody honest.
    let third = fresh::buyer();
    shop.put(item, [shop.claim(item, third, 1, 1)]).await;
    assert_eq!(shop.until_state(item, third, ClaimState::Held).await.quantity, 1);
    shop.until_queue_is_empty().await;
    shop.close().await;
}

#[tokio::test]
async fn a_claim_on_nothing_is_put_aside_and_the_queue_goes_on() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms::default()).await;
    start(&shop);
    let (nothing, buyer) = (fresh::item(), fresh::buyer());
    shop.put(nothing, [shop.claim(nothing, buyer, 1, 1)]).await;
    shop.put(sale.item_id, [shop.claim(sale.item_id, buyer, 1, 1)]).await;
    shop.until_state(sale.item_id, buyer, ClaimState::Held).await;
    shop.until_queue_is_empty().await;
    assert_eq!(shop.journal.parked(10).await.unwrap().len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_claim_that_cannot_be_decided_is_refused_for_its_receipt_was_a_promise() {
    let shop = Shop::open().await;
    let (broken, whole) = (shop.plan(Terms::default()).await.item_id, shop.plan(Terms::default()).await.item_id);
    // As no bug of ours ever should: from now on whatever touches this row is refused by its constraint.
    set_taken(&shop, broken, 1_000_000).await;
    let (buyer, mut ear) = (fresh::buyer(), Ear::of(&shop).await);
    start(&shop);
    shop.put(broken, [shop.claim(broken, buyer, 1, 1)]).await;
    shop.put(whole, [shop.claim(whole, buyer, 1, 1)]).await;
    let refused = |claim: &ClaimView| claim.reason == Some(Reason::Failed);
    ear.hears(claim_id(broken, buyer, 1), refused).await;
    assert_eq!(shop.until_state(broken, buyer, ClaimState::Refused).await.reason, Some(Reason::Failed));
    assert_eq!(shop.journal.parked(10).await.unwrap().len(), 1);
    shop.until_state(whole, buyer, ClaimState::Held).await;
    set_taken(&shop, broken, 0).await;
    shop.close().await;
}

/// Writes past the journal and past its constraints.
async fn set_taken(shop: &Shop, item: SaleItemId, taken: i64) {
    let file = SqliteConnectOptions::new().filename(shop.journal_file()).busy_timeout(Duration::from_secs(10));
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut db).await.unwrap();
    let set = sqlx::query("UPDATE sale_item SET taken = $1 WHERE id = $2").bind(taken).bind(item.0);
    assert_eq!(set.execute(&mut db).await.unwrap().rows_affected(), 1);
    db.close().await.unwrap();
}

#[tokio::test]
async fn the_doors_hear_when_nothing_is_left_to_claim() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 1, standby_limit: 0, ..Terms::default() }).await;
    let mut ear = Ear::of(&shop).await;
    start(&shop);
    let open = |told: &Told| matches!(told, Told::Stock { gate_open: true, .. });
    ear.hears_told(open).await;
    let buyer = fresh::buyer();
    shop.put(sale.item_id, [shop.claim(sale.item_id, buyer, 1, 1)]).await;
    ear.hears_told(|told| matches!(told, Told::Stock { gate_open: false, stock, .. } if stock.held == 1)).await;
    // And again without any change, so that a door does not take silence for an open gate.
    ear.hears_told(|told| matches!(told, Told::Stock { gate_open: false, .. })).await;
    shop.until_queue_is_empty().await;
    shop.journal.withdraw_now(buyer, claim_id(sale.item_id, buyer, 1)).await.unwrap();
    ear.hears_told(open).await;
    shop.close().await;
}

#[tokio::test]
async fn every_task_ends_at_the_soft_stop_and_what_was_not_begun_stays_on_the_queue() {
    let mut shop = Shop::open().await;
    let sale = shop.plan(Terms::default()).await;
    start(&shop);
    shop.close().await;
    let buyer = fresh::buyer();
    shop.put(sale.item_id, [shop.claim(sale.item_id, buyer, 1, 1)]).await;
    assert_eq!(shop.journal.queue_depth().await.unwrap().messages, 1);
    shop = shop.restart().await;
    start(&shop);
    shop.until_state(sale.item_id, buyer, ClaimState::Held).await;
    until("an empty queue", async || shop.stores.queue.depth().await == Ok(0)).await;
    shop.close().await;
}
