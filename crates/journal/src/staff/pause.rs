//! Pause: every clock of the sale stands still.

use sale::{
    ids::{SaleId, UserId},
    sale::Phase,
};

use super::{Done, StaffError};
use crate::Journal;

impl Journal {
    /// Stops an open sale's clocks: no claim and no checkout begins, no deadline passes, until [`Journal::resume_sale`].
    pub async fn pause_sale(&self, actor: UserId, id: SaleId) -> Result<Done, StaffError> {
        let mut desk = self.desk(id).await?;
        if desk.phase() != Phase::Open {
            return desk.wrong_state();
        }
        desk.sale.paused_at = Some(desk.now);
        desk.write().await?;
        desk.commit(actor, "sale.pause", String::new()).await
    }
}
