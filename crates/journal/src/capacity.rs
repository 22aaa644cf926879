//! Capacity: when the fleet must be large, read from the sales as they stand.

use sale::{
    ids::{SaleId, sale_change_id},
    port::capacity::{CapacityPlan, WINDOWS_MAX, Window},
    time::UnixMs,
};

use crate::{Journal, JournalError, args, db::Tx, outbox, sql};

impl Journal {
    /// The plan of one committed state, the newest: published sales, and those that are closed and not yet reconciled. A sale that
    /// was closed before anybody came needs nobody.
    ///
    /// The version is the sum of all row versions. Sales are never deleted and every change of one raises its own, so of two states
    /// the later one has the greater sum, whoever reads them and however long that takes.
    pub async fn capacity_plan(&self) -> Result<CapacityPlan, JournalError> {
        let mut tx = self.db.snapshot().await?;
        let read_at = self.now(&mut tx).await?;
        let version = tx.row(sql!("capacity/version"), args![]).await?.map_or(Ok(0), |row| row.int("version"))?;
        let rows = tx.rows(sql!("capacity/windows"), args![read_at, WINDOWS_MAX]).await?;
        let windows = rows
            .iter()
            .map(|row| Ok(Window { sale_id: row.id("id")?, from: row.at("waiting_room_opens_at")? }))
            .collect::<Result<_, JournalError>>()?;
        Ok(CapacityPlan { version, read_at, windows })
    }
}

/// Notes in the outbox that a sale changed, in the transaction that changed it.
pub(crate) async fn changed(tx: &mut Tx, sale: SaleId, row_version: i64, now: UnixMs) -> Result<(), JournalError> {
    outbox::put(tx, outbox::CAPACITY, sale_change_id(sale, row_version), &sale, now).await
}
