//! The watch: what waits in the journal and on the queue, told as numbers, so that an alarm comes before a complaint.
//!
//! Every node of this role tells the same, read by itself: whoever asks takes the greatest.

use std::{sync::Arc, time::Duration};

use journal::gauges::Gauges;
use sale::port::queue::QueueError;
use tokio::time::{Instant, timeout};

use crate::counter::Counter;

/// Half of what an overdue hold may take before people are called.
const LOOK_EVERY: Duration = Duration::from_millis(2_500);
/// A journal or a queue that takes longer is as good as silent.
const LOOK_WAIT: Duration = Duration::from_secs(2);

/// States that always have a number, so that what is over reads 0 and not as it was.
const HOLDS: [&str; 2] = ["held", "paying"];
const PAYMENTS: [&str; 4] = ["authorising", "cancelling", "in_doubt", "capture_failed"];
const CHORES: [&str; 3] = ["capacity", "capture", "mail"];

/// The last beat that was seen: how old it was then, and when.
struct Beat {
    age_ms: i64,
    seen: Instant,
}

/// Looks until the soft stop.
pub(crate) async fn run(counter: Arc<Counter>) {
    let mut beat = Beat { age_ms: 0, seen: Instant::now() };
    loop {
        match timeout(LOOK_WAIT, counter.journal.gauges()).await {
            Ok(Ok(gauges)) => {
                beat = Beat { age_ms: gauges.at - gauges.beat_at, seen: Instant::now() };
                tell(&gauges);
            }
            // A beat that nobody can read grows old all the same.
            Ok(Err(_)) | Err(_) => metrics::counter!("watch_failures_total", "of" => "journal").increment(1),
        }
        let age_s = beat.age_ms.max(0) as f64 / 1000.0 + beat.seen.elapsed().as_secs_f64();
        metrics::gauge!("heartbeat_age_seconds").set(age_s);
        look_at_queue(&counter).await;
        if !counter.life.sleep(LOOK_EVERY).await {
            return;
        }
    }
}

async fn look_at_queue(counter: &Counter) {
    let queue = &counter.stores.queue;
    let both = async { Ok::<_, QueueError>((queue.depth().await?, queue.parked().await?)) };
    match timeout(LOOK_WAIT, both).await {
        Ok(Ok((messages, parked))) => {
            metrics::gauge!("claims_queue_messages").set(messages as f64);
            metrics::gauge!("claims_parked_messages").set(parked as f64);
        }
        Ok(Err(_)) | Err(_) => metrics::counter!("watch_failures_total", "of" => "queue").increment(1),
    }
}

fn tell(gauges: &Gauges) {
    metrics::gauge!("holds_overdue_seconds").set(gauges.overdue_ms.max(0) as f64 / 1000.0);
    for state in HOLDS {
        metrics::gauge!("holds_live", "state" => state).set(of(&gauges.holds, state) as f64);
    }
    for state in PAYMENTS {
        metrics::gauge!("payments_unsettled", "state" => state).set(of(&gauges.payments, state) as f64);
    }
    for kind in CHORES {
        let waiting = gauges.outbox.iter().find(|chores| chores.kind == kind);
        let oldest_ms = waiting.map_or(0, |chores| (gauges.at - chores.oldest).max(0));
        metrics::gauge!("outbox_waiting", "kind" => kind).set(waiting.map_or(0, |chores| chores.waiting) as f64);
        metrics::gauge!("outbox_oldest_seconds", "kind" => kind).set(oldest_ms as f64 / 1000.0);
    }
    metrics::gauge!("parked_messages").set(gauges.parked as f64);
    metrics::gauge!("items_oversold").set(gauges.oversold as f64);
    let units = gauges.units;
    let all = [("allotted", units.allotted), ("taken", units.taken), ("paid", units.paid), ("waiting", units.waiting)];
    for (state, number) in all {
        metrics::gauge!("sale_units", "state" => state).set(number as f64);
    }
    if let Some(stale) = gauges.stale_beat_at {
        metrics::gauge!("replica_lag_seconds").set((gauges.beat_at - stale).max(0) as f64 / 1000.0);
    }
}

fn of(numbers: &[(String, u64)], state: &str) -> u64 {
    numbers.iter().find(|(known, _)| known == state).map_or(0, |(_, number)| *number)
}
