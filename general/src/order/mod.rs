//! Orders: what a buyer has paid for, as they see it.

use axum::extract::State;
use kit::{
    http::{Buyer, Json, Path, Problem, Query},
    instant::to_rfc3339,
};
use sale::{ids::OrderId, order as words};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    page::{Page, PageQuery},
    refusal,
    sale_body::Money,
    shop::Shop,
};

/// A paid hold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderBody {
    pub id: Uuid,
    /// The hour it was made, and six digits.
    #[schema(example = "2026112108123456")]
    pub number: String,
    /// `paid`, `shipped`, `completed`, `cancelled` or `refunded`.
    #[schema(value_type = String, example = "paid")]
    pub state: words::OrderState,
    pub claim_id: Uuid,
    pub sale_item_id: Uuid,
    pub product: OrderProduct,
    pub quantity: u32,
    pub total: Money,
    pub shipping: OrderShipping,
    /// Where the letter about it went.
    pub mail_to: String,
    pub created_at: String,
}

/// The product as it was when it was bought.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderProduct {
    pub name: String,
    pub image_url: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderShipping {
    pub name: String,
    pub phone: String,
    pub address: String,
}

impl OrderBody {
    pub fn of(order: &words::Order) -> Self {
        let to = order.shipping.clone();
        Self {
            id: order.id.0,
            number: order.number.clone(),
            state: order.state,
            claim_id: order.claim_id.0,
            sale_item_id: order.sale_item_id.0,
            product: OrderProduct { name: order.product_name.clone(), image_url: order.image_url.clone() },
            quantity: order.quantity,
            total: order.total.into(),
            shipping: OrderShipping { name: to.name, phone: to.phone, address: to.address },
            mail_to: order.mail_to.clone(),
            created_at: to_rfc3339(order.created_at),
        }
    }
}

pub fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// My orders, the newest first
#[utoipa::path(get, path = "/api/v1/me/orders", tag = "orders", params(PageQuery), security(("bearer" = [])), responses(
    (status = 200, body = Page<OrderBody>),
    (status = 401, description = "`unauthorized`", body = Problem),
))]
async fn list(
    State(shop): State<Shop>,
    Buyer(buyer): Buyer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<OrderBody>>, Problem> {
    let limit = query.limit();
    let orders = shop.journal.orders_of(buyer, query.after()?, limit + 1).await.map_err(refusal::journal)?;
    let items = orders.iter().map(OrderBody::of).collect();
    Ok(Json(Page::cut(items, limit, |order| order.id)))
}

/// One of my orders; somebody else's does not exist
#[utoipa::path(get, path = "/api/v1/me/orders/{id}", tag = "orders", params(("id" = Uuid, Path)),
    security(("bearer" = [])), responses(
    (status = 200, body = OrderBody),
    (status = 401, description = "`unauthorized`", body = Problem),
    (status = 404, description = "`not_found`", body = Problem),
))]
async fn show(State(shop): State<Shop>, Buyer(buyer): Buyer, Path(id): Path<Uuid>) -> Result<Json<OrderBody>, Problem> {
    let order = shop.journal.order(OrderId(id), buyer).await.map_err(refusal::journal)?;
    order.map(|order| Json(OrderBody::of(&order))).ok_or_else(Problem::not_found)
}
