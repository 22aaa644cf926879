//! Timers in memory: a heap of knocks. Lost with the process; the sweeper is the guarantee.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use sale::{
    port::{
        clock::Clock,
        timers::{Knock, Timers},
    },
    time::UnixMs,
};
use tokio::sync::Notify;

/// So many knocks are kept; more are dropped, because the sweeper comes anyway.
pub const KNOCKS_DEFAULT: usize = 1_000_000;
/// Wall clocks step: however long the wait should be, look at the clock again after this.
const LOOK_AGAIN_MS: i64 = 50;

/// The heap, earliest first.
pub struct MemoryTimers {
    clock: Arc<dyn Clock>,
    heap: Mutex<BinaryHeap<Reverse<Entry>>>,
    armed: Notify,
    knocks_max: usize,
}

impl MemoryTimers {
    pub fn new(clock: Arc<dyn Clock>, knocks_max: usize) -> Self {
        metrics::gauge!("timers_armed_max").set(knocks_max as f64);
        metrics::gauge!("timers_armed").set(0.0);
        Self { clock, heap: Mutex::default(), armed: Notify::new(), knocks_max }
    }

    fn heap(&self) -> MutexGuard<'_, BinaryHeap<Reverse<Entry>>> {
        self.heap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A knock that is due, or when to look again; `None`: when something is armed.
    fn look(&self) -> Result<Knock, Option<i64>> {
        let now = self.clock.now();
        let mut heap = self.heap();
        match heap.peek() {
            None => Err(None),
            Some(Reverse(first)) if first.0.due_at > now => Err(Some(first.0.due_at - now)),
            Some(_) => {
                metrics::gauge!("timers_armed").set((heap.len() - 1) as f64);
                heap.pop().map(|Reverse(entry)| entry.0).ok_or(None)
            }
        }
    }
}

/// Ordered by its instant alone.
struct Entry(Knock);

impl Entry {
    fn key(&self) -> UnixMs {
        self.0.due_at
    }
}
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[async_trait]
impl Timers for MemoryTimers {
    async fn arm(&self, knocks: Vec<Knock>) {
        let dropped = {
            let mut heap = self.heap();
            let room = self.knocks_max.saturating_sub(heap.len());
            let dropped = knocks.len().saturating_sub(room);
            heap.extend(knocks.into_iter().take(room).map(|knock| Reverse(Entry(knock))));
            metrics::gauge!("timers_armed").set(heap.len() as f64);
            dropped
        };
        if dropped > 0 {
            metrics::counter!("timers_dropped_total").increment(dropped as u64);
        }
        self.armed.notify_waiters();
    }

    async fn next(&self) -> Knock {
        loop {
            let armed = self.armed.notified();
            tokio::pin!(armed);
            // Registered before looking, so that what is armed in between is not missed.
            armed.as_mut().enable();
            match self.look() {
                Ok(knock) => return knock,
                Err(None) => armed.await,
                Err(Some(wait_ms)) => {
                    let wait = Duration::from_millis(wait_ms.clamp(1, LOOK_AGAIN_MS) as u64);
                    tokio::select! {
                        () = armed => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }
}
