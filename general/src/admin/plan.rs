//! Plan: a new sale with its items.

use axum::{extract::State, http::StatusCode};
use journal::staff::{Plan, PlannedItem, PlannedProduct};
use kit::{
    http::{Json, Problem, RateHeaders, Staff},
    instant::rfc3339,
};
use sale::{
    ids::ProductId,
    sale::{Product, Question},
    time::UnixMs,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{check, finish, tell};
use crate::{
    refusal,
    sale_body::{AdminSaleBody, Money},
    shop::Shop,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    /// May be at once; otherwise it can be moved later, but never closer than 10 s.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub opens_at: UnixMs,
    /// At most 30 days after the opening.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub closes_at: UnixMs,
    /// Else 30 minutes before the opening, or at once.
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub waiting_room_opens_at: Option<UnixMs>,
    /// A draft is seen by staff alone.
    #[serde(default)]
    pub draft: bool,
    #[schema(min_items = 1, max_items = 20)]
    pub items: Vec<PlanItem>,
}

/// One item. Either `product`, which is new, or `product_id`, which the catalogue has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanItem {
    #[serde(default)]
    pub product: Option<ProductBody>,
    #[serde(default)]
    pub product_id: Option<Uuid>,
    pub price: Money,
    /// The struck-through price beside it, in the same currency.
    #[serde(default)]
    pub list_price: Option<Money>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub allotment: u32,
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100)]
    pub purchase_limit: u32,
    /// How long a unit is kept, in seconds; else 600.
    #[serde(default = "ten_minutes")]
    #[schema(minimum = 2, maximum = 86_400)]
    pub hold_s: u32,
    /// Units; else twice the allotment.
    #[serde(default)]
    #[schema(maximum = 2_000_000)]
    pub standby_limit: Option<u32>,
    #[serde(default)]
    #[schema(value_type = Option<QuestionWish>)]
    pub question: Option<Question>,
}

/// A question with 2 to 10 options, one of which is the answer.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the documented shape of a type that knows nothing of documents")]
struct QuestionWish {
    text: String,
    options: Vec<String>,
    answer: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductBody {
    #[schema(min_length = 1, max_length = 120)]
    pub name: String,
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub image_url: String,
}

fn one() -> u32 {
    1
}

fn ten_minutes() -> u32 {
    600
}

impl PlanItem {
    pub fn standby_limit(&self) -> u32 {
        self.standby_limit.unwrap_or(self.allotment.saturating_mul(2))
    }
}

/// Plan a sale
#[utoipa::path(post, path = "/api/v1/admin/sales", tag = "staff", request_body = PlanBody,
    security(("bearer" = [])),
    responses(
        (status = 201, body = AdminSaleBody),
        (status = 403, description = "`forbidden`", body = Problem),
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
        for item in view.items {
            tell::raise(shop, item.item.id, item.levels).await;
        }
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
