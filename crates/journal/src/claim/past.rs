//! The past: what the buyers of a batch have claimed of this item before, read at once.

use std::collections::{HashMap, HashSet};

use sale::{
    claim::Claim,
    hold::HoldState,
    ids::{ClaimId, UserId},
    order::OrderState,
    rules::Standing,
};

use super::Locked;
use crate::{
    JournalError, args,
    db::{Row, Value, word_from},
    sql,
};

/// One claim that was decided before.
pub struct Past {
    pub id: ClaimId,
    attempt: u32,
    quantity: u32,
    hold: Option<HoldState>,
    waits: bool,
    refunded: bool,
    /// What it brought to its decision: epoch, kind, first number.
    pub grant: (i64, Option<String>, Option<i64>),
}

impl Past {
    fn of(row: &Row) -> Result<Self, JournalError> {
        let order: Option<OrderState> = row.opt_text("order_state")?.as_deref().and_then(word_from);
        Ok(Self {
            id: row.id("id")?,
            attempt: row.count("attempt")?,
            quantity: row.count("quantity")?,
            hold: row.opt_text("hold_state")?.as_deref().and_then(word_from),
            waits: row.opt_text("standby_state")?.as_deref() == Some("waiting"),
            refunded: order == Some(OrderState::Refunded),
            grant: (row.int("epoch")?, row.opt_text("grant_kind")?, row.opt_int("grant_first")?),
        })
    }

    fn is_live(&self) -> bool {
        self.waits || self.hold.is_some_and(HoldState::is_live)
    }

    /// Units that count towards the purchase limit.
    fn units(&self) -> u32 {
        let counts = self.is_live() || self.hold == Some(HoldState::Allocated);
        if counts && !self.refunded { self.quantity } else { 0 }
    }
}

/// Where a buyer stands who now claims.
pub fn standing(past: &[Past], claim: &Claim) -> Standing {
    let ended_before = past.iter().filter(|p| p.attempt < claim.attempt && !p.is_live()).count();
    Standing {
        units: past.iter().map(Past::units).sum(),
        live: past.iter().any(Past::is_live),
        lower_ended: ended_before + 1 == claim.attempt as usize,
    }
}

impl Locked {
    /// Reads the past of everybody in a batch.
    pub async fn meet(&mut self, buyers: HashSet<UserId>) -> Result<(), JournalError> {
        self.pasts = self.read_pasts(buyers).await?;
        Ok(())
    }

    /// The past of one buyer, which ends here: whatever is decided now is part of it.
    pub async fn take_past(&mut self, buyer: UserId) -> Result<Vec<Past>, JournalError> {
        match self.pasts.remove(&buyer) {
            Some(past) => Ok(past),
            None => Ok(self.read_pasts([buyer].into()).await?.remove(&buyer).unwrap_or_default()),
        }
    }

    // By an index of buyers alone: COALESCE hides the item from the planner. A plan that was made while the item had no claims
    // would find all of them by the item, and look through them for each batch.
    async fn read_pasts(&mut self, buyers: HashSet<UserId>) -> Result<HashMap<UserId, Vec<Past>>, JournalError> {
        let keys: Vec<Value> = buyers.iter().map(|buyer| Value::from(*buyer)).collect();
        let mut pasts: HashMap<UserId, Vec<Past>> = buyers.into_iter().map(|buyer| (buyer, vec![])).collect();
        for row in self.tx.rows_of(sql!("claim/past"), args![self.item_id], &keys).await? {
            pasts.entry(row.id("buyer_id")?).or_default().push(Past::of(&row)?);
        }
        Ok(pasts)
    }
}
