//! Mending: the ledger may be lost at any moment; what it must show is always in the journal.

use journal::JournalError;
use sale::{
    ids::SaleItemId,
    port::ledger::{LedgerError, Levels},
};
use thiserror::Error;

use crate::counter::Counter;

/// Why the ledger is not whole yet.
#[derive(Debug, Error)]
pub(crate) enum MendError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("there is no sale item {0}")]
    UnknownItem(SaleItemId),
}

impl Counter {
    /// Makes the ledger show what the journal knows, whether it lost the item, is behind, or believes in a later life.
    pub async fn mend(&self, item: SaleItemId) -> Result<Levels, MendError> {
        let levels = self.journal.levels(item).await?.ok_or(MendError::UnknownItem(item))?;
        match self.stores.ledger.rebuild(item, levels).await {
            Err(LedgerError::OtherEpoch(later)) if later > levels.epoch => {
                self.new_life(item, later, "later_epoch").await
            }
            Ok(levels) => {
                metrics::counter!("ledger_rebuilds_total").increment(1);
                tracing::info!(sale_item = %item, epoch = levels.epoch, "the ledger was rebuilt from the journal");
                Ok(levels)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The ledger lost writes: begins an epoch above the journal's and the ledger's, and builds the ledger in it.
    ///
    /// `why` is for the numbers: `regression`, or `leak` where the ledger is ahead for good.
    pub async fn after_lost_writes(&self, item: SaleItemId, why: &'static str) -> Result<Levels, MendError> {
        let seen = match self.stores.ledger.read(item).await {
            Ok(levels) => levels.epoch,
            Err(LedgerError::OtherEpoch(epoch)) => epoch,
            Err(LedgerError::Missing) => 0,
            Err(LedgerError::Unavailable) => return Err(LedgerError::Unavailable.into()),
        };
        tracing::warn!(sale_item = %item, ledger_epoch = seen, why, "the ledger lost writes: a new epoch begins");
        self.new_life(item, seen, why).await
    }

    async fn new_life(&self, item: SaleItemId, above: i64, why: &'static str) -> Result<Levels, MendError> {
        let levels = self.journal.raise_epoch(item, above).await?;
        metrics::counter!("ledger_epochs_raised_total", "why" => why).increment(1);
        Ok(self.stores.ledger.rebuild(item, levels).await?)
    }
}
