//! Plan: a new sale with its items.

use axum::{extract::State, http::StatusCode};
use journal::staff::{Plan, PlannedItem, PlannedProduct};
use kit::http::{Json, Problem, RateHeaders, Staff};
use sale::{ids::ProductId, sale::Product};
use uuid::Uuid;

use super::{
    check, finish,
    plan_body::{PlanBody, PlanItem, ProductBody},
    tell,
};
use crate::{refusal, sale_body::AdminSaleBody, shop::Shop};

/// Plan a sale
#[utoipa::path(post, path = "/api/v1/admin/sales", tag = "staff", request_body = PlanBody,
    security(("bearer" = [])),
    responses(
        (status = 201, body = AdminSaleBody),
        (status = 422, description = "`invalid_body`, with `errors: [{field, why}]`", body = Problem),
    ))]
pub async fn plan(
    State(shop): State<Shop>,
    Staff(actor): Staff,
    Json(wish): Json<PlanBody>,
) -> Result<(RateHeaders, Result<(StatusCode, Json<AdminSaleBody>), Problem>), Problem> {
    let left = shop.limit_user(actor).await?;
    let wrong = check::plan(&wish);
    if !wrong.is_empty() {
        return Err(refusal::invalid_fields(wrong));
    }
    let plan = planned(&shop, wish);
    Ok((left, create(&shop, actor, plan).await))
}

/// Writes a checked plan and makes its items known to the ledger.
pub async fn create(
    shop: &Shop,
    actor: sale::ids::UserId,
    plan: Plan,
) -> Result<(StatusCode, Json<AdminSaleBody>), Problem> {
    let id = plan.id;
    let body = finish(shop, shop.journal.plan(actor, plan).await, None).await?;
    if let Ok(Some(view)) = shop.journal.sale(id).await {
        tell::raise(shop, view.items.iter().map(|item| (item.item.id, item.levels))).await;
    }
    Ok((StatusCode::CREATED, body))
}

fn planned(shop: &Shop, wish: PlanBody) -> Plan {
    Plan {
        id: new_id(shop).into(),
        title: wish.title.trim().to_owned(),
        draft: wish.draft,
        waiting_room_opens_at: wish.waiting_room_opens_at,
        opens_at: wish.opens_at,
        closes_at: wish.closes_at,
        items: wish.items.into_iter().map(|item| planned_item(shop, item)).collect(),
        repeats: None,
    }
}

fn planned_item(shop: &Shop, wish: PlanItem) -> PlannedItem {
    let standby_limit = wish.standby_limit();
    let product = match (wish.product_id, wish.product) {
        (Some(id), _) => PlannedProduct::Known(ProductId(id)),
        (None, product) => PlannedProduct::New(new_product(shop, product)),
    };
    PlannedItem {
        id: new_id(shop).into(),
        product,
        price: wish.price.into(),
        list_price: wish.list_price.map(Into::into),
        allotment: wish.allotment,
        purchase_limit: wish.purchase_limit,
        hold_s: wish.hold_s,
        standby_limit,
        question: wish.question,
    }
}

fn new_product(shop: &Shop, wish: Option<ProductBody>) -> Product {
    let id = new_id(shop).into();
    let trim = |text: String| text.trim().to_owned();
    let ProductBody { name, description, image_url } = wish.unwrap_or_else(|| ProductBody {
        name: String::new(),
        description: String::new(),
        image_url: String::new(),
    });
    Product { id, name: trim(name), description: trim(description), image_url: trim(image_url) }
}

pub fn new_id(shop: &Shop) -> Uuid {
    shop.stores.chance.v7(shop.stores.clock.now())
}
