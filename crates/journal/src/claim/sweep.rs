//! The sweep: ends what is over on one item, and settles. Knocking is safe from anywhere and any number of times.

use std::collections::HashSet;

use sale::{
    hold::{HoldEvent, HoldState},
    ids::{ClaimId, SaleItemId},
    rules::{self, DOUBT_MS, GRACE_MS},
    time::UnixMs,
};

use super::{Locked, Ratified, RatifyError};
use crate::{
    Journal, JournalError, args,
    db::{Row, Value, word},
    sql,
};

/// Holds ended by one sweep; the next sweep goes on.
const ENDS_MAX: u32 = 500;

impl Journal {
    /// Items on which a sweep would find something to do now.
    pub async fn items_to_sweep(&self) -> Result<Vec<SaleItemId>, JournalError> {
        let now = self.clock().await?;
        // The earliest of each item, and not every hold that is due: forty thousand of them may end together.
        let args = args![now + -GRACE_MS, now + -DOUBT_MS, now];
        self.db.rows(sql!("item/to_sweep"), args).await?.iter().map(|row| row.id("id")).collect()
    }

    /// Expires what is due, ends doubts and standby that cannot be served, promotes. No leader is needed.
    pub async fn sweep(&self, item: SaleItemId) -> Result<Ratified, RatifyError> {
        let mut locked = self.lock(item).await?;
        if !locked.is_paused() {
            locked.expire_due().await?;
        }
        locked.settle().await?;
        Ok(locked.save().await?)
    }
}

impl Locked {
    async fn expire_due(&mut self) -> Result<(), JournalError> {
        let args = args![self.item_id, self.now + -GRACE_MS, self.now + -DOUBT_MS, ENDS_MAX];
        let due = self.tx.rows(sql!("hold/due"), args).await?;
        let expired = self.expire(&due).await?;
        for row in due {
            let (claim, quantity): (ClaimId, u32) = (row.id("claim_id")?, row.count("quantity")?);
            let (state, deadline): (HoldState, UnixMs) = (row.word("state")?, row.at("deadline")?);
            let ended = match state {
                HoldState::Held if expired.contains(&claim) => {
                    self.give_back_units(quantity);
                    true
                }
                HoldState::Paying if rules::doubt_ended(deadline, self.now) => {
                    self.end_doubt(claim, quantity, deadline).await?
                }
                _ => false,
            };
            if ended {
                self.log("expired", claim, quantity, Some(deadline));
            }
        }
        Ok(())
    }

    /// Ends those of these rows that nobody pays, all at once. A checkout may have been quicker, or got a hold more time: then
    /// there is nothing to end.
    async fn expire(&mut self, due: &[Row]) -> Result<HashSet<ClaimId>, JournalError> {
        let mut held = vec![];
        for row in due {
            if row.word::<HoldState>("state")? == HoldState::Held && rules::may_expire(row.at("deadline")?, self.now) {
                held.push(Value::from(row.id::<ClaimId>("claim_id")?));
            }
        }
        let args = args![self.now, self.now + -GRACE_MS];
        self.tx.rows_of(sql!("hold/expire"), args, &held).await?.iter().map(|row| row.id("claim_id")).collect()
    }

    /// The provider never said what became of it: the hold first, then its payment, in the order of a checkout.
    async fn end_doubt(&mut self, claim: ClaimId, quantity: u32, deadline: UnixMs) -> Result<bool, JournalError> {
        let ended = self.end_hold(claim, HoldState::Paying, quantity, HoldEvent::Doubt, deadline).await?;
        if ended {
            self.tx.run(sql!("checkout/in_doubt"), args![self.now, claim]).await?;
        }
        Ok(ended)
    }

    /// Ends a hold by compare-and-set; its units are free again. False where it had moved on, or has time after `latest`.
    pub async fn end_hold(
        &mut self,
        claim: ClaimId,
        from: HoldState,
        quantity: u32,
        event: HoldEvent,
        latest: UnixMs,
    ) -> Result<bool, JournalError> {
        let Some(to) = from.after(event) else { return Ok(false) };
        let args = args![word(to), self.now, claim, word(from), latest];
        let ended = self.tx.run(sql!("hold/end"), args).await? == 1;
        if ended {
            self.give_back_units(quantity);
        }
        Ok(ended)
    }
}
