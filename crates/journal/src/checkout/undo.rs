//! Undo: money that came for nothing went back; what is written of it.

use sale::port::payments::PaymentKey;

use super::{Clerk, ENDED, HoldRow, PaymentStage, Stored, answer, move_payment};
use crate::{Journal, JournalError};

impl Journal {
    /// Ends the waiting for a yes: from here on this try makes no order, so its payment may be cancelled at the provider.
    ///
    /// Without this fence a yes that comes in between would make an order whose money is then taken away.
    /// Repeat: harmless. `false` where the try is not open (any more).
    pub async fn cancel_payment(&self, key: PaymentKey) -> Result<bool, JournalError> {
        let mut tx = self.db.begin().await?;
        let Some(hold) = HoldRow::lock(&mut tx, key.claim_id).await? else { return Ok(false) };
        let now = self.now(&mut tx).await?;
        let fenced = hold.is_paying(key.attempt)
            && (move_payment(&mut tx, key, PaymentStage::Authorising, PaymentStage::Cancelling, now).await?
                || move_payment(&mut tx, key, PaymentStage::Cancelling, PaymentStage::Cancelling, now).await?);
        tx.commit().await?;
        Ok(fenced)
    }

    /// Notes that the provider gave the money of a try back (`to` is Voided or Refunded), and answers its key with the hold's end.
    ///
    /// Repeat: the first one counts. `false` where the try is not one whose money goes back: an order's, or one under way.
    pub async fn undone(&self, key: PaymentKey, to: PaymentStage, clerk: &dyn Clerk) -> Result<bool, JournalError> {
        let mut tx = self.db.begin().await?;
        let Some(hold) = HoldRow::lock(&mut tx, key.claim_id).await? else { return Ok(false) };
        let now = self.now(&mut tx).await?;
        if hold.is_paying(key.attempt) {
            return Ok(false);
        }
        let mut moved = false;
        for from in [PaymentStage::InDoubt, PaymentStage::Declined, PaymentStage::Voided] {
            moved = moved || (from != to && move_payment(&mut tx, key, from, to, now).await?);
        }
        if moved && !hold.state.is_live() {
            answer::finish(&mut tx, key, &Stored { status: ENDED, body: clerk.ended(hold.state) }).await?;
        }
        tx.commit().await?;
        Ok(moved)
    }
}
