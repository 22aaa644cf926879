//! Deciding one command under the lock, by the rules, on the journal's own counters.

use sale::{
    claim::{ATTEMPT_MAX, Claim, Reason},
    ids::claim_id,
    port::ledger::{Grant, Kind},
    rules::{self, Decision, Law, Standing, obeyed},
};

use super::{Locked, RatifyError};
use crate::{
    JournalError, args,
    db::{Row, word},
    sql,
};

/// What a grant turned out to be when it reached the lock.
enum Brought {
    /// Neither units nor places.
    Nothing,
    /// The next numbers of their kind: now ratified.
    Fresh(Kind, u32),
    /// The very grant that this claim's row already carries.
    Repeat,
}

impl Locked {
    /// Decides a claim, or finds how it was decided.
    pub async fn claim(&mut self, claim: &Claim, epoch: i64, grant: &Grant) -> Result<(), RatifyError> {
        self.check_identity(claim)?;
        let known = self.known(claim).await?;
        let brought = self.ratify_grant(epoch, claim, grant, known.as_ref())?;
        if known.is_some() && obeyed(Law::OneDecision) {
            if let Brought::Fresh(kind, quantity) = brought {
                self.counters(kind).limit += i64::from(quantity);
                self.remember_grant(claim, epoch, grant).await?;
            }
            self.touch(claim.id);
            return Ok(());
        }
        let standing = self.standing(claim).await?;
        let decision = rules::decide(self.phase(), self.purchase_limit, self.tally, standing, claim.quantity);
        Ok(self.apply(claim, epoch, grant, brought, decision).await?)
    }

    /// A claim whose id does not follow from what it claims was forged on its way here.
    fn check_identity(&self, claim: &Claim) -> Result<(), JournalError> {
        let honest = claim.sale_item_id == self.item_id
            && (1..=ATTEMPT_MAX).contains(&claim.attempt)
            && claim.id == claim_id(claim.sale_item_id, claim.buyer_id, claim.attempt);
        if honest {
            Ok(())
        } else {
            Err(JournalError::Data(format!("claim {} does not follow from its parts", claim.id)))
        }
    }

    pub async fn known(&mut self, claim: &Claim) -> Result<Option<Row>, JournalError> {
        self.tx.row(sql!("claim/by_id"), args![claim.id]).await
    }

    /// Every grant that reaches the lock advances the ratified number of its kind, whatever becomes of its claim.
    fn ratify_grant(
        &mut self,
        epoch: i64,
        claim: &Claim,
        grant: &Grant,
        known: Option<&Row>,
    ) -> Result<Brought, RatifyError> {
        let Grant::Granted { kind, first, quantity } = *grant else { return Ok(Brought::Nothing) };
        if let Some(row) = known
            && row.int("epoch")? == epoch
            && row.opt_text("grant_kind")? == Some(word(kind))
            && row.opt_int("grant_first")? == Some(first)
        {
            return Ok(Brought::Repeat);
        }
        if first != self.levels.of(kind).granted + 1 || quantity != claim.quantity {
            return Err(RatifyError::Regression(self.levels));
        }
        self.counters(kind).granted += i64::from(quantity);
        Ok(Brought::Fresh(kind, quantity))
    }

    /// The row carries the newest grant that came with its claim: brought once more, it is a repeat and not a lost write.
    async fn remember_grant(&mut self, claim: &Claim, epoch: i64, grant: &Grant) -> Result<(), JournalError> {
        let (kind, first) = numbers(grant);
        self.tx.run(sql!("claim/grant"), args![epoch, kind, first, claim.id]).await.map(drop)
    }

    async fn standing(&mut self, claim: &Claim) -> Result<Standing, JournalError> {
        let args = args![claim.attempt, self.item_id, claim.buyer_id];
        let Some(row) = self.tx.row(sql!("claim/standing"), args).await? else { return Ok(Standing::default()) };
        Ok(Standing {
            units: row.count("units")?,
            live: row.int("live")? > 0,
            lower_ended: row.int("lower_ended")? == i64::from(claim.attempt) - 1,
        })
    }

    async fn apply(
        &mut self,
        claim: &Claim,
        epoch: i64,
        grant: &Grant,
        brought: Brought,
        decision: Decision,
    ) -> Result<(), JournalError> {
        let fresh = match brought {
            Brought::Fresh(kind, quantity) => Some((kind, quantity)),
            _ => None,
        };
        let wanted = match decision {
            Decision::Hold => Some(Kind::Units),
            Decision::Standby => Some(Kind::Places),
            Decision::Refuse(_) => None,
        };
        // A grant of the wrong kind goes back; what was taken without a grant is drawn.
        if let Some((kind, quantity)) = fresh
            && wanted != Some(kind)
        {
            self.counters(kind).limit += i64::from(quantity);
        }
        if let Some(kind) = wanted
            && fresh.map(|(granted, _)| granted) != Some(kind)
        {
            self.counters(kind).drawn += i64::from(claim.quantity);
        }
        let (outcome, reason) = match decision {
            Decision::Hold => ("hold", None),
            Decision::Standby => ("standby", None),
            Decision::Refuse(reason) => ("refused", Some(reason)),
        };
        self.insert_claim(claim, epoch, grant, outcome, reason).await?;
        match decision {
            Decision::Hold => self.hold(claim.id, claim.buyer_id, claim.quantity, "held").await,
            Decision::Standby => self.wait(claim).await,
            Decision::Refuse(_) => self.log("refused", claim.id, claim.quantity, None).await,
        }
    }

    async fn wait(&mut self, claim: &Claim) -> Result<(), JournalError> {
        self.tally.waiting += claim.quantity;
        let ticket = self.ticket();
        let args = args![claim.id, self.item_id, claim.buyer_id, ticket, claim.quantity];
        self.tx.run(sql!("standby/insert"), args).await?;
        self.log("standby", claim.id, claim.quantity, None).await
    }

    pub async fn insert_claim(
        &mut self,
        claim: &Claim,
        epoch: i64,
        grant: &Grant,
        outcome: &str,
        reason: Option<Reason>,
    ) -> Result<(), JournalError> {
        let (kind, first) = numbers(grant);
        let args = args![
            claim.id,
            claim.sale_item_id,
            claim.buyer_id,
            claim.attempt,
            claim.quantity,
            outcome,
            reason.map(Reason::as_str),
            epoch,
            kind,
            first,
            claim.received_at,
            self.now
        ];
        self.tx.run(sql!("claim/insert"), args).await.map(drop)
    }
}

/// A grant as it stands in its claim's row.
fn numbers(grant: &Grant) -> (Option<String>, Option<i64>) {
    match grant {
        Grant::Granted { kind, first, .. } => (Some(word(kind)), Some(*first)),
        Grant::Nothing => (None, None),
    }
}
