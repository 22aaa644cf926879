//! The consumer: the counter where it is decided.
//!
//! `decide` takes claims off the queue and has them ratified, `expire` ends what is over, `relay` sends again what must still
//! be told, `ask` answers what became of a claim. [`start`] spawns all of it through the lifecycle and returns the routes.

mod announce;
mod ask;
mod config;
mod counter;
mod decide;
mod expire;
mod mend;
mod relay;
mod watch;

use std::sync::Arc;

use axum::Router;
use journal::Journal;
use kit::{
    lifecycle::Lifecycle,
    telemetry::{Room, begin},
    tokens::Keys,
};
use sale::stores::Stores;

pub use config::{AskConfig, Config, DecideConfig, ExpireConfig, MANUAL, RelayConfig};
use counter::Counter;

/// Starts the counter. Call it inside the runtime.
///
/// Everything it spawns ends at the soft stop: the batch in hand is committed and acked, the rest goes back to the queue.
pub fn start(stores: Stores, journal: Journal, config: Config, keys: Arc<Keys>, life: Lifecycle) -> Router {
    [Room::Consumer, Room::Journal].into_iter().for_each(begin);
    let partitions = stores.queue.partitions();
    life.spawn("mail", relay::mail::run(stores.clone(), journal.clone(), life.clone()));
    let counter = Arc::new(Counter::new(stores, journal, config, life.clone()));
    life.spawn("heartbeat", expire::beat(counter.clone()));
    life.spawn("reconcile", relay::reconcile(counter.clone()));
    life.spawn("stock", relay::stock(counter.clone()));
    life.spawn("sweep", expire::run(counter.clone()));
    life.spawn("watch", watch::run(counter.clone()));
    for partition in 0..partitions {
        life.spawn("decide", decide::run(counter.clone(), partition));
    }
    ask::routes(counter, keys)
}

/// The description of this role's routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    ask::openapi()
}
