//! Repeat: the same sale again, as a new one.

use axum::{extract::State, http::StatusCode};
use journal::{
    sales::{ItemView, SaleView},
    staff::{Plan, PlannedItem, PlannedProduct, SPAN_MAX_MS},
};
use kit::{
    http::{Json, Path, Problem, RateHeaders, Staff},
    instant::rfc3339,
};
use sale::{ids::SaleId, time::UnixMs};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::plan::{create, new_id};
use crate::{optional::Optional, refusal, sale_body::AdminSaleBody, shop::Shop};

/// How soon the repeat opens, unless told otherwise.
const OPENS_IN_MS: i64 = 60_000;
/// A sale that staff cut short is not cut short again: its repeat lasts at least this long.
const LASTS_MIN_MS: i64 = 10 * 60_000;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatBody {
    /// Else in 60 s.
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    opens_at: Option<UnixMs>,
    /// Else as long after the opening as before, but at least ten minutes.
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<UnixMs>,
}

/// The same sale again
///
/// A new published sale with the same items, rules and present allotments.
#[utoipa::path(post, path = "/api/v1/admin/sales/{id}/repeat", tag = "staff", params(("id" = Uuid, Path)),
    request_body = RepeatBody, security(("bearer" = [])), responses(
        (status = 201, body = AdminSaleBody),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`invalid_body`", body = Problem),
    ))]
pub async fn repeat(
    State(shop): State<Shop>,
    Staff(actor): Staff,
    Path(id): Path<Uuid>,
    Optional(wish): Optional<RepeatBody>,
) -> Result<(RateHeaders, Result<(StatusCode, Json<AdminSaleBody>), Problem>), Problem> {
    let left = shop.limit_user(actor).await?;
    let view = shop.journal.sale(SaleId(id)).await.map_err(refusal::journal)?.ok_or_else(Problem::not_found)?;
    let now = shop.journal.clock().await.map_err(refusal::journal)?;
    let plan = again(&shop, &view, &wish, now);
    Ok((left, create(&shop, actor, plan).await))
}

fn again(shop: &Shop, view: &SaleView, wish: &RepeatBody, now: UnixMs) -> Plan {
    let lasts = (view.sale.closes_at - view.sale.opens_at).clamp(LASTS_MIN_MS, SPAN_MAX_MS);
    let opens_at = wish.opens_at.unwrap_or(now + OPENS_IN_MS);
    Plan {
        id: new_id(shop).into(),
        title: view.sale.title.clone(),
        draft: false,
        waiting_room_opens_at: None,
        opens_at,
        closes_at: wish.closes_at.unwrap_or(opens_at + lasts),
        items: view.items.iter().map(|item| same(shop, item)).collect(),
        repeats: Some(view.sale.id),
    }
}

fn same(shop: &Shop, view: &ItemView) -> PlannedItem {
    let item = &view.item;
    PlannedItem {
        id: new_id(shop).into(),
        product: PlannedProduct::Known(item.product.id),
        price: item.price,
        list_price: item.list_price,
        allotment: view.stock.allotment,
        purchase_limit: item.purchase_limit,
        hold_s: item.hold_s,
        standby_limit: item.standby_limit,
        question: item.question.clone(),
    }
}
