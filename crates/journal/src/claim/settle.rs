//! Settling: free units go to the head of standby; where nothing can come any more, those who wait are told so.

use sale::{
    claim::Reason,
    ids::{ClaimId, UserId},
    rules,
};

use super::Locked;
use crate::{JournalError, args, sql};

/// Entries that leave the line in one transaction. The next sweep goes on: nobody can overtake those who still wait.
const SETTLED_MAX: u32 = 500;

impl Locked {
    /// Promotes while the head of standby fits, or ends standby when the sale is over or sold out.
    pub async fn settle(&mut self) -> Result<(), JournalError> {
        while self.tally.waiting > 0 && self.settled < SETTLED_MAX {
            let over = rules::ends_standby(self.phase(), self.tally);
            if over.is_none() && self.tally.free() == 0 {
                return Ok(());
            }
            let Some((claim, buyer, quantity)) = self.head().await? else { return Ok(()) };
            match over {
                Some(reason) => self.refuse(claim, quantity, reason).await?,
                None if self.can_promote(quantity) => self.promote(claim, buyer, quantity).await?,
                None => return Ok(()),
            }
            self.pasts.remove(&buyer);
            self.settled += 1;
        }
        Ok(())
    }

    async fn head(&mut self) -> Result<Option<(ClaimId, UserId, u32)>, JournalError> {
        let Some(row) = self.tx.row(sql!("standby/head"), args![self.item_id]).await? else { return Ok(None) };
        Ok(Some((row.id("claim_id")?, row.id("buyer_id")?, row.count("quantity")?)))
    }

    async fn promote(&mut self, claim: ClaimId, buyer: UserId, quantity: u32) -> Result<(), JournalError> {
        self.end_entry(claim, quantity, "promoted").await?;
        self.set_outcome(claim, "hold", None).await?;
        self.levels.units.drawn += i64::from(quantity);
        self.hold(claim, buyer, quantity, "promoted");
        Ok(())
    }

    async fn refuse(&mut self, claim: ClaimId, quantity: u32, reason: Reason) -> Result<(), JournalError> {
        self.end_entry(claim, quantity, "refused").await?;
        self.set_outcome(claim, "refused", Some(reason)).await?;
        self.log("refused", claim, quantity, None);
        Ok(())
    }

    /// A waiting entry ends in this state and its place is free again.
    pub async fn end_entry(&mut self, claim: ClaimId, quantity: u32, state: &str) -> Result<(), JournalError> {
        self.tx.run(sql!("standby/end"), args![state, claim]).await?;
        self.give_back_places(quantity);
        Ok(())
    }

    pub async fn set_outcome(
        &mut self,
        claim: ClaimId,
        outcome: &str,
        reason: Option<Reason>,
    ) -> Result<(), JournalError> {
        let args = args![outcome, reason.map(Reason::as_str), self.now, claim];
        self.tx.run(sql!("claim/outcome"), args).await.map(drop)
    }
}
