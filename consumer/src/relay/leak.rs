//! Leaks: grants that nobody will ever bring to the journal, because whoever took them died with an outdated claim in hand.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sale::{
    ids::SaleItemId,
    port::ledger::{Kind, Levels},
};

/// So many looks in a row must find the same lead: a batch on its way is ratified long before.
const LOOKS: u32 = 5;

/// What was ahead of the journal at the last look, and for how many looks.
#[derive(Default)]
pub(crate) struct Leaks(Mutex<HashMap<SaleItemId, (Levels, Levels, u32)>>);

impl Leaks {
    /// Whether the ledger granted what the journal will not ratify: it is ahead, and neither has moved for [`LOOKS`] looks.
    pub fn is_one(&self, item: SaleItemId, ledger: Levels, journal: Levels) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ![Kind::Units, Kind::Places].into_iter().any(|kind| ledger.of(kind).granted > journal.of(kind).granted) {
            seen.remove(&item);
            return false;
        }
        let entry = seen.entry(item).or_insert((ledger, journal, 0));
        let looks = if (entry.0, entry.1) == (ledger, journal) { entry.2 + 1 } else { 1 };
        *entry = (ledger, journal, looks);
        if looks >= LOOKS {
            seen.remove(&item);
        }
        looks >= LOOKS
    }

    pub fn keep(&self, lives: impl Fn(SaleItemId) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|item, _| lives(*item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::port::ledger::Counters;
    use uuid::Uuid;

    fn granted(units: i64) -> Levels {
        Levels { epoch: 1, units: Counters { granted: units, limit: 9, drawn: 0 }, places: Counters::default() }
    }

    #[test]
    fn a_lead_that_stays_is_a_leak_and_one_that_moves_is_a_crowd() {
        let (leaks, item) = (Leaks::default(), SaleItemId(Uuid::from_u128(1)));
        for lead in 1..20 {
            assert!(!leaks.is_one(item, granted(lead + 1), granted(lead)), "the crowd moves on");
        }
        for look in 1..LOOKS {
            assert!(!leaks.is_one(item, granted(3), granted(2)), "look {look}");
        }
        assert!(leaks.is_one(item, granted(3), granted(2)));
        assert!(!leaks.is_one(item, granted(3), granted(2)), "after it was mended the count begins anew");
    }
}
