//! Withdrawing over the socket: a command on the same queue as the claim, so that it can never overtake it.

use kit::http::{RateHeaders, limit};
use sale::{
    claim::{Claim, ClaimState, Command},
    ids::{ClaimId, UserId},
};

use tokio::time::timeout;

use super::{Accept, READ_WAIT, Refusal};

impl Accept {
    /// Puts the withdrawal of the buyer's own claim; the `claim` frame that follows is the answer.
    ///
    /// Repeat: harmless. Errors: what can be said at once; anything else is decided in the queue's order.
    pub(crate) async fn withdraw(&self, buyer: UserId, id: ClaimId) -> Result<(), Refusal> {
        if self.life.is_stopping() {
            return Err(self.unavailable());
        }
        let rate = self.config.buyer_rate();
        let answer = limit::take(&*self.stores.limiter, "withdrawals", buyer, rate).await;
        if !answer.allowed {
            return Err(Refusal::TooFast(answer.retry_after_ms, RateHeaders::of(rate, answer)));
        }
        let claim = self.withdrawable(buyer, id).await?;
        self.batcher.put(Command::Withdraw(claim)).await.map_err(|_| self.unavailable())
    }

    /// The claim to withdraw: from its row, or while undecided from our own mark.
    async fn withdrawable(&self, buyer: UserId, id: ClaimId) -> Result<Claim, Refusal> {
        let now = self.schedule.now();
        let Ok(Ok(row)) = timeout(READ_WAIT, self.journal.claim(id)).await else { return Err(self.unavailable()) };
        let Some(row) = row else {
            let (item, mark) = self.marks.by_id(buyer, id).ok_or(Refusal::UnknownClaim)?;
            return Ok(Claim::new(item, buyer, mark.attempt, mark.quantity, now));
        };
        if row.buyer_id != buyer {
            return Err(Refusal::UnknownClaim);
        }
        match row.state {
            ClaimState::Paying => Err(Refusal::Paying),
            state if state.is_terminal() => Err(Refusal::Ended(Box::new(row))),
            _ => Ok(Claim::new(row.sale_item_id, buyer, row.attempt, row.quantity, now)),
        }
    }
}
