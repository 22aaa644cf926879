//! Relaying: what the journal knows is sent again every second, as a level and not as an edge, so that no lost message matters.

use std::sync::Arc;

use journal::sales::{ItemView, SaleView};
use sale::{
    ids::SaleItemId,
    port::ledger::{Kind, LedgerError, Levels},
};

use crate::counter::Counter;

mod board;
mod leak;
pub(crate) mod mail;
mod stock;

pub(crate) use board::Board;
pub(crate) use leak::Leaks;
pub(crate) use stock::run as stock;

/// Reconciles until the soft stop; the first round builds the ledger of every live item.
pub(crate) async fn reconcile(counter: Arc<Counter>) {
    loop {
        counter.reconcile_all().await;
        if !counter.life.sleep(counter.config.relay.reconcile_every.get()).await {
            return;
        }
    }
}

impl Counter {
    pub(crate) async fn reconcile_all(&self) {
        // The journal first, then the ledger: read the other way round, a claim in between would look like a loss.
        let sales = match self.journal.live_sales().await {
            Ok(sales) => sales,
            Err(error) => return tracing::warn!(%error, "the ledger cannot be reconciled now"),
        };
        self.note(&sales).await;
        let mut silent = 0;
        for ItemView { item, levels, .. } in sales.iter().flat_map(|view| &view.items) {
            // One silent part of the ledger is no reason to leave the items of the others alone.
            silent += usize::from(self.reconcile(item.id, *levels).await == Err(LedgerError::Unavailable));
        }
        if silent > 0 {
            tracing::warn!(items = silent, "the ledger does not answer: claims wait on the queue");
        }
    }

    async fn reconcile(&self, item: SaleItemId, journal: Levels) -> Result<(), LedgerError> {
        let mended = match self.stores.ledger.read(item).await {
            Ok(ledger) if ledger.epoch == journal.epoch => {
                if lost_writes(&ledger, &journal) {
                    self.after_lost_writes(item, "regression").await
                } else if self.leaks.is_one(item, ledger, journal) {
                    self.after_lost_writes(item, "leak").await
                } else {
                    self.stores.ledger.raise(item, journal).await.map_err(Into::into)
                }
            }
            Ok(_) | Err(LedgerError::Missing | LedgerError::OtherEpoch(_)) => self.mend(item).await,
            Err(LedgerError::Unavailable) => return Err(LedgerError::Unavailable),
        };
        if let Err(error) = mended {
            tracing::warn!(sale_item = %item, %error, "the ledger could not be mended now");
        }
        Ok(())
    }

    /// Puts what is live on the board, and takes off what is over.
    async fn note(&self, sales: &[SaleView]) {
        let mut told = vec![];
        for view in sales {
            for item in &view.items {
                told.extend(self.board.note(view.sale.id, item.item.id, item.stock, item.levels.gate_open()));
            }
        }
        let lives = |item| sales.iter().any(|view| view.items.iter().any(|live| live.item.id == item));
        self.board.keep(lives);
        self.leaks.keep(lives);
        self.stores.bus.tell(told).await;
    }
}

/// The ledger shows less than was ratified: it cannot have granted that.
fn lost_writes(ledger: &Levels, journal: &Levels) -> bool {
    [Kind::Units, Kind::Places].into_iter().any(|kind| ledger.of(kind).granted < journal.of(kind).granted)
}
