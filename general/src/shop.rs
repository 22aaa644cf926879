//! The shop: what every handler behind the counter may reach for.

use std::{ops::Deref, sync::Arc};

use journal::Journal;
use kit::{password::Hasher, tokens::Keys};
use sale::{ids::SaleId, stores::Stores};

use crate::config::Config;

/// How many sockets the doors hold, as far as this process knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketCounts {
    /// All of them.
    pub sockets: u64,
    /// Those that watch this sale.
    pub watching: u64,
}

/// Asks the doors; must answer at once. `None`: they are in other processes, and nobody here knows.
pub type CountSockets = Arc<dyn Fn(SaleId) -> Option<SocketCounts> + Send + Sync>;

/// For a process without doors.
pub fn no_doors() -> CountSockets {
    Arc::new(|_| None)
}

/// One handle, cheap to clone: the state of every route here.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

pub struct Inner {
    pub stores: Stores,
    pub journal: Journal,
    pub config: Config,
    pub keys: Arc<Keys>,
    pub hasher: Hasher,
    pub count_sockets: CountSockets,
    pub live: crate::admin::LiveCache,
    pub lookups: crate::sales::Lookups,
}

impl Shop {
    pub fn new(stores: Stores, journal: Journal, config: Config, keys: Arc<Keys>, count_sockets: CountSockets) -> Self {
        let hasher = Hasher::new(config.passwords.parallel, config.passwords.waiting_max);
        let live = crate::admin::LiveCache::default();
        let lookups = crate::sales::Lookups::new(config.lookups_parallel, config.lookups_waiting_max);
        Self(Arc::new(Inner { stores, journal, config, keys, hasher, count_sockets, live, lookups }))
    }
}

impl Deref for Shop {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
