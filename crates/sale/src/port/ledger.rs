//! The ledger: the fast counter that says first who may have a unit. Disposable; the journal decides.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::{ClaimId, SaleItemId};

/// What one claim asks of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub claim_id: ClaimId,
    pub quantity: u32,
}

/// What a grant is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Units,
    Places,
}

/// The ledger's answer to one ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grant {
    /// The numbers `first ..= first + quantity - 1` of this kind, counted from 1 over the item's whole life.
    Granted { kind: Kind, first: i64, quantity: u32 },
    /// Neither units nor places are left for it. Only closes gates: the journal decides anew.
    Nothing,
}

/// Counters of one kind; each only grows, across epochs too. available = limit - granted - drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Raised by the ledger alone.
    pub granted: i64,
    /// Allotment, restocks, every unit ever returned, every granted unit that the journal refused.
    pub limit: i64,
    /// Units taken without a grant: a promotion, or a win that the ledger did not grant.
    pub drawn: i64,
}

impl Counters {
    pub fn available(&self) -> i64 {
        self.limit - self.granted - self.drawn
    }
}

/// Both kinds of one item, at one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levels {
    pub epoch: i64,
    pub units: Counters,
    pub places: Counters,
}

impl Levels {
    pub fn of(&self, kind: Kind) -> &Counters {
        match kind {
            Kind::Units => &self.units,
            Kind::Places => &self.places,
        }
    }

    /// What the journal alone raises: limit and drawn of both kinds.
    pub fn raised(&self) -> [i64; 4] {
        [self.units.limit, self.units.drawn, self.places.limit, self.places.drawn]
    }

    /// Whether a claim for one unit might still get anything.
    pub fn gate_open(&self) -> bool {
        self.units.available() > 0 || self.places.available() > 0
    }
}

/// Why the ledger did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// Unknown whether it was done: ask again with the same ids.
    #[error("the ledger does not answer")]
    Unavailable,
    /// The item is not there, or was lost: rebuild first.
    #[error("the ledger does not know the item")]
    Missing,
    /// The ledger is at another epoch than the caller's: read the journal again.
    #[error("the ledger is at epoch {0}")]
    OtherEpoch(i64),
}

/// Counters that only grow, one set a sale item.
///
/// Shape: everything about one item in one round trip, atomically.
/// Repeat: a claim id is granted at most once in an epoch and asked again gets the same numbers; `raise` and `rebuild` take the
/// maximum of what is there and what is sent, so both may be repeated and may arrive in any order.
/// Errors: [`LedgerError`]; a store that does not answer never means yes.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Grants each ask units, else places, else nothing, in order. Returns the epoch of the grants, and one grant an ask.
    ///
    /// An ask whose quantity is not available as a whole gets nothing of that kind.
    async fn take(&self, item: SaleItemId, asks: &[Ask]) -> Result<(i64, Vec<Grant>), LedgerError>;

    /// Lifts limit and drawn of both kinds to at least these (granted is ignored). Refused at another epoch.
    async fn raise(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError>;

    /// Makes the item exist at `levels.epoch`: granted exactly as ratified, limit and drawn at least as given; the grants of
    /// older epochs are forgotten. Refused when the ledger is already at a later epoch; at the same epoch it takes the maximum of all.
    async fn rebuild(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError>;

    /// The counters as they are.
    async fn read(&self, item: SaleItemId) -> Result<Levels, LedgerError>;
}
