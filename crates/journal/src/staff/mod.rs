//! Staff: the verbs that plan a sale and lead it through its life. Each is one transaction together with its audit line.

use sale::{
    claim::ClaimView,
    ids::{SaleId, SaleItemId},
    port::{ledger::Levels, timers::Knock},
    sale::{Phase, Stock},
    time::UnixMs,
};
use thiserror::Error;

use crate::{
    JournalError,
    claim::{Ratified, RatifyError},
};

mod close;
mod desk;
mod extend;
mod live;
mod open_now;
mod patch;
mod pause;
mod plan;
mod reconcile;
mod restock;
mod resume;
mod window;

pub use live::{ItemCounts, LiveCounts};
pub use patch::Patch;
pub use plan::{Plan, PlannedItem, PlannedProduct};
pub use window::{SPAN_MAX_MS, WAITING_ROOM_MS};

/// The most units one sale item may hold, restocks included: keeps every counter far from its type's end.
pub const ALLOTMENT_MAX: u32 = 1_000_000;
/// How many changed claims one verb hands back to be told; who is beyond it reads their claim again on the sale's own change.
pub const TOLD_MAX: u32 = 100_000;

/// Why a verb did nothing.
#[derive(Debug, Error)]
pub enum StaffError {
    #[error("no such sale or item")]
    Unknown,
    /// Not possible in the phase the sale is in.
    #[error("not possible while the sale is {0:?}")]
    WrongState(Phase),
    /// People rely on it by now, or every door could not know it in time.
    #[error("too late: {0}")]
    TooLate(&'static str),
    /// A value that cannot be; the field is named as in the request.
    #[error("{field} {why}")]
    Invalid { field: String, why: &'static str },
    /// The heartbeat is old: nothing is judged. Try again in a moment.
    #[error("the clock stands")]
    ClockStands,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl StaffError {
    fn invalid(field: &str, why: &'static str) -> Self {
        Self::Invalid { field: field.to_owned(), why }
    }
}

impl From<RatifyError> for StaffError {
    fn from(error: RatifyError) -> Self {
        match error {
            RatifyError::ClockStands => Self::ClockStands,
            RatifyError::UnknownItem => Self::Unknown,
            RatifyError::Journal(error) => Self::Journal(error),
            // Staff bring no grants, so the ledger's epoch has nothing to say here.
            RatifyError::OtherEpoch(_) | RatifyError::Regression(_) => {
                Self::Journal(JournalError::Data("a staff verb met an epoch".into()))
            }
        }
    }
}

/// What a verb did, to be told to people and to the ledger after the commit.
#[derive(Debug)]
pub struct Done {
    pub sale_id: SaleId,
    /// The journal's clock at the deed.
    pub at: UnixMs,
    /// Claims that changed, as they stand after it: at most [`TOLD_MAX`] shifted ones.
    pub claims: Vec<ClaimView>,
    /// New deadlines.
    pub knocks: Vec<Knock>,
    /// Items whose units or places moved.
    pub items: Vec<Moved>,
}

/// An item whose counters a verb moved.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    pub sale_item_id: SaleItemId,
    pub levels: Levels,
    pub stock: Stock,
}

impl Done {
    fn only(sale_id: SaleId, at: UnixMs) -> Self {
        Self { sale_id, at, claims: vec![], knocks: vec![], items: vec![] }
    }

    fn add(&mut self, ratified: Ratified) {
        let Ratified { sale_item_id, levels, stock, .. } = ratified;
        self.items.push(Moved { sale_item_id, levels, stock });
        self.claims.extend(ratified.claims);
        self.knocks.extend(ratified.knocks);
    }
}
