//! Close: nobody new gets a unit; who holds one keeps their time.

use sale::{
    ids::{SaleId, UserId},
    sale::{Phase, Stage},
};

use super::{Done, StaffError};
use crate::{Journal, args, sql};

impl Journal {
    /// Closes a sale for good, before its time. A pause ends with it: holds that live on must run.
    ///
    /// The commit closes it; those who wait are then refused item by item. Were that cut short, any sweep goes on with it.
    pub async fn close_sale(&self, actor: UserId, id: SaleId) -> Result<Done, StaffError> {
        let mut desk = self.desk(id).await?;
        let phase = desk.phase();
        if matches!(phase, Phase::Draft | Phase::Closed | Phase::Reconciled) {
            return desk.wrong_state();
        }
        if phase == Phase::Paused {
            desk.go_on(self).await?;
        }
        desk.sale.stage = Stage::Closed;
        if desk.now > desk.sale.opens_at {
            desk.sale.closes_at = desk.now;
        }
        desk.write().await?;
        let items = desk.tx.rows(sql!("staff/items"), args![id]).await?;
        let mut done = desk.commit(actor, "sale.close", String::new()).await?;
        if phase == Phase::Paused {
            self.tell_shifted(&mut done).await;
        }
        for row in items {
            let item = row.id("id")?;
            match self.sweep(item).await {
                Ok(ratified) => done.add(ratified),
                Err(error) => tracing::warn!(%item, %error, "the closed item is left to the sweeper"),
            }
        }
        Ok(done)
    }
}
