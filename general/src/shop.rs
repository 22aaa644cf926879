//! The shop: what every handler behind the counter may reach for.

use std::{ops::Deref, sync::Arc};

use journal::Journal;
use kit::{password::Hasher, tokens::Keys};
use sale::stores::Stores;

use crate::config::Config;

/// One handle, cheap to clone: the state of every route here.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

pub struct Inner {
    pub stores: Stores,
    pub journal: Journal,
    pub config: Config,
    pub keys: Arc<Keys>,
    pub hasher: Hasher,
    pub live: crate::admin::LiveCache,
    pub lookups: crate::sales::Lookups,
}

impl Shop {
    pub fn new(stores: Stores, journal: Journal, config: Config, keys: Arc<Keys>) -> Self {
        let hasher = Hasher::new(config.passwords.parallel, config.passwords.waiting_max);
        let live = crate::admin::LiveCache::default();
        let lookups = crate::sales::Lookups::new(config.lookups_parallel, config.lookups_waiting_max);
        Self(Arc::new(Inner { stores, journal, config, keys, hasher, live, lookups }))
    }
}

impl Deref for Shop {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
