//! The life of a sale: opened, paused, resumed, extended, restocked, closed.

use axum::extract::State;
use kit::{
    http::{Json, Path, Problem, Staff},
    instant::rfc3339,
};
use sale::{
    ids::{SaleId, SaleItemId},
    time::UnixMs,
    told::NoticeCode,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Answer, finish};
use crate::{sale_body::AdminSaleBody, shop::Shop};

/// Open in 10 s
///
/// Publishes a draft. A sale that opens within 10 s anyway is left as it is.
#[utoipa::path(post, path = "/api/v1/admin/sales/{id}/open", tag = "staff", params(("id" = Uuid, Path)),
    security(("bearer" = [])), responses(
        (status = 200, body = AdminSaleBody),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`wrong_state`", body = Problem),
    ))]
pub async fn open(State(shop): State<Shop>, Staff(actor): Staff, Path(id): Path<Uuid>) -> Answer {
    let left = shop.limit_user(actor).await?;
    let done = shop.journal.open_sale(actor, SaleId(id)).await;
    Ok((left, finish(&shop, done, None).await))
}

/// Pause
///
/// Every clock of the sale stands still: holds keep their time, the close moves. Claims and new checkouts get `paused`.
#[utoipa::path(post, path = "/api/v1/admin/sales/{id}/pause", tag = "staff", params(("id" = Uuid, Path)),
    security(("bearer" = [])), responses(
        (status = 200, body = AdminSaleBody),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`wrong_state`: not open", body = Problem),
    ))]
pub async fn pause(State(shop): State<Shop>, Staff(actor): Staff, Path(id): Path<Uuid>) -> Answer {
    let left = shop.limit_user(actor).await?;
    let done = shop.journal.pause_sale(actor, SaleId(id)).await;
    Ok((left, finish(&shop, done, Some(NoticeCode::Paused)).await))
}

/// Resume
///
/// Deadlines and the close move by the time that the pause took.
#[utoipa::path(post, path = "/api/v1/admin/sales/{id}/resume", tag = "staff", params(("id" = Uuid, Path)),
    security(("bearer" = [])), responses(
        (status = 200, body = AdminSaleBody),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`wrong_state`: not paused", body = Problem),
    ))]
pub async fn resume(State(shop): State<Shop>, Staff(actor): Staff, Path(id): Path<Uuid>) -> Answer {
    let left = shop.limit_user(actor).await?;
    let done = shop.journal.resume_sale(actor, SaleId(id)).await;
    Ok((left, finish(&shop, done, Some(NoticeCode::Resumed)).await))
}

/// Close for good
///
/// Undecided claims and who stands by are refused `closed`; holds live to their deadline.
#[utoipa::path(post, path = "/api/v1/admin/sales/{id}/close", tag = "staff", params(("id" = Uuid, Path)),
    security(("bearer" = [])), responses(
        (status = 200, body = AdminSaleBody),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`wrong_state`: a draft, or closed already", body = Problem),
    ))]
pub async fn close(State(shop): State<Shop>, Staff(actor): Staff, Path(id): Path<Uuid>) -> Answer {
    let left = shop.limit_user(actor).await?;
    let done = shop.journal.close_sale(actor, SaleId(id)).await;
    Ok((left, finish(&shop, done, None).await))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendBody {
    /// Later than the present close; at most 30 days after the opening.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    closes_at: UnixMs,
}

/// Close later
#[utoipa::path(post, path = "/api/v1/admin/sales/{id}/extend", tag = "staff", params(("id" = Uuid, Path)),
    request_body = ExtendBody, security(("bearer" = [])), responses(
        (status = 200, body = AdminSaleBody),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`wrong_state`: closed already", body = Problem),
        (status = 422, description = "`invalid_body`: not later", body = Problem),
    ))]
pub async fn extend(
    State(shop): State<Shop>,
    Staff(actor): Staff,
    Path(id): Path<Uuid>,
    Json(wish): Json<ExtendBody>,
) -> Answer {
    let left = shop.limit_user(actor).await?;
    let done = shop.journal.extend_sale(actor, SaleId(id), wish.closes_at).await;
    Ok((left, finish(&shop, done, Some(NoticeCode::Extended)).await))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestockBody {
    sale_item_id: Uuid,
    #[schema(minimum = 1, maximum = 1_000_000)]
    units: u32,
}

/// Add units
///
/// Who stands by gets them first. Every call adds: after an answer that was lost, look at the allotment before repeating.
#[utoipa::path(post, path = "/api/v1/admin/sales/{id}/restock", tag = "staff", params(("id" = Uuid, Path)),
    request_body = RestockBody, security(("bearer" = [])), responses(
        (status = 200, body = AdminSaleBody),
        (status = 404, description = "`not_found`: no such sale, or the item is not in it", body = Problem),
        (status = 409, description = "`wrong_state`: closed", body = Problem),
        (status = 422, description = "`invalid_body`: more than an item may hold", body = Problem),
    ))]
pub async fn restock(
    State(shop): State<Shop>,
    Staff(actor): Staff,
    Path(id): Path<Uuid>,
    Json(wish): Json<RestockBody>,
) -> Answer {
    let left = shop.limit_user(actor).await?;
    let item = SaleItemId(wish.sale_item_id);
    let done = shop.journal.restock(actor, SaleId(id), item, wish.units).await;
    Ok((left, finish(&shop, done, None).await))
}
