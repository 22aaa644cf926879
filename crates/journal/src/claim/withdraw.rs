//! Withdrawing: the buyer gives a hold or a place back. The journal first, then the ledger.

use sale::{
    claim::{Claim, ClaimState},
    hold::{HoldEvent, HoldState},
    ids::{ClaimId, UserId},
    port::ledger::Grant,
    time::UnixMs,
};
use thiserror::Error;

use super::{Locked, Ratified, RatifyError};
use crate::{Journal, JournalError, args, db::word_from, sql};

/// A buyer may give a hold back however long it still lives.
const WHENEVER: UnixMs = UnixMs(i64::MAX);

/// Why a claim was not withdrawn.
#[derive(Debug, Error)]
pub enum WithdrawError {
    /// No decided claim of this buyer has that id: unknown, foreign, or still on the queue.
    #[error("there is no decided claim {0} of this buyer")]
    Unknown(ClaimId),
    #[error("the claim is being paid for")]
    Paying,
    #[error("the claim has ended")]
    Ended(ClaimState),
    #[error(transparent)]
    Ratify(#[from] RatifyError),
}

impl From<JournalError> for WithdrawError {
    fn from(error: JournalError) -> Self {
        Self::Ratify(error.into())
    }
}

impl Journal {
    /// Withdraws a decided claim at once.
    ///
    /// Repeat: a claim withdrawn already is `Ended`; the caller tells its state.
    pub async fn withdraw_now(&self, buyer: UserId, id: ClaimId) -> Result<Ratified, WithdrawError> {
        let view = match self.claim(id).await? {
            Some(view) if view.buyer_id == buyer => view,
            _ => return Err(WithdrawError::Unknown(id)),
        };
        let claim = Claim {
            id,
            sale_item_id: view.sale_item_id,
            buyer_id: buyer,
            attempt: view.attempt,
            quantity: view.quantity,
            received_at: self.clock().await?,
        };
        let mut locked = self.lock(claim.sale_item_id).await?;
        if locked.withdraw_known(&claim).await? != Some(true) {
            return Err(match self.claim(id).await?.map(|v| v.state) {
                Some(ended) if ended.is_terminal() => WithdrawError::Ended(ended),
                Some(_) => WithdrawError::Paying,
                None => WithdrawError::Unknown(id),
            });
        }
        locked.settle().await?;
        Ok(locked.save().await?)
    }
}

impl Locked {
    /// A withdraw from the queue. One whose claim is unknown is written as withdrawn, so that the claim cannot win after it.
    pub async fn withdraw(&mut self, claim: &Claim) -> Result<(), JournalError> {
        if self.withdraw_known(claim).await?.is_none() {
            let epoch = self.levels.epoch;
            self.insert_claim(claim, epoch, &Grant::Nothing, "withdrawn", None);
            self.log("withdrawn", claim.id, claim.quantity, None);
        }
        Ok(())
    }

    /// `None`: no such row. Otherwise whether something was given back; a hold being paid for or ended stays as it is.
    async fn withdraw_known(&mut self, claim: &Claim) -> Result<Option<bool>, JournalError> {
        self.pasts.remove(&claim.buyer_id);
        let Some(row) = self.tx.row(sql!("claim/by_id"), args![claim.id]).await? else { return Ok(None) };
        self.touch(claim.id);
        if row.id::<UserId>("buyer_id")? != claim.buyer_id {
            return Ok(Some(false));
        }
        let quantity = row.count("quantity")?;
        let hold: Option<HoldState> = row.opt_text("hold_state")?.as_deref().and_then(word_from);
        if hold == Some(HoldState::Held) {
            if !self.end_hold(claim.id, HoldState::Held, quantity, HoldEvent::Release, WHENEVER).await? {
                // A checkout began since its row was read.
                return Ok(Some(false));
            }
        } else if row.opt_text("standby_state")?.as_deref() == Some("waiting") {
            self.end_entry(claim.id, quantity, "withdrawn").await?;
            self.set_outcome(claim.id, "withdrawn", None).await?;
        } else {
            return Ok(Some(false));
        }
        self.log("withdrawn", claim.id, quantity, None);
        Ok(Some(true))
    }
}
