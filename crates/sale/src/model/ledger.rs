//! The ledger on paper: counters that only grow, and the grants of one epoch. The port's contract, without a lock or a wire.

use std::collections::BTreeMap;

use crate::{
    ids::ClaimId,
    port::ledger::{Ask, Counters, Grant, Kind, LedgerError, Levels},
};

/// One item's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    levels: Levels,
    grants: BTreeMap<ClaimId, Grant>,
    /// Earlier selves, newest last: what a store that loses writes falls back to.
    past: Vec<(Levels, BTreeMap<ClaimId, Grant>)>,
}

/// So many writes can be lost at once.
const PAST_MAX: usize = 4;

impl Ledger {
    /// A ledger as a rebuild makes it.
    pub fn at(levels: Levels) -> Self {
        Self { levels, ..Self::default() }
    }

    pub fn levels(&self) -> Levels {
        self.levels
    }

    /// Grants each ask units, else places, else nothing; a claim that was granted something gets the same again.
    pub fn take(&mut self, asks: &[Ask]) -> (i64, Vec<Grant>) {
        self.remember();
        (self.levels.epoch, asks.iter().map(|ask| self.grant(ask)).collect())
    }

    fn grant(&mut self, ask: &Ask) -> Grant {
        if let Some(grant) = self.grants.get(&ask.claim_id) {
            return *grant;
        }
        let wanted = i64::from(ask.quantity);
        for kind in [Kind::Units, Kind::Places] {
            let counters = of_mut(&mut self.levels, kind);
            // An ask for nothing must not share its number with the next one.
            if wanted > 0 && counters.available() >= wanted {
                let grant = Grant::Granted { kind, first: counters.granted + 1, quantity: ask.quantity };
                counters.granted += wanted;
                self.grants.insert(ask.claim_id, grant);
                return grant;
            }
        }
        Grant::Nothing
    }

    /// Lifts limit and drawn to at least these. Refused at another epoch.
    pub fn raise(&mut self, levels: Levels) -> Result<(), LedgerError> {
        if levels.epoch != self.levels.epoch {
            return Err(LedgerError::OtherEpoch(self.levels.epoch));
        }
        self.remember();
        for kind in [Kind::Units, Kind::Places] {
            let (own, sent) = (of_mut(&mut self.levels, kind), levels.of(kind));
            own.limit = own.limit.max(sent.limit);
            own.drawn = own.drawn.max(sent.drawn);
        }
        Ok(())
    }

    /// Goes on at a new epoch from at least these counters, and forgets older grants. Refused at a later epoch.
    pub fn rebuild(&mut self, levels: Levels) -> Result<(), LedgerError> {
        if levels.epoch < self.levels.epoch {
            return Err(LedgerError::OtherEpoch(self.levels.epoch));
        }
        self.remember();
        if levels.epoch > self.levels.epoch {
            self.grants.clear();
            self.levels = levels;
        }
        for kind in [Kind::Units, Kind::Places] {
            let (own, sent) = (of_mut(&mut self.levels, kind), levels.of(kind));
            own.granted = own.granted.max(sent.granted);
        }
        self.raise(levels)
    }

    /// Forgets the last `back` writes.
    pub fn lose(&mut self, back: usize) {
        for _ in 0..back {
            let Some((levels, grants)) = self.past.pop() else { break };
            (self.levels, self.grants) = (levels, grants);
        }
    }

    fn remember(&mut self) {
        if self.past.len() == PAST_MAX {
            self.past.remove(0);
        }
        self.past.push((self.levels, self.grants.clone()));
    }
}

/// The counters of one kind, to be changed.
pub(super) fn of_mut(levels: &mut Levels, kind: Kind) -> &mut Counters {
    match kind {
        Kind::Units => &mut levels.units,
        Kind::Places => &mut levels.places,
    }
}
