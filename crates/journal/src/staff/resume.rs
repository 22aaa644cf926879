//! Resume: the clocks go on, and everybody gets back the time that the pause took.

use sale::{
    claim::ClaimView,
    ids::{SaleId, UserId},
    port::timers::Knock,
    rules::GRACE_MS,
    sale::Phase,
    time::UnixMs,
};

use super::{Done, StaffError, TOLD_MAX, desk::Desk};
use crate::{Journal, args, sql};

impl Journal {
    /// Ends a pause: the close and every live deadline move by the paused time, each hold to its next generation.
    pub async fn resume_sale(&self, actor: UserId, id: SaleId) -> Result<Done, StaffError> {
        let mut desk = self.desk(id).await?;
        if desk.phase() != Phase::Paused {
            return desk.wrong_state();
        }
        let paused_ms = desk.go_on(self).await?;
        desk.write().await?;
        let mut done = desk.commit(actor, "sale.resume", format!("after {paused_ms} ms")).await?;
        self.tell_shifted(&mut done).await;
        Ok(done)
    }

    /// Adds the claims whose deadlines this verb moved, and their new timers. It is committed: a journal that does not answer now
    /// leaves it done, and those people read their new deadline when they look.
    pub(super) async fn tell_shifted(&self, done: &mut Done) {
        let changed = match self.claims_changed_since(done.at, TOLD_MAX).await {
            Ok(changed) => changed,
            Err(error) => return tracing::warn!(%error, "whose deadlines moved is not told now"),
        };
        let shifted = changed.into_iter().filter(|claim| claim.sale_id == done.sale_id && claim.deadline.is_some());
        for claim in shifted {
            done.knocks.extend(knock(&claim));
            done.claims.push(claim);
        }
    }
}

impl Desk {
    /// Shifts everything that ran when the sale was paused; returns by how many ms.
    ///
    /// The clock is read again once the holds are locked too: payments that had begun go on during a pause.
    pub async fn go_on(&mut self, journal: &Journal) -> Result<i64, StaffError> {
        self.tx.be_patient().await?;
        self.tx.run(sql!("staff/lock_holds"), args![self.sale.id]).await?;
        self.now = journal.now(&mut self.tx).await?;
        let paused_at = self.sale.paused_at.take().unwrap_or(self.now);
        let by_ms = (self.now - paused_at).max(0);
        self.sale.closes_at = UnixMs(self.sale.closes_at.0 + by_ms);
        self.tx.run(sql!("staff/shift_holds"), args![by_ms, self.now, self.sale.id]).await?;
        // The latest deadline is part of what the public is told of an item.
        self.tx.run(sql!("staff/shift_items"), args![self.sale.id]).await?;
        self.tx.run(sql!("staff/log_shift"), args![self.now, self.sale.id]).await?;
        Ok(by_ms)
    }
}

fn knock(claim: &ClaimView) -> Option<Knock> {
    let (deadline, generation) = (claim.deadline?, claim.generation?);
    let due_at = deadline + GRACE_MS;
    Some(Knock { sale_item_id: claim.sale_item_id, claim_id: claim.claim_id, generation, due_at })
}
