//! Extend: a hold gets more time, once, because the provider and not its buyer is late.

use sale::{
    hold::HoldState,
    ids::{ClaimId, UserId},
    rules,
    time::UnixMs,
};

use super::{BeginError, HoldRow, begin::desk};
use crate::{
    Journal, args,
    change_log::{Change, log_change},
    sql,
};

impl Journal {
    /// Moves the deadline of a live hold by `by_ms`, once in the hold's life. Returns the new deadline.
    ///
    /// Repeat: `None` from the second time on, and for a hold that is not held any more or past its deadline.
    /// Errors: as [`Journal::begin_payment`]: time is judged here too.
    pub async fn extend_hold_once(
        &self,
        claim: ClaimId,
        buyer: UserId,
        by_ms: i64,
    ) -> Result<Option<UnixMs>, BeginError> {
        let mut tx = self.db.begin().await?;
        let hold = HoldRow::lock(&mut tx, claim).await?.ok_or(BeginError::Unknown)?;
        let now = self.now(&mut tx).await?;
        desk(&mut tx, claim, buyer, now).await?;
        if hold.state != HoldState::Held || !rules::may_pay(hold.deadline, now) {
            return Ok(None);
        }
        if tx.run(sql!("checkout/extend"), args![by_ms, now, claim, hold.version]).await? != 1 {
            return Ok(None);
        }
        let deadline = hold.deadline + by_ms;
        let change = Change {
            what: "extended",
            claim: Some(claim),
            quantity: hold.quantity,
            counters: None,
            deadline: Some(deadline),
        };
        log_change(&mut tx, now, hold.item, change);
        tx.commit().await?;
        Ok(Some(deadline))
    }
}
