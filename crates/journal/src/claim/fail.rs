//! Failing: a claim that cannot be decided still gets an outcome, for its receipt was a promise.

use sale::{
    claim::{Claim, ClaimView, Reason},
    port::ledger::Grant,
};

use super::{
    decide::{check_identity, row_of},
    read::told,
};
use crate::{
    Journal, JournalError, args,
    change_log::{Change, log_change},
    sql,
};

impl Journal {
    /// Writes a claim as refused `failed`, unless it has its row already. The item's own row is left alone: it may be what is broken.
    ///
    /// Repeat: the row stands, and is returned. Errors: `Data` where nothing can be written of it: it was forged, or is on nothing.
    pub async fn fail(&self, claim: &Claim) -> Result<Option<ClaimView>, JournalError> {
        check_identity(claim)?;
        let (item, id) = (claim.sale_item_id, claim.id);
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        if tx.row(sql!("claim/by_id"), args![id]).await?.is_none() {
            let row = row_of(claim, 0, &Grant::Nothing, "refused", Some(Reason::Failed), now);
            tx.run(sql!("claim/insert"), row).await?;
            let (what, quantity) = ("refused", claim.quantity);
            let change = Change { what, claim: Some(id), quantity, counters: None, deadline: None };
            log_change(&mut tx, now, item, change);
        }
        let told = told(&mut tx, item, &[id]).await?.pop();
        tx.commit().await?;
        Ok(told)
    }
}
