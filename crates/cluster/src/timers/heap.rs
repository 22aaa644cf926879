//! Knocks in this node's hands: due, or nearly so. Unacked until somebody hears them, so that a node that dies takes none with it.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use lapin::{Channel, options::BasicAckOptions};
use sale::{
    port::{clock::Clock, timers::Knock},
    time::UnixMs,
};
use tokio::sync::Notify;

/// Wall clocks step: however long the wait should be, look at the clock again after this.
const LOOK_AGAIN_MS: i64 = 50;

/// Bounded by the consumer's prefetch.
pub(super) struct Heap {
    clock: Arc<dyn Clock>,
    held: Mutex<BinaryHeap<Reverse<Held>>>,
    came: Notify,
}

/// A knock and its delivery.
pub(super) struct Held {
    pub(super) knock: Knock,
    pub(super) channel: Channel,
    pub(super) delivery: u64,
}

impl Held {
    /// Puts an ack on its way. Lost, the knock comes again: that harms nobody.
    pub(super) fn ack(&self) {
        let _ = self.channel.basic_ack(self.delivery, BasicAckOptions::default()).now_or_never();
    }

    fn key(&self) -> UnixMs {
        self.knock.due_at
    }
}

/// Ordered by their instants alone.
impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Held {}
impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Heap {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, held: Mutex::default(), came: Notify::new() }
    }

    fn held(&self) -> MutexGuard<'_, BinaryHeap<Reverse<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, held: Held) {
        self.held().push(Reverse(held));
        self.came.notify_waiters();
    }

    /// The connection is gone: everything is delivered again, to whomever.
    pub(super) fn clear(&self) {
        self.held().clear();
    }

    /// Waits for a knock that is due by our clock.
    pub(super) async fn next(&self) -> Knock {
        loop {
            let came = self.came.notified();
            tokio::pin!(came);
            // Registered before looking, so that what comes in between is not missed.
            came.as_mut().enable();
            match self.look() {
                Ok(held) => {
                    held.ack();
                    return held.knock;
                }
                Err(None) => came.await,
                Err(Some(wait_ms)) => {
                    let wait = Duration::from_millis(wait_ms.clamp(1, LOOK_AGAIN_MS) as u64);
                    let _ = tokio::time::timeout(wait, came).await;
                }
            }
        }
    }

    /// A knock that is due, or how long the first one still waits; `Err(None)`: there is none.
    fn look(&self) -> Result<Held, Option<i64>> {
        let now = self.clock.now();
        let mut held = self.held();
        match held.peek() {
            None => Err(None),
            Some(Reverse(first)) if first.key() > now => Err(Some(first.key() - now)),
            Some(_) => held.pop().map(|Reverse(first)| first).ok_or(None),
        }
    }
}
