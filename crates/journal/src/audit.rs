//! The audit: who of the staff did what, when; written with the deed or not at all.

use sale::{
    ids::{SaleId, UserId},
    time::UnixMs,
};

use crate::{Journal, JournalError, args, db::Tx, sql};

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    pub at: UnixMs,
    pub actor_id: UserId,
    /// `sale.plan`, `sale.pause`, ..
    pub action: String,
    pub sale_id: Option<SaleId>,
    /// For people: what changed, from what to what.
    pub detail: String,
}

impl Journal {
    /// The newest `max` deeds, of one sale or of all, newest first.
    pub async fn audit(&self, sale: Option<SaleId>, max: u32) -> Result<Vec<AuditLine>, JournalError> {
        let rows = match sale {
            Some(id) => self.db.rows(sql!("audit/of_sale"), args![id, max]).await?,
            None => self.db.rows(sql!("audit/newest"), args![max]).await?,
        };
        let line = |row: &crate::db::Row| {
            Ok(AuditLine {
                at: row.at("at")?,
                actor_id: row.id("actor_id")?,
                action: row.text("action")?,
                sale_id: row.opt_id("sale_id")?,
                detail: row.text("detail")?,
            })
        };
        rows.iter().map(line).collect()
    }
}

/// Writes one deed in the transaction that does it.
pub(crate) async fn write(tx: &mut Tx, line: AuditLine) -> Result<(), JournalError> {
    let sale = line.sale_id.map(|id| id.0);
    let args = args![line.at, line.actor_id, line.action, sale, line.detail];
    tx.run(sql!("audit/write"), args).await.map(|_| ())
}
