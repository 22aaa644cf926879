//! Background: what the shop does unasked.

use kit::lifecycle::Lifecycle;
use sale::told::Told;

use crate::{capacity, shop::Shop};

/// Sessions removed in one transaction, so that pruning never holds the writer for long.
const PRUNE_BATCH: u32 = 1000;

/// Spawns every task of the shop; each ends at the soft stop.
pub fn spawn(shop: &Shop, life: &Lifecycle) {
    let (pruner, watch) = (shop.clone(), life.clone());
    life.spawn("session pruner", async move {
        while watch.sleep(pruner.config.prune_every.get()).await {
            prune(&pruner, &watch).await;
        }
    });
    life.spawn("capacity relay", capacity::relay(shop.clone(), life.clone()));
    let (reconciler, watch) = (shop.clone(), life.clone());
    life.spawn("sale reconciler", async move {
        while watch.sleep(reconciler.config.reconcile_every.get()).await {
            reconcile(&reconciler).await;
        }
    });
}

async fn prune(shop: &Shop, life: &Lifecycle) {
    while !life.is_stopping() {
        match shop.journal.prune_sessions(PRUNE_BATCH).await {
            Ok(gone) if gone >= u64::from(PRUNE_BATCH) => {}
            Ok(_) => return,
            Err(error) => return tracing::warn!(%error, "sessions stay until the next time"),
        }
    }
}

/// Any node may do it, any number of times: no leader is needed.
async fn reconcile(shop: &Shop) {
    match shop.journal.reconcile_due().await {
        Ok(done) if done.is_empty() => {}
        Ok(done) => shop.stores.bus.tell(done.into_iter().map(|sale_id| Told::Sale { sale_id }).collect()).await,
        Err(error) => tracing::warn!(%error, "closed sales are reconciled the next time"),
    }
}
