//! Push: sockets are held, and everybody hears what concerns them.
//!
//! What is sent is a hint and carries a version; who (re)connects is told the present state first, and a gap on the bus
//! is noticed and read again. So a lost frame costs a moment, not a unit.

mod announce;
mod catch_up;
mod count;
#[cfg(test)]
mod described;
mod frame;
mod hub;
mod line;
mod live;
mod outbox;
mod present;
mod session;
mod socket;
mod stop;

use std::sync::Arc;

use journal::Journal;
use kit::{http::OriginPolicy, lifecycle::Lifecycle, tokens::Keys};
use sale::{claim::ClaimView, ids::SaleId, stores::Stores, time::UnixMs, told::NoticeCode};
use tokio::sync::Semaphore;

pub(crate) use hub::Hub;
pub(crate) use live::routes;

use crate::{accept::Accept, config::PushConfig, pass::mint, schedule::Schedule};

/// The window: every socket of this process.
pub(crate) struct Push {
    stores: Stores,
    journal: Journal,
    keys: Arc<Keys>,
    schedule: Arc<Schedule>,
    /// `None` where this process takes no claims in.
    accept: Option<Arc<Accept>>,
    hub: Arc<Hub>,
    catch_up: catch_up::CatchUp,
    line: line::Line,
    /// Bounds what sockets ask of the journal at one time.
    reads: Semaphore,
    origins: OriginPolicy,
    config: PushConfig,
    life: Lifecycle,
}

impl Push {
    pub(crate) fn start(
        stores: Stores,
        journal: Journal,
        keys: Arc<Keys>,
        schedule: Arc<Schedule>,
        accept: Option<Arc<Accept>>,
        config: PushConfig,
        life: Lifecycle,
    ) -> Arc<Self> {
        let push = Arc::new(Self {
            stores,
            journal,
            keys,
            schedule,
            accept,
            hub: Arc::new(Hub::new(&config)),
            catch_up: catch_up::CatchUp::default(),
            line: line::Line::default(),
            reads: Semaphore::new(config.reads_max),
            origins: OriginPolicy::new(&config.origins),
            config,
            life: life.clone(),
        });
        life.spawn("sales to sockets", announce::announce(push.clone()));
        life.spawn("claims re-read", catch_up::catch_up(push.clone()));
        life.spawn("sockets counted", count::count(push.clone()));
        life.spawn("standby places", line::tell(push.clone()));
        life.spawn("sockets sent home", stop::send_home(push.clone()));
        push
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Something that everybody who watches a sale should read.
    pub(crate) fn hear_notice(&self, sale: SaleId, code: NoticeCode, until: Option<i64>) {
        self.hub.tell_watching(sale, &frame::notice(sale, code, until));
    }

    /// Wall time, for tokens.
    fn wall(&self) -> UnixMs {
        self.stores.clock.now()
    }

    /// A committed row as its buyer reads it: with its pass, if it is held. `row` is from the journal.
    fn claim_frame(&self, row: &ClaimView) -> frame::Frame {
        let price = self.schedule.item(row.sale_item_id).map(|(known, place)| known.shelves[place].item.price);
        let pass = price.and_then(|price| mint(&self.keys, row, price, self.schedule.now()));
        frame::claim(row, pass)
    }

    /// A moment of a socket's own, so that all who are sent away at once do not come back at once.
    fn resume_after_ms(&self) -> i64 {
        const LEAST_MS: u64 = 500;
        const MOST_MS: u64 = 30_000;
        let spread = (self.hub.sockets() as u64).saturating_mul(1000) / self.config.resume_per_s;
        self.stores.chance.below(spread.clamp(LEAST_MS, MOST_MS)) as i64
    }
}
