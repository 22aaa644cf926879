//! One sale, with the server's clock.

use axum::extract::State;
use kit::http::{Json, Path, Problem};
use sale::{ids::SaleId, sale::Stage};
use uuid::Uuid;

use crate::{refusal, sale_body::SaleBody, shop::Shop};

/// One sale
#[utoipa::path(get, path = "/api/v1/sales/{id}", tag = "sales", params(("id" = Uuid, Path)), responses(
    (status = 200, body = SaleBody),
    (status = 404, description = "`not_found`", body = Problem),
    (status = 503, description = "`unavailable`, `busy`, `timed_out`, `full_house`; Retry-After says when", body = Problem),
))]
pub async fn show(State(shop): State<Shop>, Path(id): Path<Uuid>) -> Result<Json<SaleBody>, Problem> {
    let found = shop.lookups.sale(&shop.journal, SaleId(id)).await?;
    // What nobody has been told of does not exist.
    let view = found.filter(|view| view.sale.stage != Stage::Draft).ok_or_else(Problem::not_found)?;
    let now = shop.journal.clock().await.map_err(refusal::journal)?;
    Ok(Json(SaleBody::of(&view, now)))
}
