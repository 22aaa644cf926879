//! Ratifying a batch: the journal decides anew what the ledger granted, in one transaction under the item's lock.

use std::collections::HashSet;

use sale::{
    claim::Command,
    ids::{SaleItemId, UserId},
    port::ledger::Grant,
    rules::{Law, obeyed},
};

use super::{Ratified, RatifyError};
use crate::Journal;

impl Journal {
    /// Decides a batch of one item's commands, each once, in order.
    ///
    /// Shape: one grant a command, as the ledger gave them at `epoch`; a withdraw carries [`Grant::Nothing`].
    /// Repeat: a known claim id is answered from its row; the units of a fresh grant for it are given back.
    /// Errors: [`RatifyError`]; whichever it is, nothing was written.
    pub async fn ratify(
        &self,
        item: SaleItemId,
        epoch: i64,
        batch: &[(Command, Grant)],
    ) -> Result<Ratified, RatifyError> {
        let mut locked = self.lock(item).await?;
        let asks = batch.iter().any(|(command, _)| matches!(command, Command::Claim(_)));
        if asks && epoch != locked.levels.epoch && obeyed(Law::Epoch) {
            return Err(RatifyError::OtherEpoch(locked.levels));
        }
        locked.meet(buyers(batch)).await?;
        for (command, grant) in batch {
            match command {
                Command::Claim(claim) => locked.claim(claim, epoch, grant).await?,
                Command::Withdraw(claim) => locked.withdraw(claim).await?,
            }
            // After every command: while units are free and somebody waits, promote. The lost wake-up cannot exist.
            locked.settle().await?;
        }
        Ok(locked.save().await?)
    }
}

/// Everybody who claims in a batch.
fn buyers(batch: &[(Command, Grant)]) -> HashSet<UserId> {
    let claims = batch.iter().filter_map(|(command, _)| match command {
        Command::Claim(claim) => Some(claim.buyer_id),
        Command::Withdraw(_) => None,
    });
    claims.collect()
}
