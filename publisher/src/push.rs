//! Push: sockets are held, and everybody hears what concerns them.
//!
//! What is sent is a hint and carries a version; who (re)connects is told the present state first, and a gap on the bus
//! is noticed and read again. So a lost frame costs a moment, not a unit.

mod announce;
mod ask;
mod catch_up;
mod count;
mod cut;
#[cfg(test)]
mod described;
mod end;
mod frame;
mod handshake;
mod hear;
mod hub;
mod inbox;
mod line;
mod live;
mod outbox;
mod places;
mod present;
mod reactor;
mod seats;
mod session;
mod standby;
mod stop;
mod sweep;
mod tell;
mod watchers;

use std::{io, num::NonZero, sync::Arc, thread};

use journal::Journal;
use kit::{http::OriginPolicy, lifecycle::Lifecycle, tokens::Keys};
use mio::Poll;
use sale::{claim::ClaimView, ids::SaleId, stores::Stores, time::UnixMs, told::NoticeCode};
use tokio::sync::{Semaphore, mpsc};

pub(crate) use hub::Hub;
pub(crate) use live::{routes, short_way};

use crate::{accept::Accept, config::PushConfig, pass::mint, schedule::Schedule};
use inbox::Inbox;
use reactor::{Desk, Reactor};

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
    standby: standby::Standby,
    asking: present::Asking,
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
    ) -> io::Result<Arc<Self>> {
        let polls = polls(config.reactors)?;
        let inboxes = polls.iter().map(|(_, inbox)| inbox.clone()).collect();
        let push = Arc::new(Self {
            stores,
            journal,
            keys,
            schedule,
            accept,
            hub: Arc::new(Hub::new(&config, inboxes, kit::telemetry::files_max())),
            catch_up: catch_up::CatchUp::default(),
            standby: standby::Standby::default(),
            asking: present::Asking::default(),
            reads: Semaphore::new(config.reads_max),
            origins: OriginPolicy::new(&config.origins),
            config,
            life: life.clone(),
        });
        push.start_reactors(polls)?;
        life.spawn("sales to sockets", announce::announce(push.clone()));
        for _ in 0..push.config.reads_max {
            life.spawn("claims to lines", present::read_for_lines(push.clone()));
        }
        life.spawn("claims re-read", catch_up::catch_up(push.clone()));
        life.spawn("sockets counted", count::count(push.clone()));
        life.spawn("standby places", standby::tell(push.clone()));
        life.spawn("sockets sent home", stop::send_home(push.clone()));
        Ok(push)
    }

    fn start_reactors(self: &Arc<Self>, polls: Vec<(Poll, Arc<Inbox>)>) -> io::Result<()> {
        let (asks, asked) = mpsc::channel(self.config.asks_max);
        let desk = Desk { asks, room: Arc::new(Semaphore::new(self.config.asks_max)) };
        for (me, (poll, inbox)) in (0..).zip(polls) {
            Reactor::new(self.clone(), desk.clone(), me, poll, inbox).start()?;
        }
        self.life.spawn("frames of sockets", ask::answer_all(self.clone(), asked));
        Ok(())
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

/// One poll and its inbox for each reactor; 0 reactors: one for each core.
fn polls(reactors: u16) -> io::Result<Vec<(Poll, Arc<Inbox>)>> {
    let cores = || thread::available_parallelism().map_or(1, NonZero::get);
    let reactors = if reactors > 0 { usize::from(reactors) } else { cores() };
    let one = |_| {
        let poll = Poll::new()?;
        let inbox = Arc::new(Inbox::new(&poll)?);
        Ok((poll, inbox))
    };
    (0..reactors).map(one).collect()
}
