//! The claims queue and the timers on RabbitMQ: their contracts on a real broker, and what only a real one can do: die, hang, fill up, forget a queue.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod claims;
mod contracts;
mod faults;
mod own;
mod raw;
mod timers;

use std::sync::Arc;

use cluster::{
    amqp::{Rabbit, RabbitConfig},
    queue::RabbitQueue,
};
use contract::fresh;
use stack::Running;

use raw::Raw;

/// Queues of one test on the broker that all tests share; removed at its end.
pub struct Shop {
    pub config: RabbitConfig,
    pub raw: Raw,
}

impl Shop {
    pub async fn new() -> Self {
        let url = Running::from_env().unwrap().amqp;
        let mut config = RabbitConfig { url, prefix: format!("{}.", fresh::uuid()), ..RabbitConfig::default() };
        config.claims.partitions = 3;
        // The tests share two cores with whoever builds.
        config.call_wait *= 5;
        config.put_wait *= 5;
        let raw = Raw::open(&config).await;
        Self { config, raw }
    }

    /// One process's connections.
    pub async fn rabbit(&self) -> Arc<Rabbit> {
        Rabbit::connect(self.config.clone()).await.unwrap()
    }

    /// One process's queue.
    pub async fn queue(&self) -> (Arc<Rabbit>, Arc<RabbitQueue>) {
        let rabbit = self.rabbit().await;
        let queue = RabbitQueue::open(&rabbit).await.unwrap();
        (rabbit, queue)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        raw::remove_queues(&self.config);
    }
}
