//! What staff do with sales is told to whoever keeps the fleet's size.

#![allow(clippy::unwrap_used)]

mod house;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use general::{Config, Shop, capacity};
use house::House;
use journal::outbox::CAPACITY;
use sale::port::capacity::CapacityPlan;
use serde_json::{Value, json};

const SALES: &str = "/api/v1/admin/sales";

/// Waits for the relay, which looks once a second.
async fn told(house: &House, holds: impl Fn(&CapacityPlan) -> bool) -> CapacityPlan {
    let begun = Instant::now();
    loop {
        let newest = house.ears.plans.lock().unwrap().last().cloned();
        if let Some(plan) = newest.filter(&holds) {
            return plan;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it was not told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn names(plan: &CapacityPlan, sale: &Value) -> bool {
    plan.windows.iter().any(|window| window.sale_id.to_string() == sale["id"])
}

#[tokio::test]
async fn a_planned_a_moved_and_a_closed_sale_are_told() {
    let house = House::open().await;
    let sale = house.lead("POST", SALES, house.plan(7200, 9000, json!({}))).await;
    let planned = told(&house, |plan| names(plan, &sale)).await;
    assert_eq!(planned.windows[0].from, house::NOW.plus_s(7200 - 1800), "its waiting room opens half an hour before");

    let at = format!("{SALES}/{}", sale["id"].as_str().unwrap());
    let opens_at = kit::instant::to_rfc3339(house::NOW.plus_s(5400));
    house.lead("PATCH", &at, json!({"opens_at": opens_at})).await;
    let moved = told(&house, |plan| plan.version > planned.version).await;
    assert_eq!(moved.windows[0].from, house::NOW.plus_s(3600));

    house.verb(&sale, "close", json!({})).await.is(200);
    let closed = told(&house, |plan| plan.version > moved.version).await;
    assert!(!names(&closed, &sale), "nobody had come");
    house.close().await;
}

#[tokio::test]
async fn while_nobody_hears_the_outbox_waits_and_then_the_newest_plan_is_told() {
    let house = House::open().await;
    house.ears.fleet_down.store(true, Ordering::SeqCst);
    let sale = house.lead("POST", SALES, house.plan(7200, 9000, json!({}))).await;
    let shop = Shop::new(house.stores.clone(), house.journal.clone(), Config::default(), house.keys.clone());
    // The house's own relay may have tried before.
    house.pass(20_000).await;
    assert_eq!(capacity::tell_once(&shop, true).await.unwrap(), Some(capacity::Told::No));
    assert_eq!(house.journal.outbox_waiting(CAPACITY).await.unwrap(), 1);

    house.ears.fleet_down.store(false, Ordering::SeqCst);
    house.pass(20_000).await;
    told(&house, |plan| names(plan, &sale)).await;
    while house.journal.outbox_waiting(CAPACITY).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    house.close().await;
}

#[tokio::test]
async fn without_a_change_nothing_is_told_but_for_the_reminder() {
    let house = House::open().await;
    let shop = Shop::new(house.stores.clone(), house.journal.clone(), Config::default(), house.keys.clone());
    assert_eq!(capacity::tell_once(&shop, false).await.unwrap(), None);
    assert_eq!(capacity::tell_once(&shop, true).await.unwrap(), Some(capacity::Told::Yes));
    house.close().await;
}
