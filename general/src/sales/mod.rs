//! Sales: what everybody may read of them.

mod list;
mod lookup;
mod share;
mod show;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use lookup::Lookups;

use crate::shop::Shop;

pub fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(show::show))
}
