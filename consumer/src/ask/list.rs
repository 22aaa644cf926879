//! `GET /api/v1/me/claims`: what became of my claims.

use std::sync::Arc;

use axum::extract::State;
use kit::http::{Buyer, Json, Problem, Query, RateHeaders};
use sale::{ids::SaleItemId, wire::ClaimBody};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Asked, problem, schema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only claims on this sale item.
    sale_item_id: Option<Uuid>,
}

#[derive(Serialize)]
pub(super) struct ListBody {
    items: Vec<ClaimBody>,
    next: Option<String>,
}

/// What became of my claims
///
/// Newest first, at most 100. Everything told here stands in a committed row; a claim that is still on the queue is not
/// listed, its receipt is its proof. A held claim carries a purchase pass of its present deadline.
#[utoipa::path(
    get,
    path = "/api/v1/me/claims",
    tag = "claims",
    params(Filter),
    responses(
        (status = 200, description = "The claims", body = schema::ClaimList),
        (status = 401, description = "`unauthorized`, `invalid_token`, `token_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`; Retry-After says when", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`; Retry-After says when", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn claims(
    State(asked): State<Arc<Asked>>,
    Buyer(buyer): Buyer,
    Query(filter): Query<Filter>,
) -> Result<(RateHeaders, Json<ListBody>), Problem> {
    let rate = asked.rate(buyer).await?;
    let item = filter.sale_item_id.map(SaleItemId);
    let rows = asked.counter.journal.claims_of(buyer, item).await.map_err(problem)?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(asked.body(row).await?);
    }
    Ok((rate, Json(ListBody { items, next: None })))
}
