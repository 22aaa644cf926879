//! The shop behind the counter: accounts, catalogue, sales as the public reads them, staff, and the documents of it all.
//!
//! [`start`] gives the routes and spawns what works behind them; [`docs::router`] serves the documents of the whole house.

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit};
use journal::Journal;
use kit::{
    http::with_keys,
    lifecycle::Lifecycle,
    telemetry::{Room, begin},
    tokens::Keys,
};
use sale::stores::Stores;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub mod account;
mod admin;
mod background;
pub mod capacity;
mod catalogue;
pub mod checkout;
pub mod config;
pub mod demo;
pub mod docs;
mod limits;
mod optional;
mod order;
mod page;
mod refusal;
mod sale_body;
mod sales;
pub mod shop;

pub use account::{STAFF_EMAIL, STAFF_PASSWORD, ensure_staff};
pub use config::{Config, MANUAL};
pub use shop::Shop;

/// Starts the shop: spawns its tasks through the lifecycle and returns its routes.
///
/// Repeat: once a process.
pub fn start(stores: Stores, journal: Journal, config: Config, keys: Arc<Keys>, life: Lifecycle) -> Router {
    [Room::General, Room::Journal].into_iter().for_each(begin);
    let (clock, body_max) = (stores.clock.clone(), config.body_max.bytes());
    let shop = Shop::new(stores, journal, config, keys.clone());
    background::spawn(&shop, &life);
    let till = checkout::start(&shop, &life);
    let (routes, _) = routes().split_for_parts();
    let routes = routes.layer(till).layer(DefaultBodyLimit::max(body_max)).with_state(shop);
    with_keys(routes, keys, clock)
}

/// The document of every route here, to be merged with those of the other roles.
pub fn openapi() -> OpenApi {
    docs::finished(routes().split_for_parts().1)
}

/// Every room's routes. A new room adds one line.
fn routes() -> OpenApiRouter<Shop> {
    docs::base()
        .merge(account::routes())
        .merge(catalogue::routes())
        .merge(sales::routes())
        .merge(admin::routes())
        .merge(checkout::routes())
        .merge(order::routes())
}
