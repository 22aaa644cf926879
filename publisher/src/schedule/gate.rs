//! The gate: whether claims for an item still have a chance, as far as was heard.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sale::sale::Stock;
use tokio::time::Instant;

/// Why claims are turned back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// Every unit is paid.
    SoldOut,
    /// Neither units nor places are left; some may come back.
    AllHeld,
}

/// One item's units as last heard. It is a hint: a gate that hears nothing opens, and the journal says no in its place.
#[derive(Debug)]
pub(crate) struct Gate(Mutex<Heard>);

#[derive(Clone, Copy, Debug)]
struct Heard {
    stock: Stock,
    open: bool,
    at: Instant,
}

impl Gate {
    pub(super) fn new(stock: Stock, open: bool) -> Self {
        Self(Mutex::new(Heard { stock, open, at: Instant::now() }))
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// News of the item. What is older than what is known says nothing.
    pub(super) fn hear(&self, stock: Stock, open: bool) {
        let mut heard = self.heard();
        if stock.stock_version >= heard.stock.stock_version {
            *heard = Heard { stock, open, at: Instant::now() };
        }
    }

    pub(crate) fn stock(&self) -> Stock {
        self.heard().stock
    }

    pub(super) fn shut(&self, trust: Duration) -> Option<Shut> {
        let heard = *self.heard();
        if heard.at.elapsed() > trust {
            return None;
        }
        if heard.stock.paid >= heard.stock.allotment {
            return Some(Shut::SoldOut);
        }
        (!heard.open).then_some(Shut::AllHeld)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUST: Duration = Duration::from_secs(1);

    fn stock(stock_version: i64, held: u32, paid: u32) -> Stock {
        Stock { stock_version, allotment: 10, held, paid, waiting: 0, may_return_by: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_that_hears_nothing_opens() {
        let gate = Gate::new(stock(1, 0, 10), false);
        assert_eq!(gate.shut(TRUST), Some(Shut::SoldOut));
        tokio::time::advance(TRUST + Duration::from_millis(1)).await;
        assert_eq!(gate.shut(TRUST), None);
        gate.hear(stock(1, 0, 10), false);
        assert_eq!(gate.shut(TRUST), Some(Shut::SoldOut), "the same news again is news that it is still so");
    }

    #[tokio::test(start_paused = true)]
    async fn sold_out_only_when_all_are_paid() {
        let gate = Gate::new(stock(1, 1, 9), false);
        assert_eq!(gate.shut(TRUST), Some(Shut::AllHeld));
        gate.hear(stock(2, 1, 9), true);
        assert_eq!(gate.shut(TRUST), None, "a place on standby is left");
    }

    #[tokio::test(start_paused = true)]
    async fn older_news_changes_nothing() {
        let gate = Gate::new(stock(5, 0, 9), true);
        gate.hear(stock(4, 0, 10), false);
        assert_eq!((gate.shut(TRUST), gate.stock().paid), (None, 9));
    }
}
