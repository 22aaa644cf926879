//! What a claims queue in RabbitMQ must bear beyond its contract: other nodes, other hands on its queues, changed settings.

use std::{sync::Arc, time::Duration};

use cluster::{
    amqp::{Rabbit, RabbitConfig, RabbitError},
    queue::RabbitQueue,
};
use contract::fresh::{self, never, soon, until};
use sale::{
    ids::SaleItemId,
    port::queue::{ClaimQueue, Delivery, Message, QueueError, partition_of},
};

use super::Shop;

/// A shop with one node on its queue, an item, and the item's partition.
async fn opened() -> (Shop, Arc<RabbitQueue>, SaleItemId, u32) {
    let shop = Shop::new().await;
    let (_, queue) = shop.queue().await;
    let item = fresh::item();
    let part = partition_of(item, queue.partitions());
    (shop, queue, item, part)
}

fn messages(item: SaleItemId, count: usize) -> Vec<Message> {
    (0..count).map(|_| Message::new(item, vec![fresh::claim(item)])).collect()
}

fn told(deliveries: &[Delivery]) -> Vec<Message> {
    deliveries.iter().map(|delivery| delivery.message.clone()).collect()
}

async fn take(queue: &RabbitQueue, part: u32, count: usize) -> Vec<Delivery> {
    let mut taken = vec![];
    while taken.len() < count {
        taken.extend(soon("a delivery", queue.take(part, count - taken.len())).await.unwrap());
    }
    taken
}

#[tokio::test]
async fn the_next_node_takes_over_in_order_and_only_when_the_first_is_gone() {
    let shop = Shop::new().await;
    let (first_rabbit, first) = shop.queue().await;
    let (_second_rabbit, second) = shop.queue().await;
    let item = fresh::item();
    let part = partition_of(item, first.partitions());
    let put = messages(item, 40);
    first.put(put.clone()).await.unwrap();
    let taken = take(&first, part, 10).await;
    never("a delivery for the node that waits", second.take(part, 10)).await;
    let acked: Vec<u64> = taken[..4].iter().chain(&taken[6..7]).map(|delivery| delivery.tag).collect();
    first.ack(part, &acked).await.unwrap();
    first_rabbit.close().await;
    let rest = take(&second, part, 35).await;
    assert_eq!(told(&rest), [&put[4..6], &put[7..]].concat());
    assert_eq!(first.ack(part, &[taken[4].tag]).await, Err(QueueError::Unavailable), "its channel is gone");
    second.ack(part, &rest.iter().map(|delivery| delivery.tag).collect::<Vec<_>>()).await.unwrap();
    until("an empty queue", || async { second.depth().await == Ok(0) }).await;
}

#[tokio::test]
async fn a_tag_of_an_older_channel_acks_nothing_of_a_newer_one() {
    let (_shop, queue, item, part) = opened().await;
    let put = messages(item, 3);
    queue.put(put.clone()).await.unwrap();
    let before = take(&queue, part, 3).await;
    queue.give_back(part).await;
    let again = take(&queue, part, 3).await;
    let stale: Vec<u64> = before.iter().map(|delivery| delivery.tag).collect();
    assert_eq!(queue.ack(part, &stale).await, Err(QueueError::Unavailable));
    queue.give_back(part).await;
    assert_eq!(told(&take(&queue, part, 3).await), put);
    assert_eq!(told(&again), put);
}

#[tokio::test]
async fn a_queue_that_was_removed_is_noticed_and_made_anew() {
    let (shop, queue, item, part) = opened().await;
    queue.put(messages(item, 1)).await.unwrap();
    take(&queue, part, 1).await;
    shop.raw.remove(&format!("claims.{part}")).await;
    // The taker finds its consumer gone and declares the queue again, or the putter does: whoever comes first.
    let (mut put, mut unknown) = (messages(item, 1), 0);
    while let Err(error) = queue.put(put.clone()).await {
        assert_eq!(error, QueueError::Unavailable);
        put = messages(item, 1);
        unknown += 1;
        assert!(unknown < 5, "the queue is not made anew");
    }
    assert!(unknown > 0, "a message that went nowhere was promised");
    let taken = take(&queue, part, 1).await;
    assert_eq!(told(&taken), put);
    queue.ack(part, &[taken[0].tag]).await.unwrap();
}

#[tokio::test]
async fn what_was_in_hand_of_a_removed_queue_is_still_handed_out() {
    let (shop, queue, item, part) = opened().await;
    let put = messages(item, 3);
    queue.put(put.clone()).await.unwrap();
    let first = take(&queue, part, 1).await;
    until("all of it in hand", || async { shop.raw.ready(&format!("claims.{part}")).await == 0 }).await;
    shop.raw.remove(&format!("claims.{part}")).await;
    let rest = take(&queue, part, 2).await;
    assert_eq!(told(&[first, rest].concat()), put);
}

#[tokio::test]
async fn a_queue_that_is_removed_again_and_again_is_heard_by_one_of_two_nodes() {
    let (shop, one, item, part) = opened().await;
    let (_other, other) = shop.queue().await;
    for _ in 0..5 {
        let put = messages(item, 1);
        until("a promise", || async { one.put(put.clone()).await.is_ok() }).await;
        let taken = soon("a delivery", async {
            tokio::select! {
                taken = one.take(part, 9) => (&one, taken.unwrap()),
                taken = other.take(part, 9) => (&other, taken.unwrap()),
            }
        });
        let (taker, taken) = taken.await;
        assert_eq!(told(&taken), put);
        taker.ack(part, &[taken[0].tag]).await.unwrap();
        shop.raw.remove(&format!("claims.{part}")).await;
    }
}

#[tokio::test]
async fn a_taker_who_goes_away_while_it_opens_leaves_no_consumer_behind() {
    let (_shop, queue, item, part) = opened().await;
    let put = messages(item, 1);
    queue.put(put.clone()).await.unwrap();
    // Each goes away a little further on its way to a consumer.
    for way in 0..60 {
        let taking = queue.take(part, 1);
        let gone = tokio::time::timeout(Duration::from_micros(way * 250), taking).await;
        if gone.is_ok() {
            queue.give_back(part).await;
        }
    }
    assert_eq!(told(&take(&queue, part, 1).await), put);
}

#[tokio::test]
async fn a_queue_with_other_arguments_is_an_error_at_the_start() {
    let mut shop = Shop::new().await;
    let (_rabbit, queue) = shop.queue().await;
    shop.config.claims.messages_max += 1;
    let changed = shop.rabbit().await;
    let error = RabbitQueue::open(&changed).await.err().expect("an error");
    assert!(matches!(&error, RabbitError::OtherShape { queue, .. } if queue.ends_with("claims.0")), "{error}");
    // And the first one is none the worse for it.
    queue.put(messages(fresh::item(), 1)).await.unwrap();
}

#[tokio::test]
async fn a_message_of_another_partition_is_put_aside() {
    let (shop, queue, item, part) = opened().await;
    let elsewhere = (part + 1) % queue.partitions();
    let body = serde_json::to_vec(&messages(item, 1)[0]).unwrap();
    shop.raw.put(&format!("claims.{elsewhere}"), &body).await;
    let taking = tokio::spawn({
        let queue = queue.clone();
        async move { queue.take(elsewhere, 1).await }
    });
    until("the shelf", || async { shop.raw.ready("claims.parked").await == 1 }).await;
    assert_eq!(queue.parked().await, Ok(1), "the queue itself tells staff");
    // The shelf has it a moment before its taker hears so and acks it.
    until("an empty queue", || async { queue.depth().await == Ok(0) }).await;
    taking.abort();
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_an_error_within_its_bound() {
    let start_wait = Duration::from_millis(300);
    let url = "amqp://guest:guest@127.0.0.1:1/%2f".to_owned();
    let nobody = Rabbit::connect(RabbitConfig { url, start_wait, ..RabbitConfig::default() });
    assert!(matches!(soon("an answer", nobody).await.err(), Some(RabbitError::Unavailable(_))));
}
