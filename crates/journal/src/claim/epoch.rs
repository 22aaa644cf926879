//! The epoch: which life of the ledger the journal believes.

use sale::{ids::SaleItemId, port::ledger::Levels};

use crate::{Journal, JournalError, args, sql};

impl Journal {
    /// Starts a new epoch above the journal's own and `above`, and returns what a ledger of it must show.
    pub async fn raise_epoch(&self, item: SaleItemId, above: i64) -> Result<Levels, JournalError> {
        let mut tx = self.db.begin().await?;
        tx.run(sql!("item/raise_epoch"), args![above, item]).await?;
        tx.commit().await?;
        self.levels(item).await?.ok_or_else(|| JournalError::Data(format!("there is no sale item {item}")))
    }
}
