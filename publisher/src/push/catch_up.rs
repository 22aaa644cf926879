//! Catching up: held claims are read again before they are told, and after a gap everything that changed meanwhile.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use journal::JournalError;
use sale::{
    claim::{ClaimState, ClaimView},
    ids::ClaimId,
    time::UnixMs,
};
use tokio::{sync::Notify, time::timeout};

use super::{
    Push,
    present::{READ_WAIT, read},
};

/// Rows waiting to be read. Beyond it: everything that changed is read instead.
const ROWS_MAX: usize = 20_000;
/// Rows of one reading of those that wait.
const ROWS_AT_ONCE: usize = 128;
/// Rows of one reading of what changed. Were there more, every connected buyer is read.
const CHANGED_MAX: u32 = 5_000;
/// A commit may become readable a little after the time it was judged by.
const OVERLAP_MS: i64 = 10_000;
const RETRY_EVERY: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(super) struct CatchUp {
    rows: Mutex<HashSet<ClaimId>>,
    /// Something may have been missed since `good`.
    behind: AtomicBool,
    good: Mutex<UnixMs>,
    wake: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CatchUp {
    fn want(&self, id: ClaimId) {
        let mut rows = lock(&self.rows);
        if rows.len() < ROWS_MAX {
            rows.insert(id);
        } else {
            metrics::counter!("publisher_catch_up_overflows_total").increment(1);
            self.behind.store(true, Ordering::SeqCst);
        }
        drop(rows);
        self.wake.notify_one();
    }

    /// Nothing before `now` was missed, unless we are behind already.
    fn heard_well(&self, now: UnixMs) {
        let mut good = lock(&self.good);
        if !self.behind.load(Ordering::SeqCst) {
            *good = now;
        }
    }

    /// A reading begins: from when on. What is missed while it runs makes us behind anew.
    fn begin(&self) -> UnixMs {
        let good = lock(&self.good);
        self.behind.store(false, Ordering::SeqCst);
        *good
    }

    /// The reading that began at `now` has ended well.
    fn done(&self, now: UnixMs) {
        *lock(&self.good) = now;
    }

    /// The reading from `since` has failed: whatever was heard well meanwhile, it is missing still.
    fn failed(&self, since: UnixMs) {
        let mut good = lock(&self.good);
        self.behind.store(true, Ordering::SeqCst);
        *good = since;
    }
}

impl Push {
    /// A committed row of some buyer, heard on the bus.
    pub(crate) fn hear_claim(&self, row: &ClaimView) {
        if !self.hub.is_here(row.buyer_id) {
            return;
        }
        match row.state {
            // Its pass and deadline are minted from the row as it is now, never from what travelled.
            ClaimState::Held => self.catch_up.want(row.claim_id),
            _ => self.hub.tell_buyer(row, &self.claim_frame(row)),
        }
        if row.state == ClaimState::Standby {
            self.standby.moved(row.sale_item_id);
        }
    }

    /// The bus is in order: nothing before `now` was missed, unless we are behind already.
    pub(crate) fn heard_well(&self, now: UnixMs) {
        self.catch_up.heard_well(now);
    }

    /// Something may have been missed.
    pub(crate) fn heard_badly(&self) {
        self.catch_up.behind.store(true, Ordering::SeqCst);
        self.catch_up.wake.notify_one();
    }

    fn tell(&self, row: &ClaimView) {
        self.hub.tell_buyer(row, &self.claim_frame(row));
    }
}

/// Until the soft stop.
pub(super) async fn catch_up(push: Arc<Push>) {
    let soft = push.life.soft();
    loop {
        tokio::select! {
            biased;
            () = soft.cancelled() => return,
            () = push.catch_up.wake.notified() => {}
        }
        let rows_read = push.read_rows().await;
        let changes_read = push.read_changes().await;
        if !(rows_read && changes_read) {
            if !push.life.sleep(RETRY_EVERY).await {
                return;
            }
            push.catch_up.wake.notify_one();
        }
    }
}

impl Push {
    /// Reads and tells every row that waits. Returns whether all were read; the others wait on.
    async fn read_rows(&self) -> bool {
        let ids: Vec<ClaimId> = std::mem::take(&mut *lock(&self.catch_up.rows)).into_iter().collect();
        metrics::histogram!("publisher_catch_up_rows").record(ids.len() as f64);
        let some: Vec<Vec<ClaimId>> = ids.chunks(ROWS_AT_ONCE).map(<[_]>::to_vec).collect();
        let failed: Vec<Vec<ClaimId>> = stream::iter(some)
            .map(|ids| async move {
                match timeout(READ_WAIT, self.journal.claims(&ids)).await {
                    Ok(Ok(rows)) => {
                        rows.iter().for_each(|row| self.tell(row));
                        None
                    }
                    _ => Some(ids),
                }
            })
            .buffer_unordered(self.config.reads_max)
            .filter_map(std::future::ready)
            .collect()
            .await;
        let all = failed.is_empty();
        lock(&self.catch_up.rows).extend(failed.into_iter().flatten());
        all
    }

    /// If something was missed: reads and tells what changed since. Returns whether nothing is missing any more.
    async fn read_changes(&self) -> bool {
        if !self.catch_up.behind.load(Ordering::SeqCst) {
            return true;
        }
        if !self.schedule.is_loaded() {
            return false;
        }
        metrics::counter!("publisher_catch_ups_total").increment(1);
        let (now, good) = (self.schedule.now(), self.catch_up.begin());
        // Nobody was here before the first look: whoever came since was told the present state.
        let first = good == UnixMs::default();
        let outcome = if first { Ok(()) } else { self.read_since(good + -OVERLAP_MS).await };
        match &outcome {
            Ok(()) => self.catch_up.done(now),
            Err(error) => {
                tracing::debug!(%error, "what was missed waits for the journal");
                self.catch_up.failed(good);
            }
        }
        outcome.is_ok()
    }

    async fn read_since(&self, since: UnixMs) -> Result<(), JournalError> {
        let silent = |_| JournalError::Unavailable("no answer in time".into());
        let changed =
            timeout(READ_WAIT, self.journal.claims_changed_since(since, CHANGED_MAX)).await.map_err(silent)??;
        for row in &changed {
            if let Some(accept) = &self.accept {
                accept.hear(row);
            }
            if self.hub.is_here(row.buyer_id) && !self.is_told(row) {
                self.tell(row);
            }
        }
        if changed.len() < CHANGED_MAX as usize {
            return Ok(());
        }
        // Too much happened to read it all: whoever is here is told how they stand.
        let buyers = stream::iter(self.hub.buyers());
        let outcomes = buyers.map(|buyer| async move {
            read(self, buyer)
                .await
                .map(|rows| rows.iter().filter(|row| !self.is_told(row)).for_each(|row| self.tell(row)))
        });
        outcomes.buffer_unordered(self.config.reads_max).fold(Ok(()), |all, one| async { all.and(one) }).await
    }

    /// Whether its buyer was told this version already: a silent bus must not become a stream of repeats.
    fn is_told(&self, row: &ClaimView) -> bool {
        self.hub.last_told(row.buyer_id, |told| told.claim_id == row.claim_id && told.version >= row.version).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_stays_missing_until_it_was_read_whatever_is_heard_meanwhile() {
        let catch_up = CatchUp::default();
        catch_up.heard_well(UnixMs(1_000));
        catch_up.behind.store(true, Ordering::SeqCst);
        for minute in 1..5 {
            assert_eq!(catch_up.begin(), UnixMs(1_000));
            catch_up.heard_well(UnixMs(minute * 60_000));
            catch_up.failed(UnixMs(1_000));
            catch_up.heard_well(UnixMs(minute * 60_000 + 1));
        }
        assert_eq!(catch_up.begin(), UnixMs(1_000));
        catch_up.done(UnixMs(300_000));
        catch_up.heard_well(UnixMs(300_001));
        assert_eq!(*lock(&catch_up.good), UnixMs(300_001));
    }
}
