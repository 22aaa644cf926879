//! Expiring: the unit of whoever does not pay goes to whoever waits, not a moment too early.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use contract::{
    fresh::{self, GLIMPSE, until},
    shop::{Shop, Terms},
};
use house::{Ear, start};
use sale::{
    claim::{ClaimState, Reason},
    ids::claim_id,
    rules::GRACE_MS,
    told::Told,
};

#[tokio::test]
async fn the_unit_of_an_expired_hold_goes_to_the_head_of_standby() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 1, hold_s: 5, ..Terms::default() }).await;
    let (item, slow, next) = (sale.item_id, fresh::buyer(), fresh::buyer());
    let mut ear = Ear::of(&shop).await;
    start(&shop);
    shop.put(item, [slow, next].map(|buyer| shop.claim(item, buyer, 1, 1))).await;
    let held = ear.hears(claim_id(item, slow, 1), |view| view.state == ClaimState::Held).await;
    ear.hears(claim_id(item, next, 1), |view| view.state == ClaimState::Standby).await;
    shop.until_queue_is_empty().await;

    // Until the last moment of the grace nothing happens, however often it is looked for.
    let deadline = held.deadline.unwrap();
    shop.pass_ms(deadline - shop.now() + GRACE_MS - 1).await;
    tokio::time::sleep(GLIMPSE).await;
    assert_eq!(shop.view(item, slow, 1).await.unwrap().state, ClaimState::Held);

    shop.pass_ms(1).await;
    ear.hears(claim_id(item, slow, 1), |view| view.state == ClaimState::Expired).await;
    let promoted = ear.hears(claim_id(item, next, 1), |view| view.state == ClaimState::Held).await;
    assert_eq!(promoted.deadline, Some(shop.now().plus_s(5)));
    // The promotion was drawn past the ledger; it hears of it.
    until("the drawn unit", async || {
        shop.ledger_levels(item).await.is_some_and(|levels| levels.units.drawn == 1 && levels.units.available() == 0)
    })
    .await;
    shop.close().await;
}

#[tokio::test]
async fn a_hold_that_ended_while_the_process_was_down_gets_the_time_back() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { hold_s: 5, ..Terms::default() }).await;
    let (item, buyer) = (sale.item_id, fresh::buyer());
    start(&shop);
    shop.put(item, [shop.claim(item, buyer, 1, 1)]).await;
    let held = shop.until_state(item, buyer, ClaimState::Held).await;
    shop.until_queue_is_empty().await;
    shop.close().await;
    shop.clock.advance(60_000);
    let shop = shop.restart().await;
    start(&shop);
    let after = shop.view(item, buyer, 1).await.unwrap();
    assert_eq!(after.state, ClaimState::Held);
    assert_eq!(after.deadline.unwrap() - held.deadline.unwrap(), 60_000);
    assert!(after.generation > held.generation && after.version > held.version);
    shop.close().await;
}

#[tokio::test]
async fn a_clock_that_jumps_under_the_running_house_is_told_to_whoever_holds_something() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { hold_s: 5, ..Terms::default() }).await;
    let (item, buyer) = (sale.item_id, fresh::buyer());
    let mut ear = Ear::of(&shop).await;
    start(&shop);
    shop.put(item, [shop.claim(item, buyer, 1, 1)]).await;
    let held = ear.hears(claim_id(item, buyer, 1), |_| true).await;
    shop.until_queue_is_empty().await;
    shop.clock.advance(60_000);
    ear.hears_told(|told| matches!(told, Told::Sale { sale_id } if *sale_id == sale.sale_id)).await;
    let moved = ear.hears(claim_id(item, buyer, 1), |view| view.version > held.version).await;
    assert_eq!(moved.deadline.unwrap() - held.deadline.unwrap(), 60_000);
    shop.close().await;
}

#[tokio::test]
async fn at_the_close_whoever_waits_is_told_so_and_holds_live_on() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 1, closes_in_ms: 4000, ..Terms::default() }).await;
    let (item, holder, waiter) = (sale.item_id, fresh::buyer(), fresh::buyer());
    start(&shop);
    shop.put(item, [holder, waiter].map(|buyer| shop.claim(item, buyer, 1, 1))).await;
    shop.until_state(item, waiter, ClaimState::Standby).await;
    shop.until_queue_is_empty().await;
    shop.pass_ms(4000).await;
    let refused = shop.until_state(item, waiter, ClaimState::Refused).await;
    assert_eq!(refused.reason, Some(Reason::Closed));
    assert_eq!(shop.view(item, holder, 1).await.unwrap().state, ClaimState::Held);
    shop.close().await;
}

#[tokio::test]
async fn a_thousand_holds_that_end_together_all_end() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 1200, hold_s: 5, ..Terms::default() }).await;
    let item = sale.item_id;
    start(&shop);
    let crowd = (0..1200).map(|_| shop.claim(item, fresh::buyer(), 1, 1));
    shop.put(item, crowd).await;
    shop.until_queue_is_empty().await;
    shop.pass_ms(5000 + GRACE_MS).await;
    until("every unit free again", async || {
        let view = shop.journal.sale(sale.sale_id).await.unwrap().unwrap();
        view.items[0].stock.available() == 1200
    })
    .await;
    shop.close().await;
}
