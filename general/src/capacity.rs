//! The capacity relay: whoever keeps the fleet's size is told when sales changed, and all of it again from time to time.

use std::time::{Duration, Instant};

use journal::{JournalError, outbox::CAPACITY};
use kit::lifecycle::Lifecycle;

use crate::shop::Shop;

/// How often the outbox is looked through.
const TICK: Duration = Duration::from_secs(1);
/// Changes told by one plan: it names all sales anyhow.
const BATCH_MAX: u32 = 200;
/// How long one telling may take.
const TELL_WAIT: Duration = Duration::from_secs(15);
const RETRY_MS: i64 = 10_000;
const RETRY: Duration = Duration::from_millis(RETRY_MS as u64);

/// Tells until the soft stop. Beginning with the start: the plan may be new to a fleet that was just built.
pub async fn relay(shop: Shop, life: Lifecycle) {
    let every = shop.config.capacity_tell_every.get();
    let mut again_at = Instant::now();
    while life.sleep(TICK).await {
        match tell_once(&shop, again_at <= Instant::now()).await {
            Ok(Some(Told::Yes)) => again_at = Instant::now() + every,
            Ok(Some(Told::No)) => again_at = Instant::now() + RETRY.min(every),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the capacity relay waits: the journal does not answer"),
        }
    }
}

/// What came of a telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Yes,
    /// Or nobody knows.
    No,
}

/// Tells the whole plan where a change is due to be told, or `anyway`. `None`: there was nothing to tell.
///
/// Repeat: the plan is read after the changes were taken, so it has them all; two nodes may tell at once, and the newest plan wins.
pub async fn tell_once(shop: &Shop, anyway: bool) -> Result<Option<Told>, JournalError> {
    let now = shop.journal.clock().await?;
    let due = shop.journal.outbox_due(CAPACITY, BATCH_MAX, now).await?;
    if due.is_empty() && !anyway {
        return Ok(None);
    }
    let plan = shop.journal.capacity_plan().await?;
    let (version, windows, changes) = (plan.version, plan.windows.len(), due.len());
    if let Ok(Ok(())) = tokio::time::timeout(TELL_WAIT, shop.stores.capacity.tell(plan)).await {
        tracing::debug!(version, windows, changes, "the plan of capacity was told");
        let ids: Vec<i64> = due.iter().map(|chore| chore.id).collect();
        shop.journal.outbox_done(&ids).await?;
        return Ok(Some(Told::Yes));
    }
    tracing::warn!(version, windows, changes, "the plan of capacity cannot be told now");
    for chore in &due {
        shop.journal.outbox_later(chore.id, now + RETRY_MS).await?;
    }
    Ok(Some(Told::No))
}
