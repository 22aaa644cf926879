//! What timers in RabbitMQ must bear beyond their contract: several nodes, clocks that differ, knocks that nobody can read.

use std::{collections::HashSet, sync::Arc};

use cluster::timers::RabbitTimers;
use contract::fresh::{self, never, soon, until};
use kit::clock::{SystemClock, TestClock};
use sale::port::{
    clock::Clock,
    timers::{Knock, Timers},
};

use super::Shop;

/// The broker gives knocks to its consumers in turn.
const KNOCKS_UNTIL_BOTH_HEARD: usize = 200;

fn knock(in_ms: i64) -> Knock {
    Knock { sale_item_id: fresh::item(), claim_id: fresh::claim_id(), generation: 1, due_at: SystemClock.now() + in_ms }
}

async fn open(shop: &Shop, clock: Arc<dyn Clock>) -> Arc<RabbitTimers> {
    RabbitTimers::open(&shop.rabbit().await, clock).await.unwrap()
}

#[tokio::test]
async fn every_knock_is_heard_by_one_node() {
    let shop = Shop::new().await;
    let (one, other) = (open(&shop, Arc::new(SystemClock)).await, open(&shop, Arc::new(SystemClock)).await);
    let knocks: Vec<Knock> = (0..50).map(|_| knock(900)).collect();
    one.arm(knocks.clone()).await;
    let mut heard = vec![];
    while heard.len() < knocks.len() {
        let next = async {
            tokio::select! { knock = one.next() => knock, knock = other.next() => knock }
        };
        heard.push(soon("a knock", next).await);
    }
    // What comes after them all comes after a copy of any, too; and whoever has heard one of these has an open ear.
    let mut open_ears = [false; 2];
    for _ in 0..KNOCKS_UNTIL_BOTH_HEARD {
        let last = knock(0);
        one.arm(vec![last]).await;
        let next = async {
            tokio::select! { knock = one.next() => (0, knock), knock = other.next() => (1, knock) }
        };
        let (ear, came) = soon("a knock", next).await;
        assert_eq!(came, last, "a knock twice");
        open_ears[ear] = true;
        if open_ears == [true; 2] {
            break;
        }
    }
    assert_eq!(open_ears, [true; 2], "a node heard nothing");
    never("a knock twice", one.next()).await;
    never("a knock twice", other.next()).await;
    let by_claim = |knock: &Knock| knock.claim_id.0;
    heard.sort_by_key(by_claim);
    let mut armed = knocks;
    armed.sort_by_key(by_claim);
    assert_eq!(heard, armed);
}

#[tokio::test]
async fn a_knock_that_is_early_by_our_clock_waits_the_rest() {
    let shop = Shop::new().await;
    // This node's clock stands still, three seconds behind.
    let slow = Arc::new(TestClock::new(SystemClock.now() + -3_000));
    let there = open(&shop, Arc::new(SystemClock)).await;
    let here = open(&shop, slow.clone()).await;
    let (early, due) = (Knock { due_at: slow.now() + 1_000, ..knock(0) }, knock(-10_000));
    // One behind the other on the queue: the node that hears the second has the first in hand.
    there.arm(vec![early, due]).await;
    assert_eq!(soon("the knock that is due", here.next()).await, due);
    never("a knock before its time", here.next()).await;
    slow.advance(3_000);
    assert_eq!(soon("the knock", here.next()).await, early);
}

#[tokio::test]
async fn timers_whose_queues_were_removed_knock_again() {
    let shop = Shop::new().await;
    let timers = open(&shop, Arc::new(SystemClock)).await;
    for _ in 0..3 {
        // The first after a removal like any other: nobody arms it a second time.
        let (waits, due) = (knock(900), knock(0));
        timers.arm(vec![waits, due]).await;
        let mut heard = HashSet::new();
        while !heard.contains(&waits) || !heard.contains(&due) {
            heard.insert(soon("a knock", timers.next()).await);
        }
        for queue in ["timers.1s", "timers.due"] {
            shop.raw.remove(queue).await;
        }
    }
}

#[tokio::test]
async fn a_knock_that_nobody_can_read_stops_no_other() {
    let shop = Shop::new().await;
    let timers = open(&shop, Arc::new(SystemClock)).await;
    shop.raw.put("timers.due", b"knock knock").await;
    let due = knock(0);
    timers.arm(vec![due]).await;
    assert_eq!(soon("the knock", timers.next()).await, due);
    until("an empty queue", || async { shop.raw.ready("timers.due").await == 0 }).await;
}
