//! One partition: a consumer opened when somebody takes, and closed when everything shall go back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{FutureExt, StreamExt};
use lapin::{Consumer, message::Delivery as Raw};
use sale::port::queue::{Delivery, Message, QueueError};

use super::{
    desk::{Arrived, Desk, Unreadable},
    read::read,
    unavailable,
};
use crate::amqp::{Lane, Link, Live, Parcel, Rabbit, RabbitError, Shape, trace_of};

/// The name under which unreadable messages are counted.
const SOURCE: &str = "claims queue";

/// Where unreadable messages are put aside.
pub(super) struct Shelf {
    pub(super) lane: Lane,
    pub(super) shape: Arc<Shape>,
}

pub(super) struct Part {
    partition: u32,
    partitions: u32,
    prefetch: u16,
    shape: Arc<Shape>,
    link: Arc<Link>,
    shelf: Arc<Shelf>,
    /// One taker at a time; a second one waits.
    turn: tokio::sync::Mutex<()>,
    desk: Mutex<Desk>,
}

impl Part {
    pub(super) fn new(rabbit: &Rabbit, shape: Arc<Shape>, partition: u32, shelf: Arc<Shelf>) -> Self {
        let claims = &rabbit.config.claims;
        Self {
            partition,
            partitions: claims.partitions,
            prefetch: claims.prefetch,
            shape,
            link: rabbit.takes.clone(),
            shelf,
            turn: tokio::sync::Mutex::default(),
            desk: Mutex::default(),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the first, then takes what has come. While the broker is away it waits for that too.
    // Nothing is in anybody's hand before the answer: a taker dropped at any wait leaves everything on the desk.
    pub(super) async fn take(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        let _turn = self.turn.lock().await;
        loop {
            let (era, mut consumer) = self.reading().await?;
            self.put_aside(era).await?;
            let taken = self.desk().hand_out(era, max);
            if !taken.is_empty() {
                return Ok(taken);
            }
            let first = consumer.next().await;
            self.lay_down(era, first, &mut consumer);
        }
    }

    /// The present consumer, or a new one.
    async fn reading(&self) -> Result<(u64, Consumer), QueueError> {
        loop {
            if let Some(reading) = self.desk().reading() {
                return Ok(reading);
            }
            let live = self.link.up().await;
            self.open(&live).await.map_err(|error| unavailable(&error))?;
        }
    }

    // Where another node consumes already, the broker lets us wait: we are active as soon as that one is gone.
    async fn open(&self, live: &Live) -> Result<(), RabbitError> {
        let (channel, consumer) = live.consume(&self.shape, self.prefetch).await?;
        self.desk().begin(channel, consumer);
        Ok(())
    }

    /// The first one and whatever came with it.
    fn lay_down(&self, era: u64, first: Option<lapin::Result<Raw>>, consumer: &mut Consumer) {
        let (mut arrived, mut next) = (vec![], Some(first));
        let is_over = loop {
            match next {
                Some(Some(Ok(raw))) => arrived.push(self.read(raw)),
                // Said once: whoever waits for more after this waits for ever.
                Some(Some(Err(_)) | None) => break true,
                None => break false,
            }
            next = consumer.next().now_or_never();
        };
        let mut desk = self.desk();
        desk.lay_down(era, arrived.into_iter());
        if is_over && desk.mark_over(era) {
            let queue = self.shape.name.as_str();
            tracing::error!(queue, "alarm: a claims queue was removed; it is declared again");
        }
    }

    fn read(&self, raw: Raw) -> Arrived {
        match read(&raw.data, self.partition, self.partitions) {
            Ok(message) => Ok((raw.delivery_tag, Message { trace: trace_of(&raw.properties), ..message })),
            Err(why) => Err(Unreadable { count: raw.delivery_tag, body: raw.data, why }),
        }
    }

    /// Puts what nobody can read on the shelf, and only then acks it.
    async fn put_aside(&self, era: u64) -> Result<(), QueueError> {
        loop {
            let Some(Unreadable { count, body, why }) = self.desk().unreadable() else { return Ok(()) };
            let parcel = Parcel { shape: self.shelf.shape.clone(), body, why: Some(why.clone()), trace: None };
            self.shelf.lane.put(vec![parcel])?.wait().await?;
            self.desk().put_aside(era, count)?;
            metrics::counter!("parked_total", "source" => SOURCE).increment(1);
            let partition = self.partition;
            tracing::error!(partition, why, "alarm: a message on the claims queue cannot be read and was parked");
        }
    }

    pub(super) fn ack(&self, tags: &[u64]) -> Result<(), QueueError> {
        self.desk().ack(tags)
    }

    /// Closes the channel: what is unacked on it returns to its place in the queue.
    pub(super) async fn give_back(&self) {
        let Some(open) = self.desk().end() else { return };
        if let Some(live) = self.link.now() {
            live.close(&open.channel).await;
        }
    }

    pub(super) fn in_hand(&self) -> u64 {
        self.desk().len()
    }
}
