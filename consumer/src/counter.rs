//! The counter itself: what every task of this role works with.

use journal::Journal;
use kit::lifecycle::Lifecycle;
use sale::stores::Stores;

use crate::{
    config::Config,
    relay::{Board, Leaks},
};

pub(crate) struct Counter {
    pub stores: Stores,
    pub journal: Journal,
    pub config: Config,
    pub life: Lifecycle,
    pub board: Board,
    pub leaks: Leaks,
}

impl Counter {
    pub fn new(stores: Stores, journal: Journal, config: Config, life: Lifecycle) -> Self {
        let board = Board::new(config.relay.stock_every.get(), config.relay.stock_refresh.get());
        Self { stores, journal, config, life, board, leaks: Leaks::default() }
    }
}
