//! The catalogue: products that sales have brought in.

use axum::extract::State;
use journal::catalogue::Eyes;
use kit::{
    http::{Json, Problem, Query, Signed},
    tokens::Role,
};
use sale::ids::ProductId;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    page::{Page, PageQuery},
    refusal,
    sale_body::Product,
    shop::Shop,
};

pub fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Products, newest first
///
/// Those of published sales; staff also see those of drafts.
#[utoipa::path(get, path = "/api/v1/products", tag = "catalogue", params(PageQuery),
    security((), ("bearer" = [])),
    responses(
        (status = 200, body = Page<Product>),
        (status = 400, description = "`invalid_query`", body = Problem),
    ))]
async fn list(
    State(shop): State<Shop>,
    who: Option<Signed>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Product>>, Problem> {
    let staff = who.is_some_and(|who| who.role == Role::Staff);
    let eyes = if staff { Eyes::Staff } else { Eyes::Public };
    let (limit, after) = (query.limit(), query.after::<ProductId>()?);
    let products = shop.journal.products(eyes, after, limit + 1).await.map_err(refusal::journal)?;
    let page = Page::cut(products.iter().map(Product::of).collect(), limit, |product: &Product| product.id);
    Ok(Json(page))
}
