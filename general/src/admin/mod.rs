//! Staff: planning sales and leading them through their life. Every deed is audited.

mod audit;
mod check;
mod life;
mod list;
mod live;
mod patch;
mod plan;
mod plan_body;
mod repeat;
mod tell;

use journal::staff::{Done, StaffError};
use kit::http::{Json, Problem, RateHeaders};
use sale::{ids::SaleId, told::NoticeCode};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use live::LiveCache;

use crate::{refusal, sale_body::AdminSaleBody, shop::Shop};

pub fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(list::list, plan::plan))
        .routes(routes!(patch::patch))
        .routes(routes!(life::open))
        .routes(routes!(life::pause))
        .routes(routes!(life::resume))
        .routes(routes!(life::close))
        .routes(routes!(life::extend))
        .routes(routes!(life::restock))
        .routes(routes!(repeat::repeat))
        .routes(routes!(live::live))
        .routes(routes!(audit::audit))
}

/// The answer of a verb: how much of staff's own limit is left, and the sale as it stands now.
type Answer = Result<(RateHeaders, Result<Json<AdminSaleBody>, Problem>), Problem>;

/// After the commit: people and ledger are told, then the sale is read again for its answer.
async fn finish(
    shop: &Shop,
    done: Result<Done, StaffError>,
    notice: Option<NoticeCode>,
) -> Result<Json<AdminSaleBody>, Problem> {
    let done = done.map_err(refusal::staff)?;
    tell::tell(shop, &done, notice).await;
    show(shop, done.sale_id).await
}

async fn show(shop: &Shop, id: SaleId) -> Result<Json<AdminSaleBody>, Problem> {
    let view = shop.journal.sale(id).await.map_err(refusal::journal)?.ok_or_else(Problem::not_found)?;
    let now = shop.journal.clock().await.map_err(refusal::journal)?;
    Ok(Json(AdminSaleBody::of(&view, now)))
}
