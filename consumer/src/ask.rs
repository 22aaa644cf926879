//! Asking: what became of my claims, and giving one back. The crowd that asks never touches checkout.

use std::{collections::HashMap, sync::Arc};

use axum::Router;
use journal::JournalError;
use kit::{
    http::{Problem, RateHeaders, enforce, with_keys},
    instant::to_rfc3339,
    tokens::{Keys, Pass},
};
use sale::{
    claim::{ClaimState, ClaimView},
    ids::{SaleItemId, UserId},
    money::Money,
    wire::{ClaimBody, ClaimOnWire},
};
use tokio::sync::Mutex;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::counter::Counter;

mod list;
mod schema;
mod withdraw;

/// When to come back while the journal does not answer.
const RETRY_MS: i64 = 1000;
/// Prices remembered; beyond it all are forgotten and read again.
const PRICES_MAX: usize = 10_000;

pub(crate) struct Asked {
    counter: Arc<Counter>,
    keys: Arc<Keys>,
    /// The price of a published item never changes.
    prices: Mutex<HashMap<SaleItemId, Money>>,
}

pub(crate) fn routes(counter: Arc<Counter>, keys: Arc<Keys>) -> Router {
    let clock = counter.stores.clock.clone();
    let asked = Arc::new(Asked { counter, keys: keys.clone(), prices: Mutex::default() });
    let (routes, _) = described().split_for_parts();
    with_keys(routes.with_state(asked), keys, clock)
}

pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    described().split_for_parts().1
}

fn described() -> OpenApiRouter<Arc<Asked>> {
    OpenApiRouter::new().routes(routes!(list::claims)).routes(routes!(withdraw::claim))
}

impl Asked {
    async fn rate(&self, buyer: UserId) -> Result<RateHeaders, Problem> {
        enforce(&*self.counter.stores.limiter, "me-claims", buyer, self.counter.config.ask.rate()).await
    }

    /// The claim as its buyer reads it; a held one with a pass of this very row.
    async fn body(&self, row: &ClaimView) -> Result<ClaimBody, Problem> {
        let pass = self.pass(row).await.map_err(problem)?;
        Ok(ClaimOnWire::of(row, pass, to_rfc3339))
    }

    async fn pass(&self, row: &ClaimView) -> Result<Option<String>, JournalError> {
        let (ClaimState::Held, Some(deadline), Some(generation)) = (row.state, row.deadline, row.generation) else {
            return Ok(None);
        };
        let Some(amount) = self.price(row).await?.and_then(|price| price.times(row.quantity)) else {
            return Err(JournalError::Data(format!("claim {} has no price", row.claim_id)));
        };
        let pass = Pass {
            buyer_id: row.buyer_id,
            claim_id: row.claim_id,
            sale_item_id: row.sale_item_id,
            quantity: row.quantity,
            amount,
            generation,
            deadline,
        };
        Ok(Some(self.keys.pass(pass, self.counter.stores.clock.now())))
    }

    async fn price(&self, row: &ClaimView) -> Result<Option<Money>, JournalError> {
        if let Some(price) = self.prices.lock().await.get(&row.sale_item_id) {
            return Ok(Some(*price));
        }
        let Some(view) = self.counter.journal.sale(row.sale_id).await? else { return Ok(None) };
        let mut prices = self.prices.lock().await;
        if prices.len() >= PRICES_MAX {
            prices.clear();
        }
        prices.extend(view.items.iter().map(|item| (item.item.id, item.item.price)));
        Ok(prices.get(&row.sale_item_id).copied())
    }
}

fn problem(error: JournalError) -> Problem {
    match error {
        JournalError::Unavailable(_) => {
            tracing::warn!(%error, "claims cannot be read now");
            Problem::unavailable(RETRY_MS)
        }
        JournalError::Data(_) => Problem::internal(error),
    }
}
