//! One partition: how far its consumer has read, and a bell for news.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, MutexGuard, Notify, futures::Notified};

/// Rows up to the mark are in hand or gone; rows behind it are still to be taken.
#[derive(Debug, Default)]
pub struct Part {
    read_to: Mutex<i64>,
    /// Somebody gave everything back: read from the beginning again.
    rewound: AtomicBool,
    bell: Notify,
}

impl Part {
    /// One taker at a time; a second one waits.
    pub async fn reader(&self) -> MutexGuard<'_, i64> {
        self.read_to.lock().await
    }

    /// Where to read from now.
    pub fn start(&self, read_to: &mut i64) -> i64 {
        if self.rewound.swap(false, Ordering::SeqCst) {
            // At once and not with the answer: a taker dropped in between must not undo it.
            *read_to = 0;
        }
        *read_to
    }

    /// Marks rows up to `last` as in hand; `false` if everything was given back meanwhile: then they are not.
    pub fn advance(&self, read_to: &mut i64, last: i64) -> bool {
        if self.rewound.load(Ordering::SeqCst) {
            return false;
        }
        *read_to = last;
        true
    }

    pub fn rewind(&self) {
        self.rewound.store(true, Ordering::SeqCst);
        self.wake();
    }

    /// Rings once something was put.
    pub fn news(&self) -> Notified<'_> {
        self.bell.notified()
    }

    pub fn wake(&self) {
        self.bell.notify_waiters();
    }
}
