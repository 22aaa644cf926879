//! Reading claims as their buyers are told them.

use std::collections::HashMap;

use sale::{
    claim::{ClaimState, ClaimView},
    hold::HoldState,
    ids::{ClaimId, SaleItemId, UserId},
    standby::odds,
    time::UnixMs,
};

use super::Waiting;
use crate::{
    Journal, JournalError, args,
    db::{Row, Tx, Value, word_from},
    sql,
};

/// The most claims one buyer is shown at once.
const CLAIMS_MAX: u32 = 100;

impl Journal {
    /// A buyer's claims, newest first, with place and odds where they stand by.
    pub async fn claims_of(&self, buyer: UserId, item: Option<SaleItemId>) -> Result<Vec<ClaimView>, JournalError> {
        let mut tx = self.db.snapshot().await?;
        let rows = match item {
            Some(item) => tx.rows(sql!("claim/told_of_buyer_and_item"), args![buyer, item, CLAIMS_MAX]).await?,
            None => tx.rows(sql!("claim/told_of_buyer"), args![buyer, CLAIMS_MAX]).await?,
        };
        views(&mut tx, rows).await
    }

    pub async fn claim(&self, id: ClaimId) -> Result<Option<ClaimView>, JournalError> {
        Ok(self.claims(&[id]).await?.pop())
    }

    /// Several by their ids, in no order; those that are not there are left out.
    pub async fn claims(&self, ids: &[ClaimId]) -> Result<Vec<ClaimView>, JournalError> {
        let mut tx = self.db.snapshot().await?;
        let rows = tx.rows_of(sql!("claim/told_by_id"), args![], &keys(ids)).await?;
        views(&mut tx, rows).await
    }

    /// Claims whose row changed at or after `at`: what a listener re-reads after a gap. Without places and odds.
    ///
    /// A row becomes readable up to [`TX_MAX`](crate::TX_MAX) after the instant it carries: who must not miss one asks from before.
    pub async fn claims_changed_since(&self, at: UnixMs, max: u32) -> Result<Vec<ClaimView>, JournalError> {
        self.db.rows(sql!("claim/told_since"), args![at, max]).await?.iter().map(|row| Ok(view_of(row)?.0)).collect()
    }

    /// The first `max` who wait for this item, in order.
    pub async fn line(&self, item: SaleItemId, max: u32) -> Result<Vec<Waiting>, JournalError> {
        let mut tx = self.db.snapshot().await?;
        let chances = Chances::of(&mut tx, item).await?;
        let mut ahead = 0;
        let mut line = vec![];
        for (row, position) in tx.rows(sql!("standby/line"), args![item, max]).await?.iter().zip(1..) {
            let quantity = row.count("quantity")?;
            line.push(Waiting {
                claim_id: row.id("claim_id")?,
                buyer_id: row.id("buyer_id")?,
                quantity,
                position,
                odds: chances.odds(ahead, quantity),
            });
            ahead += quantity;
        }
        Ok(line)
    }
}

/// Claims of one item as they stand in this transaction.
pub(super) async fn told(tx: &mut Tx, item: SaleItemId, ids: &[ClaimId]) -> Result<Vec<ClaimView>, JournalError> {
    let mut told = HashMap::new();
    let mut waiting = vec![];
    for row in tx.rows_of(sql!("claim/told_by_id"), args![], &keys(ids)).await? {
        let (view, _) = view_of(&row)?;
        if view.state == ClaimState::Standby {
            waiting.push(view.claim_id);
        }
        told.insert(view.claim_id, view);
    }
    if !waiting.is_empty() {
        let chances = Chances::of(tx, item).await?;
        for place in tx.rows_of(sql!("standby/places"), args![item], &keys(&waiting)).await? {
            if let Some(view) = told.get_mut(&place.id("claim_id")?) {
                view.position = Some(place.count("people")? + 1);
                view.odds = Some(chances.odds(place.count("units")?, view.quantity));
            }
        }
    }
    Ok(ids.iter().filter_map(|id| told.remove(id)).collect())
}

fn keys(ids: &[ClaimId]) -> Vec<Value> {
    ids.iter().map(|id| Value::from(*id)).collect()
}

async fn views(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<ClaimView>, JournalError> {
    let mut views = Vec::with_capacity(rows.len());
    for row in &rows {
        views.push(with_place(tx, row.id("sale_item_id")?, row).await?);
    }
    Ok(views)
}

async fn with_place(tx: &mut Tx, item: SaleItemId, row: &Row) -> Result<ClaimView, JournalError> {
    let (mut view, ticket) = view_of(row)?;
    let Some(ticket) = ticket.filter(|_| view.state == ClaimState::Standby) else { return Ok(view) };
    let chances = Chances::of(tx, item).await?;
    if let Some(ahead) = tx.row(sql!("standby/ahead"), args![item, ticket]).await? {
        view.position = Some(ahead.count("people")? + 1);
        view.odds = Some(chances.odds(ahead.count("units")?, view.quantity));
    }
    Ok(view)
}

fn view_of(row: &Row) -> Result<(ClaimView, Option<i64>), JournalError> {
    let hold: Option<HoldState> = row.opt_text("hold_state")?.as_deref().and_then(word_from);
    let state = match (row.text("outcome")?.as_str(), hold) {
        ("hold", Some(hold)) => ClaimState::from(hold),
        ("standby", _) => ClaimState::Standby,
        ("refused", _) => ClaimState::Refused,
        ("withdrawn", _) => ClaimState::Withdrawn,
        (outcome, _) => return Err(JournalError::Data(format!("a claim with outcome {outcome} has no hold"))),
    };
    let live = hold.is_some_and(HoldState::is_live);
    let view = ClaimView {
        claim_id: row.id("claim_id")?,
        sale_id: row.id("sale_id")?,
        sale_item_id: row.id("sale_item_id")?,
        buyer_id: row.id("buyer_id")?,
        attempt: row.count("attempt")?,
        quantity: row.count("quantity")?,
        state,
        version: row.int("version")?,
        position: None,
        odds: None,
        deadline: row.opt_at("deadline")?.filter(|_| live),
        generation: row.opt_int("generation")?.filter(|_| live),
        reason: row.opt_text("reason")?.as_deref().and_then(word_from),
        order_id: row.opt_id("order_id")?,
    };
    Ok((view, row.opt_int("ticket")?))
}

/// What the odds of one item are made of.
struct Chances {
    live: u32,
    returned: u32,
    paid: u32,
}

impl Chances {
    async fn of(tx: &mut Tx, item: SaleItemId) -> Result<Self, JournalError> {
        let Some(row) = tx.row(sql!("hold/ends_so_far"), args![item]).await? else {
            return Ok(Self { live: 0, returned: 0, paid: 0 });
        };
        Ok(Self { live: row.count("live")?, returned: row.count("returned")?, paid: row.count("paid")? })
    }

    fn odds(&self, ahead: u32, quantity: u32) -> u8 {
        odds(ahead, quantity, self.live, self.returned, self.paid)
    }
}
