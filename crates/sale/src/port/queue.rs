//! The claims queue: durable transport between the receipt and the journal.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{claim::Command, ids::SaleItemId};

/// Commands of one sale item, in order; the unit of transport.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    pub sale_item_id: SaleItemId,
    pub commands: Vec<Command>,
    /// Whose story it is a part of, as W3C's `traceparent` says it: for logs and spans, nothing is decided by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

impl Message {
    pub fn new(sale_item_id: SaleItemId, commands: Vec<Command>) -> Self {
        Self { sale_item_id, commands, trace: None }
    }
}

/// A message in hand, to be acked after the commit that decided it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Names it to [`ClaimQueue::ack`].
    pub tag: u64,
    pub message: Message,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QueueError {
    /// Unknown whether it is stored: tell nobody yes; the same commands may be put again.
    #[error("the claims queue does not answer")]
    Unavailable,
    /// The queue's bound is reached: shed.
    #[error("the claims queue is full")]
    Full,
}

/// P partitions by hash of the sale item; nothing overtakes inside an item.
///
/// Shape: `put` takes messages of any items; `take` hands one partition's messages to its one active consumer, oldest first.
/// Repeat: at least once: whatever was not acked when its taker went away is delivered again, in order, before anything newer.
/// Errors: [`QueueError`]. `put` answers Ok only when every message survives the death of any process.
#[async_trait]
pub trait ClaimQueue: Send + Sync + 'static {
    fn partitions(&self) -> u32;
    /// Stores all messages durably, or none is promised.
    async fn put(&self, messages: Vec<Message>) -> Result<(), QueueError>;
    /// Waits for at least one message of this partition, then returns up to `max` that are not yet in hand.
    async fn take(&self, partition: u32, max: usize) -> Result<Vec<Delivery>, QueueError>;
    /// Removes what is decided. An ack that is lost means a redelivery.
    async fn ack(&self, partition: u32, tags: &[u64]) -> Result<(), QueueError>;
    /// Gives every unacked delivery of a partition back, in order: what closing the channel does.
    async fn give_back(&self, partition: u32);
    /// Messages stored and not yet acked, roughly.
    async fn depth(&self) -> Result<u64, QueueError>;
    /// Messages that nobody could read and that were put aside beside the queue, roughly; 0 where they lie in the journal's own
    /// table.
    async fn parked(&self) -> Result<u64, QueueError> {
        Ok(0)
    }
}

/// The partition of an item: the same on every node and for ever.
pub fn partition_of(item: SaleItemId, partitions: u32) -> u32 {
    // The tail of a v7 id is random; its head is a clock and would pile neighbours up.
    let low = item.0.as_u128() as u64;
    (low % u64::from(partitions.max(1))) as u32
}
