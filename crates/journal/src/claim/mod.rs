//! Claims: decided, ended, told.

mod decide;
mod epoch;
mod fail;
mod lock;
mod past;
mod ratify;
mod read;
mod settle;
mod sweep;
mod withdraw;

use sale::{
    claim::ClaimView,
    ids::{ClaimId, SaleId, SaleItemId, UserId},
    port::{ledger::Levels, timers::Knock},
    sale::Stock,
};
use thiserror::Error;

pub(crate) use lock::Locked;
pub use withdraw::WithdrawError;

use crate::JournalError;

/// What one committed transaction on a sale item changed, to be told and relayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratified {
    pub sale_id: SaleId,
    pub sale_item_id: SaleItemId,
    /// Every claim that changed or was asked about, each once, as it stands after the commit.
    pub claims: Vec<ClaimView>,
    /// What the ledger must show now; granted stands for what is ratified.
    pub levels: Levels,
    /// Whether limit or drawn moved, so that the ledger must hear of it.
    pub levels_moved: bool,
    pub stock: Stock,
    /// New deadlines; holds that end at the same instant share one.
    pub knocks: Vec<Knock>,
}

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum RatifyError {
    /// The grants are of another epoch than the journal's: rebuild the ledger if it is behind, and decide again.
    #[error("the grants are of another epoch than the journal's {}", .0.epoch)]
    OtherEpoch(Levels),
    /// The grants do not follow what was ratified: the ledger lost writes. Raise the epoch, rebuild, decide again.
    #[error("the ledger lost writes")]
    Regression(Levels),
    /// The heartbeat is old: nobody judges time now. Retry.
    #[error("the clock stands still")]
    ClockStands,
    #[error("there is no such sale item")]
    UnknownItem,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// One place of the standby line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub claim_id: ClaimId,
    pub buyer_id: UserId,
    pub quantity: u32,
    /// 1 is next.
    pub position: u32,
    pub odds: u8,
}
