//! The list: every sale, drafts and answers included.

use axum::extract::State;
use kit::http::{Json, Problem, Query, Staff};
use sale::ids::SaleId;

use crate::{
    page::{Page, PageQuery},
    refusal,
    sale_body::AdminSaleBody,
    shop::Shop,
};

/// Every sale, the latest opening first
#[utoipa::path(get, path = "/api/v1/admin/sales", tag = "staff", params(PageQuery), security(("bearer" = [])), responses(
    (status = 200, body = Page<AdminSaleBody>),
    (status = 401, description = "`unauthorized`, `invalid_token`, `token_expired`", body = Problem),
    (status = 403, description = "`forbidden`", body = Problem),
))]
pub async fn list(
    State(shop): State<Shop>,
    _staff: Staff,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AdminSaleBody>>, Problem> {
    let (limit, after) = (query.limit(), query.after::<SaleId>()?);
    let views = shop.journal.sales(None, after, limit + 1).await.map_err(refusal::journal)?;
    let now = shop.journal.clock().await.map_err(refusal::journal)?;
    let sales = views.iter().map(|view| AdminSaleBody::of(view, now)).collect();
    Ok(Json(Page::cut(sales, limit, |body: &AdminSaleBody| body.sale.id)))
}
