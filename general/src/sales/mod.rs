//! Sales: what everybody may read of them.

mod list;
mod show;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::shop::Shop;

pub fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(show::show))
}
