//! The bus when Redis hangs up, fails over or is not there: whoever may have missed something hears of a gap.

use std::time::{Duration, Instant};

use cluster::{bus::RedisBus, redis::Redis};
use contract::fresh::{self, soon};
use sale::{
    port::bus::{Bus, Heard, Listener},
    told::Told,
};
use stack::resp::ask;

use crate::{config, nowhere, own::Own};

/// The slot of the channel for all, of four and one.
const EVERYBODYS: &str = "{4}";

fn news() -> Told {
    Told::Sale { sale_id: fresh::sale() }
}

async fn next(listener: &mut Box<dyn Listener>) -> Heard {
    soon("the next message", listener.next()).await.unwrap()
}

/// Tells again and again until it is heard; how many gaps came before.
async fn heard(teller: &RedisBus, listener: &mut Box<dyn Listener>) -> usize {
    let (mut gaps, begun) = (0, Instant::now());
    while begun.elapsed() < fresh::PATIENCE {
        let told = news();
        teller.tell(vec![told.clone()]).await;
        while let Ok(Some(heard)) = tokio::time::timeout(Duration::from_millis(300), listener.next()).await {
            match heard {
                Heard::Gap => gaps += 1,
                Heard::Told(one) if one == told => return gaps,
                Heard::Told(_) => {}
            }
        }
    }
    panic!("nothing is heard any more, after {gaps} gaps");
}

/// Until a gap is heard.
async fn gap(listener: &mut Box<dyn Listener>) {
    soon("a gap", async { while listener.next().await != Some(Heard::Gap) {} }).await;
}

#[tokio::test]
async fn one_process_hears_what_another_tells() {
    let config = config();
    let open = || RedisBus::new(Redis::open(config.clone()).unwrap()).unwrap();
    let (a, b) = (open(), open());
    let mut listener = b.listen().await;
    for _ in 0..50 {
        let told = vec![news(), news()];
        a.tell(told.clone()).await;
        for one in told {
            assert_eq!(next(&mut listener).await, Heard::Told(one));
        }
    }
}

#[tokio::test]
async fn a_redis_that_is_not_there_delays_nobody_for_ever() {
    let bus = RedisBus::new(Redis::open(nowhere()).unwrap()).unwrap();
    let mut listener = soon("a listener", bus.listen()).await;
    assert_eq!(next(&mut listener).await, Heard::Gap);
    let begun = Instant::now();
    for _ in 0..3 {
        bus.tell(vec![news()]).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_subscription_is_hung_up_hears_of_a_gap_and_then_everything() {
    let own = Own::start().await;
    let bus = RedisBus::new(own.open()).unwrap();
    let mut listener = bus.listen().await;
    assert_eq!(heard(&bus, &mut listener).await, 0);
    for _ in 0..3 {
        own.everywhere(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        gap(&mut listener).await;
        let mut quiet = bus.listen().await;
        assert_eq!(heard(&bus, &mut quiet).await, 0, "who listens anew hears everything");
        heard(&bus, &mut listener).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_the_bus_is_heard_again_and_the_gap_was_told() {
    let own = Own::start().await;
    let (teller, hearer) = (RedisBus::new(own.open()).unwrap(), RedisBus::new(own.open()).unwrap());
    let mut listener = hearer.listen().await;
    assert_eq!(heard(&teller, &mut listener).await, 0);
    let master = own.master_of(EVERYBODYS);
    let replica = own.replica_of(master);
    own.server(master).kill().unwrap();
    gap(&mut listener).await;
    own.until_master(replica, EVERYBODYS).await;
    heard(&teller, &mut listener).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_hands_over_takes_no_listener_with_it() {
    let own = Own::start().await;
    let (teller, hearer) = (RedisBus::new(own.open()).unwrap(), RedisBus::new(own.open()).unwrap());
    let mut listener = hearer.listen().await;
    assert_eq!(heard(&teller, &mut listener).await, 0);
    let replica = own.replica_of(own.master_of(EVERYBODYS));
    ask(replica, &["CLUSTER", "FAILOVER"]).unwrap();
    own.until_master(replica, EVERYBODYS).await;
    heard(&teller, &mut listener).await;
    // Even if both nodes sent for a while: one message, one hearing.
    let mut later = hearer.listen().await;
    for _ in 0..20 {
        let told = news();
        teller.tell(vec![told.clone()]).await;
        let mut next_told = next(&mut later).await;
        while next_told == Heard::Gap {
            next_told = next(&mut later).await;
        }
        assert_eq!(next_told, Heard::Told(told));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_hangs_is_noticed_and_its_successor_is_heard() {
    let own = Own::start().await;
    let (teller, hearer) = (RedisBus::new(own.open()).unwrap(), RedisBus::new(own.open()).unwrap());
    let mut listener = hearer.listen().await;
    assert_eq!(heard(&teller, &mut listener).await, 0);
    let master = own.master_of(EVERYBODYS);
    own.server(master).pause().unwrap();
    gap(&mut listener).await;
    heard(&teller, &mut listener).await;
    own.server(master).resume().unwrap();
    heard(&teller, &mut listener).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_told_is_heard_as_a_gap() {
    let own = Own::start().await;
    let (teller, hearer) = (RedisBus::new(own.open()).unwrap(), RedisBus::new(own.open()).unwrap());
    let mut listener = hearer.listen().await;
    assert_eq!(heard(&teller, &mut listener).await, 0);
    // Only the telling is refused; who listens stays connected.
    own.everywhere(&["CONFIG", "SET", "maxmemory", "1"]);
    teller.tell(vec![news()]).await;
    own.everywhere(&["CONFIG", "SET", "maxmemory", "0"]);
    // Nobody tells anything more: the hole is told all the same.
    gap(&mut listener).await;
    assert_eq!(heard(&teller, &mut listener).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_emptied_numbers_on_far_above() {
    let own = Own::start().await;
    let bus = RedisBus::new(own.open()).unwrap();
    let mut listener = bus.listen().await;
    assert_eq!(heard(&bus, &mut listener).await, 0);
    own.nodes.flush_all().unwrap();
    assert_eq!(heard(&bus, &mut listener).await, 1);
    assert_eq!(heard(&bus, &mut listener).await, 0);
}
