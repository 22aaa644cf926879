//! RabbitMQ: the connection that comes back, and the three things done over it: shape queues, put messages, hear them.

use std::{sync::Arc, time::Instant};

use thiserror::Error;

mod config;
mod consume;
mod link;
mod put;
mod shape;

pub use config::{ClaimsBounds, RabbitConfig, TimersBounds};
pub(crate) use link::{Link, Live};
pub(crate) use put::{Answer, Bounds, Lane, Parcel, trace_of};
pub(crate) use shape::Shape;

/// Why RabbitMQ did not do it.
#[derive(Clone, Debug, Error)]
pub enum RabbitError {
    /// The settings cannot be used: mend them.
    #[error("rabbit.{key}: {reason}")]
    Config { key: &'static str, reason: String },
    /// No connection, or no answer in time: try again.
    #[error("RabbitMQ does not answer: {0}")]
    Unavailable(String),
    /// Memory or disk is short over there: nothing can be published until it has room again.
    #[error("RabbitMQ takes nothing now: its memory or disk alarm is on")]
    Blocked,
    /// A queue was removed: it is declared again before its next use.
    #[error("a queue is gone: {0}")]
    Gone(String),
    /// A queue of this name stands there with other arguments than ours. Arguments never change: rename or remove the queue.
    #[error("the queue {queue} exists with other arguments: {reason}")]
    OtherShape { queue: String, reason: String },
}

impl From<lapin::Error> for RabbitError {
    fn from(error: lapin::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// One process's two connections to one broker.
// Two, because a memory alarm stops a connection that publishes whole: acks must still get through.
pub struct Rabbit {
    pub(crate) config: RabbitConfig,
    pub(crate) puts: Arc<Link>,
    pub(crate) takes: Arc<Link>,
}

impl Rabbit {
    /// Connects; both connections are kept up from then on.
    ///
    /// Errors: `Config`; `Unavailable` where the broker is not there within `start_wait`.
    pub async fn connect(config: RabbitConfig) -> Result<Arc<Self>, RabbitError> {
        config.check()?;
        let begun = Instant::now();
        let puts = Link::start("puts", &config)?;
        let takes = Link::start("takes", &config)?;
        for link in [&puts, &takes] {
            let left = config.start_wait.saturating_sub(begun.elapsed());
            if tokio::time::timeout(left, link.up()).await.is_err() {
                return Err(RabbitError::Unavailable(link.why_down()));
            }
        }
        Ok(Arc::new(Self { config, puts, takes }))
    }

    /// Whether both connections stand: what a readiness probe asks.
    pub fn connected(&self) -> bool {
        self.puts.now().is_some() && self.takes.now().is_some()
    }

    /// Closes both connections for good. Whatever was in hand goes back, in order.
    pub async fn close(&self) {
        tokio::join!(self.puts.close(), self.takes.close());
    }
}
