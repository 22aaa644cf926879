//! The bus: lossy telling between processes.

use async_trait::async_trait;

use crate::{ids::UserId, told::Told};

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Told(Told),
    /// Something may have been lost: re-read what matters.
    Gap,
}

/// One listener's end.
#[async_trait]
pub trait Listener: Send {
    /// The next thing heard; `None` when the bus is gone for good.
    async fn next(&mut self) -> Option<Heard>;
}

/// K channels by hash of buyer, and one for all.
///
/// Shape: messages of one channel arrive in order or not at all; each channel is numbered, so that a loss is heard as a [`Heard::Gap`].
/// Repeat: a message may arrive twice; versions make that harmless.
/// Errors: none: telling never fails the teller.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    async fn tell(&self, told: Vec<Told>);
    /// Everything told after this returns; subscribe before you read.
    async fn listen(&self) -> Box<dyn Listener>;
}

/// The channel of a buyer.
pub fn channel_of(buyer: UserId, channels: u32) -> u32 {
    ((buyer.0.as_u128() as u64) % u64::from(channels.max(1))) as u32
}
