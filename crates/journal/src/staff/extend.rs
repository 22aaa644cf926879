//! Extend: the close moves, only ever later.

use sale::{
    ids::{SaleId, UserId},
    sale::Phase,
    time::UnixMs,
};

use super::{Done, StaffError};
use crate::Journal;

impl Journal {
    /// Moves the close of a sale that has not closed. Repeat: the same close again is refused as not later.
    pub async fn extend_sale(&self, actor: UserId, id: SaleId, closes_at: UnixMs) -> Result<Done, StaffError> {
        let mut desk = self.desk(id).await?;
        if matches!(desk.phase(), Phase::Closed | Phase::Reconciled) {
            return desk.wrong_state();
        }
        let before = desk.sale.closes_at;
        if closes_at <= before {
            return Err(StaffError::invalid("closes_at", "is not later than the present close"));
        }
        desk.sale.closes_at = closes_at;
        desk.window().checked()?;
        desk.write().await?;
        desk.commit(actor, "sale.extend", format!("closes_at: {} -> {}", before.0, closes_at.0)).await
    }
}
