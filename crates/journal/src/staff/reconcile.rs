//! Reconcile: a closed sale in which nothing lives any more has come to its end.

use sale::ids::{SaleId, UserId};
use uuid::Uuid;

use super::StaffError;
use crate::{Journal, JournalError, args, sql};

/// Nobody of the staff did it: the house did.
const HOUSE: UserId = UserId(Uuid::nil());
/// Sales brought to their end in one go; the next look finds the others.
const SALES_MAX: u32 = 100;

impl Journal {
    /// Marks every closed sale reconciled that has no live hold, nobody waiting and no payment in doubt; returns them.
    ///
    /// Repeat: safe from anywhere, any number of times.
    pub async fn reconcile_due(&self) -> Result<Vec<SaleId>, JournalError> {
        // Looked at without a lock first: as a rule there is nothing to do.
        let now = self.clock().await?;
        let mut done = Vec::new();
        for row in self.db.rows(sql!("staff/reconcilable"), args![now, SALES_MAX]).await? {
            let id = row.id("id")?;
            match self.reconcile_sale(id).await {
                Ok(true) => done.push(id),
                Ok(false) => {}
                Err(error) if done.is_empty() => return Err(error),
                // What is done must be told; the rest comes the next time.
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// One sale a transaction, under its lock and its items': what was being decided in it has ended.
    async fn reconcile_sale(&self, id: SaleId) -> Result<bool, JournalError> {
        let mut desk = match self.desk(id).await {
            Ok(desk) => desk,
            Err(StaffError::Journal(error)) => return Err(error),
            Err(_) => return Ok(false),
        };
        if desk.tx.run(sql!("staff/reconcile"), args![id, desk.now]).await? == 0 {
            return Ok(false);
        }
        // The statement wrote the row's next version itself.
        desk.sale.row_version += 1;
        match desk.commit(HOUSE, "sale.reconcile", String::new()).await {
            Ok(_) => Ok(true),
            Err(StaffError::Journal(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }
}
