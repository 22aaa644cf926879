//! Decline: the provider said no, or its no was made final; the hold is its buyer's again while there is time.

use sale::{hold::HoldState, port::payments::PaymentKey, time::UnixMs};

use super::{Clerk, DECLINED, HoldRow, PaymentStage, Stored, answer, leave_paying, move_payment};
use crate::{
    Journal, JournalError,
    change_log::{Change, log_change},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declined {
    /// Held again, to this deadline; where it has passed, the sweeper ends the hold.
    Held { deadline: UnixMs },
    /// The hold is not paying under this try: nothing was written.
    Stray,
}

impl Journal {
    /// Ends a try without money: paying -> held, payment declined, stored answer.
    ///
    /// Only for a try that can never be authorised any more: declined or cancelled at the provider.
    /// Repeat: `Stray` from the second time on.
    pub async fn decline(&self, key: PaymentKey, clerk: &dyn Clerk) -> Result<Declined, JournalError> {
        let mut tx = self.db.begin().await?;
        let Some(hold) = HoldRow::lock(&mut tx, key.claim_id).await? else { return Ok(Declined::Stray) };
        let now = self.now(&mut tx).await?;
        if !hold.is_paying(key.attempt) || !leave_paying(&mut tx, key, HoldState::Held, now).await? {
            return Ok(Declined::Stray);
        }
        for from in [PaymentStage::Authorising, PaymentStage::Cancelling] {
            move_payment(&mut tx, key, from, PaymentStage::Declined, now).await?;
        }
        let body = clerk.declined(hold.deadline);
        answer::finish(&mut tx, key, &Stored { status: DECLINED, body }).await?;
        let change = Change {
            what: "declined",
            claim: Some(key.claim_id),
            quantity: hold.quantity,
            counters: None,
            deadline: Some(hold.deadline),
        };
        log_change(&mut tx, now, hold.item, change);
        tx.commit().await?;
        Ok(Declined::Held { deadline: hold.deadline })
    }
}
