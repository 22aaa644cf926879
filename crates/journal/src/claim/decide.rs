//! Deciding one command under the lock, by the rules, on the journal's own counters.

use sale::{
    claim::{ATTEMPT_MAX, Claim, Reason},
    ids::claim_id,
    port::ledger::{Grant, Kind},
    rules::{self, Decision, Law, obeyed},
    time::UnixMs,
};

use super::{
    Locked, RatifyError,
    past::{Past, standing},
};
use crate::{
    JournalError, args,
    db::{Value, word},
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
        if claim.sale_item_id != self.item_id {
            return Err(forged(claim).into());
        }
        check_identity(claim)?;
        let past = self.take_past(claim.buyer_id).await?;
        let known = past.iter().find(|past| past.id == claim.id);
        let brought = self.ratify_grant(epoch, claim, grant, known)?;
        if known.is_some() && obeyed(Law::OneDecision) {
            if let Brought::Fresh(kind, quantity) = brought {
                self.counters(kind).limit += i64::from(quantity);
                self.remember_grant(claim, epoch, grant).await?;
            }
            self.touch(claim.id);
            return Ok(());
        }
        let standing = standing(&past, claim);
        let decision = rules::decide(self.phase(), self.purchase_limit, self.tally, standing, claim.quantity);
        self.apply(claim, epoch, grant, brought, decision);
        Ok(())
    }

    /// Every grant that reaches the lock advances the ratified number of its kind, whatever becomes of its claim.
    fn ratify_grant(
        &mut self,
        epoch: i64,
        claim: &Claim,
        grant: &Grant,
        known: Option<&Past>,
    ) -> Result<Brought, RatifyError> {
        let Grant::Granted { kind, first, quantity } = *grant else { return Ok(Brought::Nothing) };
        if known.is_some_and(|past| past.grant == (epoch, Some(word(kind)), Some(first))) {
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

    fn apply(&mut self, claim: &Claim, epoch: i64, grant: &Grant, brought: Brought, decision: Decision) {
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
        self.insert_claim(claim, epoch, grant, outcome, reason);
        match decision {
            Decision::Hold => self.hold(claim.id, claim.buyer_id, claim.quantity, "held"),
            Decision::Standby => self.wait(claim),
            Decision::Refuse(_) => self.log("refused", claim.id, claim.quantity, None),
        }
    }

    fn wait(&mut self, claim: &Claim) {
        self.tally.waiting += claim.quantity;
        let ticket = self.ticket();
        let args = args![claim.id, self.item_id, claim.buyer_id, ticket, claim.quantity];
        self.tx.later(sql!("standby/insert"), args);
        self.log("standby", claim.id, claim.quantity, None);
    }

    pub fn insert_claim(&mut self, claim: &Claim, epoch: i64, grant: &Grant, outcome: &str, reason: Option<Reason>) {
        self.tx.later(sql!("claim/insert"), row_of(claim, epoch, grant, outcome, reason, self.now));
    }
}

/// The row of a claim that is decided at `now`.
pub fn row_of(
    claim: &Claim,
    epoch: i64,
    grant: &Grant,
    outcome: &str,
    reason: Option<Reason>,
    now: UnixMs,
) -> Vec<Value> {
    let (kind, first) = numbers(grant);
    args![
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
        now,
        now
    ]
}

/// A claim whose id does not follow from what it claims was forged on its way here.
pub fn check_identity(claim: &Claim) -> Result<(), JournalError> {
    let id = claim_id(claim.sale_item_id, claim.buyer_id, claim.attempt);
    let honest = (1..=ATTEMPT_MAX).contains(&claim.attempt) && claim.id == id;
    if honest { Ok(()) } else { Err(forged(claim)) }
}

fn forged(claim: &Claim) -> JournalError {
    JournalError::Data(format!("claim {} does not follow from its parts", claim.id))
}

/// A grant as it stands in its claim's row.
fn numbers(grant: &Grant) -> (Option<String>, Option<i64>) {
    match grant {
        Grant::Granted { kind, first, .. } => (Some(word(kind)), Some(*first)),
        Grant::Nothing => (None, None),
    }
}
