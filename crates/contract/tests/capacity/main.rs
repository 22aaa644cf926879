//! The fleet follows the sale: from the staff's API through general's outbox and our Lambda binary to what Auto Scaling has scheduled.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use contract::fresh::{self, until};
use kit::{clock::SystemClock, instant::parse_rfc3339};
use sale::{
    port::{
        capacity::{Capacity, CapacityPlan, Wake, Window},
        clock::Clock,
    },
    time::UnixMs,
};
use serde_json::{Value, json};

mod cloud;
mod recorder;
mod shop;

use cloud::{Cloud, ROLES};
use shop::Shop;

const BETWEEN: [(i32, i32); 3] = [(2, 2), (2, 2), (2, 2)];
const LARGE: [(i32, i32); 3] = [(12, 12), (4, 4), (8, 8)];
const LEAD_S: i64 = 600;

/// Ten minutes before the waiting room, as AWS counts.
fn growth(from: UnixMs) -> UnixMs {
    UnixMs(from.plus_s(-LEAD_S).0 / 1000 * 1000)
}

fn room(sale: &Value) -> UnixMs {
    parse_rfc3339(sale["waiting_room_opens_at"].as_str().unwrap()).unwrap()
}

/// Waits until every group has these growths scheduled and nothing else.
async fn scheduled(cloud: &Cloud, growths: &[UnixMs]) {
    until("the schedule follows", || async {
        for (role, _, max) in ROLES {
            let wanted: Vec<_> = growths.iter().map(|at| (*at, max, max)).collect();
            if cloud.scheduled(role).await != wanted {
                return false;
            }
        }
        true
    })
    .await;
}

/// Whether before the groups or after them nobody knows.
async fn reserved(cloud: &Cloud) {
    until("the balancer's units are reserved", || async {
        cloud.recorder.of("ModifyCapacityReservation").iter().any(|call| call.ends_with("CapacityUnits=300"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planning_a_sale_changes_the_schedule_and_closing_it_changes_it_back() {
    let cloud = Cloud::open().await;
    let shop = Shop::open(&cloud).await;
    scheduled(&cloud, &[]).await;

    let sale = shop.plan(3 * 3600).await;
    scheduled(&cloud, &[growth(room(&sale))]).await;
    assert_eq!(cloud.sizes().await, BETWEEN, "nothing grows before its time");
    let (plan, call_at, calls) = cloud.remembered().await.unwrap();
    assert_eq!(plan.windows.iter().map(|window| window.from).collect::<Vec<_>>(), [room(&sale)]);
    let instant = kit::instant::to_rfc3339(growth(room(&sale)));
    assert!(calls && call_at == format!("at({})", &instant[..19]), "{call_at}");

    let later = json!({"opens_at": kit::instant::to_rfc3339(SystemClock.now().plus_s(4 * 3600))});
    let moved = shop.patch(&sale, later).await;
    assert!(room(&moved) > room(&sale));
    scheduled(&cloud, &[growth(room(&moved))]).await;

    let second = shop.plan(9 * 3600).await;
    scheduled(&cloud, &[growth(room(&moved)), growth(room(&second))]).await;
    shop.close_sale(&second).await;
    scheduled(&cloud, &[growth(room(&moved))]).await;

    shop.close_sale(&moved).await;
    scheduled(&cloud, &[]).await;
    assert_eq!(cloud.sizes().await, BETWEEN);
    until("the memory is empty", || async { !cloud.remembered().await.unwrap().2 }).await;
    shop.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_that_opens_now_makes_the_fleet_large_and_its_end_makes_it_small() {
    let cloud = Cloud::open().await;
    let shop = Shop::open(&cloud).await;
    let sale = shop.plan(60).await;
    until("the fleet is large", || async { cloud.sizes().await == LARGE }).await;
    reserved(&cloud).await;
    scheduled(&cloud, &[]).await;
    assert!(cloud.doors_are_protected(true).await, "also those that were let go of between sales");

    shop.close_sale(&sale).await;
    // The stand-in schedules and never does it: what is scheduled is the proof.
    until("the fleet is to shrink", || async {
        let mut shrinks = true;
        for (role, min, _) in ROLES {
            let actions = cloud.scheduled(role).await;
            shrinks &= actions.len() == 1 && (actions[0].1, actions[0].2) == (min, min);
        }
        shrinks
    })
    .await;
    assert_eq!(cloud.sizes().await, LARGE, "not before it has rested");
    until("the doors are let go of", || cloud.doors_are_protected(false)).await;
    let asked = cloud.recorder.of("SetInstanceProtection").len();
    cloud.call(Wake::Look).await;
    assert_eq!(cloud.recorder.of("SetInstanceProtection").len(), asked, "once is enough");
    assert!(!cloud.recorder.of("ModifyCapacityReservation").iter().any(|call| call.contains("Reset")), "nodes first");
    shop.end().await;
}

fn plan(version: i64, froms: &[UnixMs]) -> CapacityPlan {
    let window = |from: &UnixMs| Window { sale_id: fresh::sale(), from: *from };
    CapacityPlan { version, read_at: SystemClock.now(), windows: froms.iter().map(window).collect() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_plan_changes_nothing_and_a_look_puts_right_what_somebody_undid() {
    let (cloud, from) = (Cloud::open().await, SystemClock.now().plus_s(7200));
    cloud.call(Wake::Look).await;
    assert!(cloud.remembered().await.is_none(), "nobody has told anything");
    let teller = cloud.teller();
    teller.tell(plan(7, &[from])).await.unwrap();
    scheduled(&cloud, &[growth(from)]).await;
    let late = cloud.call(Wake::Plan(plan(6, &[]))).await;
    assert_eq!((&late["stale"], &late["version"]), (&json!(true), &json!(7)));
    teller.tell(plan(8, &[from, from.plus_s(3600)])).await.unwrap();
    scheduled(&cloud, &[growth(from), growth(from.plus_s(3600))]).await;
    assert_eq!(cloud.remembered().await.unwrap().0.version, 8);

    let deleted = cloud.forget_schedule("consumer").await;
    assert_eq!(deleted, 2);
    assert_eq!(cloud.scheduled("consumer").await, []);
    cloud.call(Wake::Look).await;
    scheduled(&cloud, &[growth(from), growth(from.plus_s(3600))]).await;

    let (asked, deeds) = (cloud.recorder.of("PutScheduledUpdateGroupAction").len(), cloud.remembered().await);
    cloud.call(Wake::Look).await;
    assert_eq!(
        cloud.recorder.of("PutScheduledUpdateGroupAction").len(),
        asked,
        "where nothing is missing nothing is asked"
    );
    assert_eq!(cloud.remembered().await, deeds);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eventbridge_calls_with_the_plan_it_holds_when_the_fleet_must_grow() {
    let cloud = Cloud::open().await;
    // The stand-in looks at its schedules every ten seconds.
    let from = SystemClock.now().plus_s(LEAD_S + 6);
    cloud.teller().tell(plan(1, &[from])).await.unwrap();
    until("it is remembered", || async { cloud.remembered().await.is_some() }).await;
    assert_eq!(cloud.sizes().await, BETWEEN);
    until("the fleet is large", || async { cloud.sizes().await == LARGE }).await;
    reserved(&cloud).await;
}
