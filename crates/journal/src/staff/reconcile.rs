//! Reconcile: a closed sale in which nothing lives any more has come to its end.

use sale::ids::{SaleId, UserId};
use uuid::Uuid;

use crate::{
    Journal, JournalError, args,
    audit::{self, AuditLine},
    sql,
};

/// Nobody of the staff did it: the house did.
const HOUSE: UserId = UserId(Uuid::nil());

impl Journal {
    /// Marks every closed sale reconciled that has no live hold, nobody waiting and no payment in doubt; returns them.
    ///
    /// Repeat: safe from anywhere, any number of times.
    pub async fn reconcile_due(&self) -> Result<Vec<SaleId>, JournalError> {
        // Looked at without the lock first: as a rule there is nothing to do.
        let now = self.clock().await?;
        if self.db.row(sql!("staff/reconcilable"), args![now]).await?.is_none() {
            return Ok(vec![]);
        }
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        if !crate::heartbeat::is_fresh(&mut tx, now).await? {
            return Ok(vec![]);
        }
        let mut done = Vec::new();
        for row in tx.rows(sql!("staff/reconcile"), args![now]).await? {
            let id = row.id("id")?;
            let action = "sale.reconcile".to_owned();
            let line = AuditLine { at: now, actor_id: HOUSE, action, sale_id: Some(id), detail: String::new() };
            audit::write(&mut tx, line).await?;
            done.push(id);
        }
        tx.commit().await?;
        Ok(done)
    }
}
