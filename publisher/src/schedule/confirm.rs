//! Confirming: is what we know still so, and what does the journal's clock say?

use std::{sync::Arc, time::Duration};

use journal::JournalError;
use kit::lifecycle::Lifecycle;
use tokio::time::{Instant, timeout};

use super::Schedule;

/// A journal that takes longer is as good as silent: ask again.
const READ_WAIT: Duration = Duration::from_secs(2);

/// Confirms again and again, at once where somebody asks for it.
pub(crate) async fn confirm_for_ever(schedule: Arc<Schedule>, life: Lifecycle) {
    let (mut failed, began) = (false, Instant::now());
    loop {
        match timeout(READ_WAIT, schedule.confirm()).await {
            Ok(Ok(good)) => {
                if failed {
                    tracing::info!("the schedule is confirmed again");
                }
                failed = false;
                let outcome = if good { "good" } else { "too_slow" };
                metrics::counter!("publisher_confirmations_total", "outcome" => outcome).increment(1);
            }
            outcome => {
                if !failed {
                    let why = outcome.ok().and_then(Result::err).map_or("no answer in time".into(), |e| e.to_string());
                    tracing::warn!(why, "the schedule cannot be confirmed: no phase turns until it is");
                }
                metrics::counter!("publisher_confirmations_total", "outcome" => "failed").increment(1);
                failed = true;
            }
        }
        let age = schedule.time.age().unwrap_or_else(|| began.elapsed());
        metrics::gauge!("publisher_schedule_age_seconds").set(age.as_secs_f64());
        tokio::select! {
            () = schedule.reload.notified(), if !failed => {}
            awake = life.sleep(schedule.config.confirm_every.get()) => if !awake { return },
        }
    }
}

impl Schedule {
    /// One reading of everything. Returns whether the clock's answer was quick enough to judge by.
    async fn confirm(&self) -> Result<bool, JournalError> {
        let asked = Instant::now();
        let read = self.journal.clock().await?;
        let heard = Instant::now();
        let live = self.journal.live_sales().await?;
        let mut over = Vec::new();
        for id in self.book().gone(&live) {
            over.extend(self.journal.sale(id).await?);
        }
        self.turn_page(|before| before.after(live, over));
        self.time.read(asked, read, heard);
        let good = self.time.confirm(asked, heard - asked);
        metrics::gauge!("publisher_clock_error_seconds").set((heard - asked).as_secs_f64() / 2.0);
        if good && !self.is_loaded() {
            // Only this loop sets it.
            let _ = self.loaded.set(());
        }
        self.news.notify_one();
        Ok(good)
    }
}
