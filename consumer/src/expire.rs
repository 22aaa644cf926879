//! Expiring: holds that are over end, and their units go on. Timers knock; the sweeper comes anyway.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use journal::{JournalError, claim::RatifyError};
use sale::ids::SaleItemId;

use crate::counter::Counter;

mod beat;

pub(crate) use beat::run as beat;

/// One sweep ends a bounded number of holds; where so many changed, another one follows at once.
const MORE_LEFT: usize = 500;
/// However much is left, other items have their turn after so many sweeps of one.
const SWEEPS_MAX: usize = 40;
/// Knocks heard as one.
const KNOCKS_MAX: usize = 10_000;

/// Sweeps until the soft stop.
// No leader election: expiring is safe from everywhere and any number of times.
pub(crate) async fn run(counter: Arc<Counter>) {
    let config = counter.config.expire.clone();
    while !counter.life.is_stopping() {
        counter.sweep_all().await;
        if !counter.life.sleep(config.sweep_gap.get()).await {
            return;
        }
        counter.knock_or(config.sweep_every.get()).await;
    }
}

impl Counter {
    /// Waits for a knock, but not longer than this, and not through a soft stop.
    async fn knock_or(&self, longest: Duration) {
        tokio::select! {
            _ = self.life.sleep(longest) => {}
            // What it is about does not matter: the journal knows what is over.
            _ = self.stores.timers.next() => self.hear_them_all(),
        }
    }

    /// A thousand holds that end together are a thousand knocks and one look.
    fn hear_them_all(&self) {
        for _ in 0..KNOCKS_MAX {
            if self.stores.timers.next().now_or_never().is_none() {
                return;
            }
        }
    }

    pub(crate) async fn sweep_all(&self) {
        let items = match self.journal.items_to_sweep().await {
            Ok(items) => items,
            Err(error) => return tracing::warn!(%error, "what is over cannot be looked for now"),
        };
        for item in items {
            self.sweep(item).await;
        }
    }

    /// Ends what is over on one item, and tells it.
    async fn sweep(&self, item: SaleItemId) {
        for _ in 0..SWEEPS_MAX {
            match self.journal.sweep(item).await {
                Ok(done) => {
                    let changed = done.claims.len();
                    self.announce(done).await;
                    if changed < MORE_LEFT {
                        return;
                    }
                }
                Err(RatifyError::ClockStands) => return,
                Err(RatifyError::Journal(error @ JournalError::Unavailable(_))) => {
                    return tracing::warn!(sale_item = %item, %error, "a sale item cannot be swept now");
                }
                Err(error) => {
                    metrics::counter!("sweep_failures_total").increment(1);
                    return tracing::error!(sale_item = %item, %error, "alarm: a sale item cannot be swept");
                }
            }
        }
    }
}
