//! What stands after the broker died, hung or ran short.

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use cluster::{queue::RabbitQueue, timers::RabbitTimers};
use contract::fresh::{self, soon, until};
use kit::clock::SystemClock;
use sale::{
    ids::{ClaimId, SaleItemId},
    port::{
        clock::Clock,
        queue::{ClaimQueue, Message, QueueError},
        timers::{Knock, Timers},
    },
};
use tokio::time::sleep;

use super::own::Own;

/// Numbered messages of one item: what was put, what was promised, what came.
#[derive(Default)]
struct Story {
    ended: AtomicBool,
    promised: AtomicUsize,
    taken: AtomicUsize,
    /// Behind it nothing comes.
    last: OnceLock<ClaimId>,
}

/// Puts one after the other; the numbers of those that were promised, and all claims by number.
async fn put_on(queue: Arc<RabbitQueue>, story: Arc<Story>) -> (Vec<usize>, HashMap<ClaimId, usize>) {
    let item = fresh::item();
    let (mut promised, mut numbers) = (vec![], HashMap::new());
    while !story.ended.load(Ordering::SeqCst) {
        let number = numbers.len();
        let message = message(item);
        numbers.insert(message.commands[0].claim().id, number);
        match queue.put(vec![message]).await {
            Ok(()) => {
                promised.push(number);
                story.promised.fetch_add(1, Ordering::SeqCst);
            }
            // As a buyer whose claim was not stored: a moment later, the next one.
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
    (promised, numbers)
}

/// Takes and acks all the time; everything that came, in order.
async fn take_on(queue: Arc<RabbitQueue>, story: Arc<Story>) -> Vec<ClaimId> {
    let mut came = vec![];
    loop {
        let Ok(taken) = queue.take(0, 16).await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        came.extend(taken.iter().map(|delivery| delivery.message.commands[0].claim().id));
        story.taken.store(came.len(), Ordering::SeqCst);
        let tags: Vec<u64> = taken.iter().map(|delivery| delivery.tag).collect();
        if queue.ack(0, &tags).await.is_err() {
            queue.give_back(0).await;
        }
        if story.last.get().is_some_and(|last| came.contains(last)) {
            return came;
        }
    }
}

fn message(item: SaleItemId) -> Message {
    Message::new(item, vec![fresh::claim(item)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_promised_before_the_broker_was_killed_comes_after_it_in_order() {
    const DEATHS: usize = 3;
    let own = Own::start().await;
    let (_rabbit, queue) = own.queue().await;
    let story = Arc::new(Story::default());
    let putting = tokio::spawn(put_on(queue.clone(), story.clone()));
    let taking = tokio::spawn(take_on(queue.clone(), story.clone()));
    for _ in 0..DEATHS {
        let promised = story.promised.load(Ordering::SeqCst) + 200;
        until("200 promises", || async { story.promised.load(Ordering::SeqCst) >= promised }).await;
        own.kill().await;
        let before = story.promised.load(Ordering::SeqCst);
        own.revive().await;
        let back = Instant::now();
        until("a promise again", || async { story.promised.load(Ordering::SeqCst) > before }).await;
        assert!(back.elapsed() < Duration::from_secs(5), "the broker is back and nobody uses it");
    }
    story.ended.store(true, Ordering::SeqCst);
    let (promised, numbers) = soon("the putter", putting).await.unwrap();
    let last = message(fresh::item());
    story.last.set(last.commands[0].claim().id).unwrap();
    queue.put(vec![last]).await.unwrap();
    let came = soon("the taker", taking).await.unwrap();
    let came: Vec<usize> = came.iter().filter_map(|claim| numbers.get(claim).copied()).collect();

    let mut first_seen = vec![];
    let mut seen = vec![false; numbers.len()];
    for number in &came {
        if !std::mem::replace(&mut seen[*number], true) {
            first_seen.push(*number);
        }
    }
    let lost: Vec<&usize> = promised.iter().filter(|number| !seen[**number]).collect();
    assert!(lost.is_empty(), "promised and lost: {lost:?}");
    assert!(first_seen.is_sorted(), "somebody was overtaken");
    // What came again came from the first that was not acked on, in order.
    let steps_back = came.windows(2).filter(|pair| pair[1] <= pair[0]).count();
    assert!(steps_back <= DEATHS, "{steps_back} steps back after {DEATHS} deaths");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_short_of_memory_promises_nothing_and_hangs_nobody() {
    let mut own = Own::start().await;
    own.config.put_wait = Duration::from_secs(2);
    let (_rabbit, queue) = own.queue().await;
    let item = fresh::item();
    queue.put(vec![message(item), message(item)]).await.unwrap();
    let mut taken = soon("a delivery", queue.take(0, 2)).await.unwrap();
    if taken.len() < 2 {
        taken.extend(soon("the other", queue.take(0, 1)).await.unwrap());
    }
    own.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]).await;
    // The first one finds out, after its whole wait; those after it are told at once.
    until("a no", || async { queue.put(vec![message(item)]).await.is_err() }).await;
    let begun = Instant::now();
    assert_eq!(queue.put(vec![message(item)]).await, Err(QueueError::Unavailable));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    // Decisions go on: acks go over a connection that publishes nothing.
    queue.ack(0, &[taken[0].tag]).await.unwrap();
    queue.give_back(0).await;
    let again = soon("what was not acked", queue.take(0, 1)).await.unwrap();
    assert_eq!(again[0].message, taken[1].message);
    own.ctl(&["set_vm_memory_high_watermark", "absolute", "1GB"]).await;
    until("a promise again", || async { queue.put(vec![message(item)]).await.is_ok() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_hangs_is_noticed_within_our_own_time() {
    let mut own = Own::start().await;
    own.config.put_wait = Duration::from_secs(1);
    own.config.call_wait = Duration::from_secs(1);
    own.config.heartbeat = Duration::from_secs(1);
    let (rabbit, queue) = own.queue().await;
    let item = fresh::item();
    queue.put(vec![message(item)]).await.unwrap();
    let taken = soon("a delivery", queue.take(0, 1)).await.unwrap();
    own.node.node.pause().unwrap();
    let begun = Instant::now();
    assert_eq!(queue.put(vec![message(item)]).await, Err(QueueError::Unavailable));
    queue.give_back(0).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    until("a dead connection", || std::future::ready(!rabbit.connected())).await;
    own.node.node.resume().unwrap();
    until("a promise again", || async { queue.put(vec![message(item)]).await.is_ok() }).await;
    let again = soon("what was in hand", queue.take(0, 1)).await.unwrap();
    assert_eq!(again[0].message, taken[0].message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_knock_survives_the_death_of_the_broker() {
    let own = Own::start().await;
    let (rabbit, _queue) = own.queue().await;
    let timers = RabbitTimers::open(&rabbit, Arc::new(SystemClock)).await.unwrap();
    let knock = Knock {
        sale_item_id: fresh::item(),
        claim_id: fresh::claim_id(),
        generation: 1,
        due_at: SystemClock.now() + 4_500,
    };
    timers.arm(vec![knock]).await;
    own.settle().await;
    own.kill().await;
    own.revive().await;
    assert_eq!(soon("the knock", timers.next()).await, knock);
}
