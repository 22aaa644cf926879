//! The epoch: which life of the ledger the journal believes.

use sale::{ids::SaleItemId, port::ledger::Levels};

use crate::{Journal, JournalError, args, sales::levels_of, sql};

impl Journal {
    /// Starts a new epoch above the journal's own and `above`, and returns what a ledger of it must show.
    ///
    /// Repeat: every call raises it once more; of two at once the higher one is the journal's.
    pub async fn raise_epoch(&self, item: SaleItemId, above: i64) -> Result<Levels, JournalError> {
        let mut tx = self.db.begin().await?;
        let row = tx.row(sql!("item/raise_epoch"), args![above, item]).await?;
        let row = row.ok_or_else(|| JournalError::Data(format!("there is no sale item {item}")))?;
        let levels = levels_of(&row)?;
        tx.commit().await?;
        Ok(levels)
    }
}
