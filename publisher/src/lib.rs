//! The publisher: the street door (claims in) and the window (sockets out).
//!
//! [`start`] spawns everything through the lifecycle and returns the routes. `accept` turns the losing crowd back from
//! memory and puts the rest on the queue; `push` holds the sockets and tells everybody what concerns them; `schedule` is
//! what both know of sales and of the journal's clock.

mod accept;
mod config;
mod listen;
mod pass;
mod push;
mod schedule;

use std::{sync::Arc, time::Duration};

use axum::Router;
use journal::Journal;
use kit::{
    config::ConfigError,
    http::{ShortWays, health::Check, with_keys},
    lifecycle::Lifecycle,
    telemetry::{Room, begin},
    tokens::Keys,
};
use sale::{ids::SaleId, port::crowd::Heads, stores::Stores};

pub use config::{AcceptConfig, Config, MANUAL, PushConfig, ScheduleConfig};

/// The description of the socket: AsyncAPI 3.0, JSON.
pub const ASYNCAPI: &str = include_str!("../asyncapi.json");

/// What [`start`] hands back.
pub struct Publisher {
    /// `POST /api/v1/sale-items/{id}/claims` and `GET /api/v1/live`, complete: to be merged with others or served as it is.
    pub router: Router,
    /// Cheaper ways to the sockets and to most refusals, for who serves the router.
    pub short: ShortWays,
    hub: Option<Arc<push::Hub>>,
    schedule: Arc<schedule::Schedule>,
}

impl Publisher {
    /// Whether the journal was read once: before that neither a claim nor a socket is taken in, and the time is not known.
    pub fn check(&self) -> Check {
        let schedule = self.schedule.clone();
        Check::new("schedule", move || {
            let known = schedule.is_loaded();
            async move { known.then_some(()).ok_or_else(|| "the journal has not been read yet".to_owned()) }
        })
    }

    /// How many are here, in this process alone.
    pub fn heads(&self, sale: SaleId) -> Heads {
        self.hub.as_deref().map(|hub| hub.count().of(sale)).unwrap_or_default()
    }
}

/// A start waits this long for the first look at the journal; after it, claims get 503 until there was one.
const FIRST_LOOK_WAIT: Duration = Duration::from_secs(3);

/// Starts both doors, or the one that the config leaves on.
///
/// Everything it spawns ends at the soft stop: claims in hand are still put, sockets are told when to come back.
/// Errors: a config that contradicts itself, or asks for more threads and polls than the system gives; a journal that does not
/// answer is waited for.
pub async fn start(
    stores: Stores,
    journal: Journal,
    config: Config,
    keys: Arc<Keys>,
    life: Lifecycle,
) -> Result<Publisher, ConfigError> {
    config.check()?;
    [Room::Publisher, Room::Journal].into_iter().for_each(begin);
    let schedule = Arc::new(schedule::Schedule::new(journal.clone(), config.schedule.clone()));
    let backlog = accept::Backlog::new(stores.queue.partitions(), config.accept.decided_within.get());
    let marks = Arc::new(accept::Marks::new(config.accept.remembered_max, backlog));
    let accept = config.accept.on.then(|| {
        let (stores, journal, keys) = (stores.clone(), journal.clone(), keys.clone());
        accept::Accept::start(stores, journal, keys, schedule.clone(), marks.clone(), config.accept, life.clone())
    });
    let push = config.push.on.then(|| {
        let (stores, keys, accept) = (stores.clone(), keys.clone(), accept.clone());
        push::Push::start(stores, journal, keys, schedule.clone(), accept, config.push, life.clone())
    });
    let no_reactors = |error| ConfigError::Invalid {
        key: "publisher.push.reactors",
        reason: format!("the system does not give so many: {error}"),
    };
    let push = push.transpose().map_err(no_reactors)?;
    let ears = listen::Ears {
        bus: stores.bus.clone(),
        schedule: schedule.clone(),
        marks,
        push: push.clone(),
        config: config.schedule,
        life: life.clone(),
    };
    life.spawn("ears on the bus", ears.listen());
    life.spawn("schedule", schedule::confirm_for_ever(schedule.clone(), life.clone()));
    schedule.wait_loaded(FIRST_LOOK_WAIT).await;
    let hub = push.as_ref().map(|push| push.hub().clone());
    let short = ShortWays {
        upgrade: push.clone().map(push::short_way),
        refusal: accept.clone().map(|accept| accept::short_way(accept, keys.clone())),
    };
    let doors = accept.map(accept::routes).into_iter().chain(push.map(push::routes));
    let router = doors.fold(Router::new(), Router::merge);
    Ok(Publisher { router: with_keys(router, keys, stores.clock), short, hub, schedule })
}

/// The HTTP routes of this crate, described.
pub fn openapi() -> utoipa::openapi::OpenApi {
    accept::openapi_routes().split_for_parts().1
}
