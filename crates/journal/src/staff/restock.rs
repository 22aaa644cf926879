//! Restock: more units, and who stands by gets them first.

use sale::{
    ids::{SaleId, SaleItemId, UserId},
    rules,
};

use super::{ALLOTMENT_MAX, Done, StaffError};
use crate::{
    Journal,
    audit::{self, AuditLine},
};

impl Journal {
    /// Adds units to an item of this sale and promotes whom they reach.
    ///
    /// Repeat: every call adds: a caller who got no answer reads the allotment first.
    pub async fn restock(&self, actor: UserId, id: SaleId, item: SaleItemId, units: u32) -> Result<Done, StaffError> {
        let mut locked = self.lock(item).await?;
        if locked.sale.id != id {
            return Err(StaffError::Unknown);
        }
        if rules::is_over(locked.phase()) {
            return Err(StaffError::WrongState(locked.phase()));
        }
        if units == 0 || units > ALLOTMENT_MAX - locked.tally.allotment.min(ALLOTMENT_MAX) {
            return Err(StaffError::invalid("units", "must be at least 1 and leave the allotment within 1000000"));
        }
        locked.restock(units);
        locked.settle().await?;
        let at = locked.now;
        let (action, detail) = ("sale.restock".to_owned(), format!("item {item}: {units} more units"));
        let line = AuditLine { at, actor_id: actor, action, sale_id: Some(id), detail };
        audit::write(&mut locked.tx, line).await?;
        let mut done = Done::only(id, at);
        done.add(locked.save().await?);
        Ok(done)
    }
}
