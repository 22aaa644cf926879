//! Pruning: sessions that are over leave, so that the table does not grow for ever.

use crate::{Journal, JournalError, args, sql};

impl Journal {
    /// Removes up to `max` sessions whose time is over; returns how many. Repeat it until it returns less than `max`.
    pub async fn prune_sessions(&self, max: u32) -> Result<u64, JournalError> {
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        let gone = tx.run(sql!("account/prune"), args![now, max]).await?;
        tx.commit().await?;
        Ok(gone)
    }
}
