//! Patch: changes to a sale that has not opened.

use axum::extract::State;
use journal::staff::Patch;
use kit::{
    http::{Json, Path, Problem, Staff},
    instant::rfc3339,
};
use sale::{ids::SaleId, time::UnixMs};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Answer,
    check::{Findings, TITLE_CHARS},
    finish,
};
use crate::{refusal, sale_body::AdminSaleBody, shop::Shop};

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchBody {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120)]
    title: Option<String>,
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    opens_at: Option<UnixMs>,
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<UnixMs>,
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    waiting_room_opens_at: Option<UnixMs>,
    /// `false` publishes a draft; `true` takes a sale back whose waiting room has not opened.
    #[serde(default)]
    draft: Option<bool>,
}

/// Change a sale before it opens
///
/// Its opening cannot be moved closer than 10 s from now: every door must know it first.
#[utoipa::path(patch, path = "/api/v1/admin/sales/{id}", tag = "staff", params(("id" = Uuid, Path)),
    request_body = PatchBody, security(("bearer" = [])),
    responses(
        (status = 200, body = AdminSaleBody),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`wrong_state`, `too_late`", body = Problem),
        (status = 422, description = "`invalid_body`", body = Problem),
    ))]
pub async fn patch(
    State(shop): State<Shop>,
    Staff(actor): Staff,
    Path(id): Path<Uuid>,
    Json(wish): Json<PatchBody>,
) -> Answer {
    let left = shop.limit_user(actor).await?;
    let mut findings = Findings::default();
    if let Some(title) = &wish.title {
        findings.text("title", title, &TITLE_CHARS, true);
    }
    if !findings.0.is_empty() {
        return Err(refusal::invalid_fields(findings.0));
    }
    let patch = Patch {
        title: wish.title.map(|title| title.trim().to_owned()),
        waiting_room_opens_at: wish.waiting_room_opens_at,
        opens_at: wish.opens_at,
        closes_at: wish.closes_at,
        draft: wish.draft,
    };
    let done = shop.journal.patch_sale(actor, SaleId(id), patch).await;
    Ok((left, finish(&shop, done, None).await))
}
