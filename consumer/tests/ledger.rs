//! The ledger is disposable: lost, silent or wrong, it delays claims and changes none.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use std::sync::atomic::Ordering;

use contract::{
    fresh::{self, until},
    shop::{Shop, Terms},
};
use house::{FrailLedger, start};
use sale::{
    claim::ClaimState,
    ids::UserId,
    port::ledger::{Ask, Ledger},
};

#[tokio::test]
async fn a_ledger_lost_again_and_again_tells_nothing_wrong() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 30, standby_limit: 5, ..Terms::default() }).await;
    start(&shop);
    let buyers: Vec<UserId> = (0..50).map(|_| fresh::buyer()).collect();
    for some in buyers.chunks(5) {
        shop.put(sale.item_id, some.iter().map(|buyer| shop.claim(sale.item_id, *buyer, 1, 1))).await;
        shop.ledger.forget();
        tokio::task::yield_now().await;
        shop.ledger.forget();
    }
    shop.until_queue_is_empty().await;
    let mut held = 0;
    for buyer in &buyers {
        held += u32::from(shop.view(sale.item_id, *buyer, 1).await.unwrap().state == ClaimState::Held);
    }
    assert_eq!(held, 30);
    // Nobody is asking any more, and yet it is built again.
    shop.ledger.forget();
    until("a rebuilt ledger", async || shop.ledger.read(sale.item_id).await.is_ok()).await;
    shop.close().await;
}

#[tokio::test]
async fn claims_wait_while_the_ledger_is_silent_and_are_decided_in_order_after() {
    let mut shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 1, ..Terms::default() }).await;
    let ledger = FrailLedger::of(shop.ledger.clone());
    ledger.silent.store(true, Ordering::SeqCst);
    shop.stores.ledger = ledger.clone();
    start(&shop);
    let (first, second) = (fresh::buyer(), fresh::buyer());
    for buyer in [first, second] {
        shop.put(sale.item_id, [shop.claim(sale.item_id, buyer, 1, 1)]).await;
    }
    until("a few tries", async || *ledger.takes.lock().unwrap() > 3).await;
    assert_eq!(shop.view(sale.item_id, first, 1).await, None);
    ledger.silent.store(false, Ordering::SeqCst);
    shop.until_state(sale.item_id, first, ClaimState::Held).await;
    shop.until_state(sale.item_id, second, ClaimState::Standby).await;
    shop.until_queue_is_empty().await;
    shop.close().await;
}

#[tokio::test]
async fn a_stop_while_the_ledger_is_silent_loses_no_claim() {
    let mut shop = Shop::open().await;
    let sale = shop.plan(Terms::default()).await;
    let ledger = FrailLedger::of(shop.ledger.clone());
    ledger.silent.store(true, Ordering::SeqCst);
    shop.stores.ledger = ledger.clone();
    start(&shop);
    let buyer = fresh::buyer();
    shop.put(sale.item_id, [shop.claim(sale.item_id, buyer, 1, 1)]).await;
    until("a try", async || *ledger.takes.lock().unwrap() > 0).await;
    shop.close().await;
    let shop = shop.restart().await;
    start(&shop);
    shop.until_state(sale.item_id, buyer, ClaimState::Held).await;
    shop.until_queue_is_empty().await;
    shop.close().await;
}

/// Puts a ledger in place that knows less than the journal ratified, as after a failover that lost writes.
async fn lost_writes() -> (Shop, contract::shop::Planned) {
    let mut shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 5, ..Terms::default() }).await;
    let before = shop.journal.levels(sale.item_id).await.unwrap().unwrap();
    start(&shop);
    for buyer in [fresh::buyer(), fresh::buyer()] {
        shop.put(sale.item_id, [shop.claim(sale.item_id, buyer, 1, 1)]).await;
        shop.until_state(sale.item_id, buyer, ClaimState::Held).await;
    }
    shop.until_queue_is_empty().await;
    shop.close().await;
    shop = shop.restart().await;
    shop.ledger.rebuild(sale.item_id, before).await.unwrap();
    (shop, sale)
}

#[tokio::test]
async fn the_reconciler_sees_that_writes_were_lost_and_begins_a_new_epoch() {
    let (shop, sale) = lost_writes().await;
    let before = shop.journal.levels(sale.item_id).await.unwrap().unwrap();
    start(&shop);
    until("a new epoch", async || shop.ledger.read(sale.item_id).await.is_ok_and(|levels| levels.epoch > before.epoch))
        .await;
    let (journal, ledger) = (shop.journal.levels(sale.item_id).await.unwrap(), shop.ledger.read(sale.item_id).await);
    assert_eq!(journal.map(|levels| levels.units), ledger.ok().map(|levels| levels.units));
    let buyer = fresh::buyer();
    shop.put(sale.item_id, [shop.claim(sale.item_id, buyer, 1, 1)]).await;
    shop.until_state(sale.item_id, buyer, ClaimState::Held).await;
    shop.until_queue_is_empty().await;
    shop.close().await;
}

#[tokio::test]
async fn a_grant_that_follows_no_ratified_one_begins_a_new_epoch_before_anything_is_told() {
    let (shop, sale) = lost_writes().await;
    // Numbers that nobody brings to the journal: the next grant leaves a gap.
    let before = shop.journal.levels(sale.item_id).await.unwrap().unwrap();
    shop.ledger.rebuild(sale.item_id, before).await.unwrap();
    let stray = Ask { claim_id: fresh::claim_id(), quantity: 1 };
    shop.ledger.take(sale.item_id, &[stray]).await.unwrap();
    start(&shop);
    let buyers: Vec<UserId> = (0..4).map(|_| fresh::buyer()).collect();
    shop.put(sale.item_id, buyers.iter().map(|buyer| shop.claim(sale.item_id, *buyer, 1, 1))).await;
    for (buyer, state) in buyers.iter().zip([ClaimState::Held, ClaimState::Held, ClaimState::Held, ClaimState::Standby])
    {
        shop.until_state(sale.item_id, *buyer, state).await;
    }
    shop.until_queue_is_empty().await;
    shop.close().await;
}

#[tokio::test]
async fn a_ledger_that_believes_in_a_later_life_is_followed() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms::default()).await;
    let mut levels = shop.journal.levels(sale.item_id).await.unwrap().unwrap();
    levels.epoch += 7;
    shop.ledger.rebuild(sale.item_id, levels).await.unwrap();
    start(&shop);
    let buyer = fresh::buyer();
    shop.put(sale.item_id, [shop.claim(sale.item_id, buyer, 1, 1)]).await;
    shop.until_state(sale.item_id, buyer, ClaimState::Held).await;
    shop.until_queue_is_empty().await;
    assert!(shop.journal.levels(sale.item_id).await.unwrap().unwrap().epoch > levels.epoch);
    shop.close().await;
}

#[tokio::test]
async fn at_rest_ledger_and_journal_say_the_same() {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 3, standby_limit: 2, ..Terms::default() }).await;
    start(&shop);
    let buyers: Vec<UserId> = (0..8).map(|_| fresh::buyer()).collect();
    shop.put(sale.item_id, buyers.iter().map(|buyer| shop.claim(sale.item_id, *buyer, 1, 1))).await;
    shop.put(sale.item_id, [shop.withdraw(sale.item_id, buyers[0], 1)]).await;
    shop.until_queue_is_empty().await;
    until("the same counters", async || {
        shop.ledger.read(sale.item_id).await.ok() == shop.journal.levels(sale.item_id).await.unwrap()
    })
    .await;
    shop.close().await;
}
