//! The audit: what staff did, newest first.

use axum::extract::State;
use journal::audit::AuditLine;
use kit::{
    http::{Json, Problem, Query, Staff},
    instant::to_rfc3339,
};
use sale::ids::SaleId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{page::PAGE_MAX, refusal, shop::Shop};

/// Lines, unless told otherwise.
const LINES: u32 = 50;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Deeds on one sale; else on all.
    sale_id: Option<Uuid>,
    /// Lines wanted, at most 100; else 50.
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    items: Vec<AuditBody>,
}

/// One deed.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditBody {
    at: String,
    /// The nil UUID where the house did it by itself.
    actor_id: Uuid,
    #[schema(example = "sale.pause")]
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_id: Option<Uuid>,
    /// For people.
    detail: String,
}

/// What staff did
#[utoipa::path(get, path = "/api/v1/admin/audit", tag = "staff", params(AuditQuery), security(("bearer" = [])), responses(
    (status = 200, body = AuditPage),
    (status = 400, description = "`invalid_query`", body = Problem),
    (status = 403, description = "`forbidden`", body = Problem),
))]
pub async fn audit(
    State(shop): State<Shop>,
    _staff: Staff,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let max = query.limit.unwrap_or(LINES).clamp(1, PAGE_MAX);
    let lines = shop.journal.audit(query.sale_id.map(SaleId), max).await.map_err(refusal::journal)?;
    Ok(Json(AuditPage { items: lines.into_iter().map(AuditBody::of).collect() }))
}

impl AuditBody {
    fn of(line: AuditLine) -> Self {
        Self {
            at: to_rfc3339(line.at),
            actor_id: line.actor_id.0,
            action: line.action,
            sale_id: line.sale_id.map(|id| id.0),
            detail: line.detail,
        }
    }
}
