//! The claims queue's contract: stored before Ok, in order inside an item, again until acked.

use std::sync::Arc;

use async_trait::async_trait;
use sale::{
    ids::SaleItemId,
    port::queue::{ClaimQueue, Delivery, Message, QueueError, partition_of},
};

use crate::fresh::{self, never, soon, until};

/// A queue that can be made to fail.
#[async_trait]
pub trait Queued: Send + Sync {
    fn queue(&self) -> Arc<dyn ClaimQueue>;
    /// The process dies without a word and starts again over what is stored.
    async fn restart(&mut self);
    /// Stores bytes that nobody can read.
    async fn poison(&self, partition: u32);
    /// How many messages were put aside.
    async fn parked(&self) -> usize;
    /// The queue's bound, in commands; small enough to be reached.
    fn commands_max(&self) -> usize;
    /// How many more it may hold, where the bound is kept by somebody who counts roughly, or not what is in hand.
    fn slack(&self) -> usize {
        0
    }
    /// A queue that was full is sure to take again when it holds fewer than this.
    fn room_below(&self) -> usize {
        self.commands_max()
    }
}

pub type Bench = Box<dyn Queued>;

fn message(item: SaleItemId) -> Message {
    Message::new(item, vec![fresh::claim(item)])
}

/// One item's messages, its queue and its partition.
struct Line {
    queue: Arc<dyn ClaimQueue>,
    item: SaleItemId,
    part: u32,
}

impl Line {
    fn of(bench: &Bench) -> Self {
        let (queue, item) = (bench.queue(), fresh::item());
        let part = partition_of(item, queue.partitions());
        Self { queue, item, part }
    }

    /// The same line after a restart.
    fn again(&self, bench: &Bench) -> Self {
        Self { queue: bench.queue(), ..*self }
    }

    async fn put(&self, count: usize) -> Vec<Message> {
        let messages: Vec<Message> = (0..count).map(|_| message(self.item)).collect();
        self.queue.put(messages.clone()).await.unwrap();
        messages
    }

    /// Takes until `count` messages are in hand.
    async fn take(&self, count: usize) -> Vec<Delivery> {
        let mut taken = vec![];
        while taken.len() < count {
            let more = self.queue.take(self.part, count - taken.len());
            taken.extend(soon("a delivery", more).await.unwrap());
        }
        taken
    }

    /// Puts one by one until the queue sheds, and at most so many.
    async fn fill(&self, at_most: usize) -> usize {
        for stored in 0..=at_most {
            match self.queue.put(vec![message(self.item)]).await {
                Ok(()) => {}
                Err(error) => {
                    assert_eq!(error, QueueError::Full);
                    return stored;
                }
            }
        }
        panic!("the queue took more than {at_most} above its bound");
    }

    /// Takes and acks so many.
    async fn drain(&self, count: usize) {
        let mut left = count;
        while left > 0 {
            let taken = soon("a delivery", self.queue.take(self.part, left)).await.unwrap();
            self.ack(&taken).await;
            left -= taken.len();
        }
    }

    async fn ack(&self, deliveries: &[Delivery]) {
        let tags: Vec<u64> = deliveries.iter().map(|delivery| delivery.tag).collect();
        self.queue.ack(self.part, &tags).await.unwrap();
    }

    async fn nothing_to_take(&self) {
        never("a delivery", self.queue.take(self.part, 10)).await;
    }
}

/// What a future answers within so many turns; after them it is dropped, wherever in its work that is.
async fn within_turns<T>(turns: usize, future: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(future);
    for _ in 0..turns {
        tokio::select! {
            biased;
            answer = &mut future => return Some(answer),
            () = tokio::task::yield_now() => {}
        }
    }
    None
}

fn messages(deliveries: &[Delivery]) -> Vec<Message> {
    deliveries.iter().map(|delivery| delivery.message.clone()).collect()
}

pub async fn what_was_put_is_taken_in_order(bench: &mut Bench) {
    let line = Line::of(bench);
    let mut put = line.put(3).await;
    put.extend(line.put(2).await);
    let taken = line.take(5).await;
    assert_eq!(messages(&taken), put);
    line.ack(&taken).await;
    line.nothing_to_take().await;
}

pub async fn a_message_keeps_its_trace(bench: &mut Bench) {
    let line = Line::of(bench);
    let trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let put = vec![Message { trace, ..message(line.item) }, message(line.item)];
    line.queue.put(put.clone()).await.unwrap();
    let taken = line.take(2).await;
    assert_eq!(messages(&taken), put);
    line.ack(&taken).await;
}

pub async fn what_was_put_survives_the_death_of_the_process(bench: &mut Bench) {
    let line = Line::of(bench);
    let put = line.put(4).await;
    bench.restart().await;
    let line = line.again(bench);
    assert_eq!(line.queue.depth().await.unwrap(), 4);
    let taken = line.take(4).await;
    assert_eq!(messages(&taken), put);
    line.ack(&taken).await;
}

pub async fn what_was_not_acked_comes_again_in_order_before_anything_newer(bench: &mut Bench) {
    let line = Line::of(bench);
    let put = line.put(4).await;
    let taken = line.take(4).await;
    line.ack(&taken[1..2]).await;
    bench.restart().await;
    let line = line.again(bench);
    let newer = line.put(1).await;
    let again = line.take(4).await;
    assert_eq!(messages(&again), [&put[..1], &put[2..], &newer].concat());
    line.ack(&again).await;
}

pub async fn what_was_given_back_comes_again_in_order(bench: &mut Bench) {
    let line = Line::of(bench);
    let put = line.put(3).await;
    let taken = line.take(2).await;
    line.ack(&taken[..1]).await;
    line.queue.give_back(line.part).await;
    let newer = line.put(1).await;
    let again = line.take(3).await;
    assert_eq!(messages(&again), [&put[1..], &newer].concat());
    line.ack(&again).await;
    line.nothing_to_take().await;
}

pub async fn what_was_acked_never_comes_again(bench: &mut Bench) {
    let line = Line::of(bench);
    line.put(3).await;
    let taken = line.take(3).await;
    line.ack(&taken).await;
    line.ack(&taken).await;
    line.queue.give_back(line.part).await;
    line.nothing_to_take().await;
    bench.restart().await;
    let line = line.again(bench);
    assert_eq!(line.queue.depth().await.unwrap(), 0);
    line.nothing_to_take().await;
}

pub async fn what_is_in_hand_is_not_handed_out_twice(bench: &mut Bench) {
    let line = Line::of(bench);
    line.put(2).await;
    let taken = line.take(2).await;
    line.nothing_to_take().await;
    let newer = line.put(1).await;
    let next = line.take(1).await;
    assert_eq!(messages(&next), newer);
    line.ack(&[taken, next].concat()).await;
}

pub async fn an_empty_queue_wakes_its_taker(bench: &mut Bench) {
    let line = Line::of(bench);
    let (queue, part) = (line.queue.clone(), line.part);
    let waiting = tokio::spawn(async move { queue.take(part, 10).await });
    tokio::task::yield_now().await;
    let put = line.put(1).await;
    let taken = soon("the delivery", waiting).await.unwrap().unwrap();
    assert_eq!(messages(&taken), put);
    line.ack(&taken).await;
}

pub async fn a_taker_who_goes_away_takes_nothing_with_it(bench: &mut Bench) {
    let line = Line::of(bench);
    line.nothing_to_take().await;
    let put = line.put(2).await;
    for turns in 0..40 {
        let Some(taken) = within_turns(turns, line.queue.take(line.part, 10)).await else { continue };
        // The first of them may be there before the second.
        let taken = messages(&taken.unwrap());
        assert!(!taken.is_empty() && put.starts_with(&taken), "after {turns} turns: {taken:?}");
        // A quick backend answers within any number of turns: then it was taken, and is brought back.
        line.queue.give_back(line.part).await;
    }
    let taken = line.take(2).await;
    assert_eq!(messages(&taken), put);
    line.ack(&taken).await;
}

pub async fn each_item_has_its_partition(bench: &mut Bench) {
    let queue = bench.queue();
    let lines: Vec<Line> = (0..8).map(|_| Line::of(bench)).collect();
    let all: Vec<Message> = lines.iter().map(|line| message(line.item)).collect();
    queue.put(all.clone()).await.unwrap();
    for part in 0..queue.partitions() {
        let expected: Vec<Message> =
            lines.iter().zip(&all).filter(|(line, _)| line.part == part).map(|(_, message)| message.clone()).collect();
        let Some(line) = lines.iter().find(|line| line.part == part) else { continue };
        let taken = line.take(expected.len()).await;
        assert_eq!(messages(&taken), expected);
        line.ack(&taken).await;
    }
}

pub async fn a_full_queue_sheds_and_has_room_again(bench: &mut Bench) {
    let line = Line::of(bench);
    let (most, keep) = (bench.commands_max() + bench.slack(), bench.room_below() - 1);
    line.put(bench.commands_max()).await;
    let mut stored = bench.commands_max() + line.fill(bench.slack()).await;
    let taken = line.take(3).await;
    // In hand is not gone.
    stored += line.fill(most - stored).await;
    line.ack(&taken).await;
    stored -= taken.len();
    let too_many = stored.saturating_sub(keep);
    line.drain(too_many).await;
    stored -= too_many;
    let queue = line.queue.clone();
    until("room for one", || async { queue.put(vec![message(line.item)]).await.is_ok() }).await;
    line.drain(stored + 1).await;
    line.nothing_to_take().await;
}

pub async fn what_nobody_can_read_is_put_aside_and_its_neighbours_go_on(bench: &mut Bench) {
    let line = Line::of(bench);
    let mut put = line.put(1).await;
    bench.poison(line.part).await;
    put.extend(line.put(1).await);
    let taken = line.take(2).await;
    assert_eq!(messages(&taken), put);
    line.ack(&taken).await;
    assert_eq!(bench.parked().await, 1);
    bench.restart().await;
    line.again(bench).nothing_to_take().await;
    assert_eq!(bench.parked().await, 1);
}

pub async fn many_putters_at_once_are_all_stored(bench: &mut Bench) {
    let line = Line::of(bench);
    let count = bench.commands_max().min(100);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..count {
        let (queue, one) = (line.queue.clone(), message(line.item));
        tasks.spawn(async move {
            queue.put(vec![one.clone()]).await.unwrap();
            one
        });
    }
    let put = tasks.join_all().await;
    assert_eq!(line.queue.depth().await.unwrap(), count as u64);
    let taken = line.take(count).await;
    for one in messages(&taken) {
        assert!(put.contains(&one));
    }
    line.ack(&taken).await;
    assert_eq!(line.queue.depth().await.unwrap(), 0);
}

pub async fn a_putter_who_goes_away_leaves_the_queue_well(bench: &mut Bench) {
    let line = Line::of(bench);
    for turns in 0..40 {
        within_turns(turns, line.queue.put(vec![message(line.item)])).await;
    }
    let last = line.put(1).await;
    let mut stored = line.queue.depth().await.unwrap() as usize;
    assert!((1..=41).contains(&stored));
    let mut taken = line.take(stored).await;
    while messages(&taken).last() != last.last() {
        taken.extend(line.take(1).await);
        stored += 1;
    }
    line.ack(&taken).await;
    line.nothing_to_take().await;
    assert_eq!(line.queue.depth().await.unwrap(), 0, "of {stored}");
}
