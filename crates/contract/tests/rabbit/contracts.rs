//! The contracts, stamped on RabbitMQ.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cluster::{amqp::Rabbit, queue::RabbitQueue, timers::RabbitTimers};
use contract::{
    queue::{Bench as QueueBench, Queued},
    stamp,
    timers::Bench as TimersBench,
};
use kit::clock::SystemClock;
use sale::port::{clock::Clock, queue::ClaimQueue};

use super::Shop;

const MESSAGES_MAX: usize = 120;
/// Some cases hold as many messages as there may be.
const PREFETCH: usize = 200;
/// Whoever puts hears a little late that the queue is full.
const NOT_YET_HEARD: usize = 30;

struct Bench {
    shop: Shop,
    rabbit: Arc<Rabbit>,
    queue: Arc<RabbitQueue>,
}

async fn rabbit_queue() -> QueueBench {
    let mut shop = Shop::new().await;
    shop.config.claims.messages_max = MESSAGES_MAX as u32;
    shop.config.claims.prefetch = PREFETCH as u16;
    let (rabbit, queue) = shop.queue().await;
    Box::new(Bench { shop, rabbit, queue })
}

#[async_trait]
impl Queued for Bench {
    fn queue(&self) -> Arc<dyn ClaimQueue> {
        self.queue.clone()
    }

    async fn restart(&mut self) {
        // The old queue is told nothing: it finds its connections closed, and nothing in its hands.
        self.rabbit.close().await;
        (self.rabbit, self.queue) = self.shop.queue().await;
    }

    async fn poison(&self, partition: u32) {
        self.shop.raw.put(&format!("claims.{partition}"), br#"{"sale_item_id":"not an id"}"#).await;
    }

    async fn parked(&self) -> usize {
        self.shop.raw.ready("claims.parked").await
    }

    fn commands_max(&self) -> usize {
        MESSAGES_MAX
    }

    fn slack(&self) -> usize {
        // The broker's bound is about what lies there; what is in hand comes on top.
        PREFETCH + NOT_YET_HEARD
    }

    fn room_below(&self) -> usize {
        // A quorum queue that refused takes again at four fifths of its bound.
        MESSAGES_MAX * 4 / 5
    }
}

/// A bench whose queues are removed with it.
struct Kept {
    bench: TimersBench,
    _shop: Shop,
}

async fn rabbit_timers() -> Kept {
    let shop = Shop::new().await;
    let timers = RabbitTimers::open(&shop.rabbit().await, Arc::new(SystemClock)).await.unwrap();
    let bench = TimersBench {
        timers,
        now: Box::new(|| SystemClock.now()),
        pass_ms: Box::new(|ms| Box::pin(tokio::time::sleep(Duration::from_millis(ms as u64)))),
    };
    Kept { bench, _shop: shop }
}

impl std::ops::Deref for Kept {
    type Target = TimersBench;
    fn deref(&self) -> &TimersBench {
        &self.bench
    }
}

impl std::ops::DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut TimersBench {
        &mut self.bench
    }
}

stamp!(queue: super::rabbit_queue());
stamp!(timers: super::rabbit_timers());
