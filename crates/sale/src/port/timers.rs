//! Timers: somebody knocks when a hold may be due. Hints: the journal judges time.

use async_trait::async_trait;

use crate::{
    ids::{ClaimId, SaleItemId},
    time::UnixMs,
};

/// A hold that may be due, and perhaps others of its item at the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Knock {
    pub sale_item_id: SaleItemId,
    pub claim_id: ClaimId,
    pub generation: i64,
    pub due_at: UnixMs,
}

/// Knocks at about the right moment.
///
/// Shape: fire and forget; each knock comes not before `due_at` by the backend's clock, and soon after it.
/// Repeat: at least once while the backend lives; early, late, doubled or lost knocks harm nobody, the sweeper is the guarantee.
/// Errors: none.
#[async_trait]
pub trait Timers: Send + Sync + 'static {
    async fn arm(&self, knocks: Vec<Knock>);
    /// Waits for the next knock.
    async fn next(&self) -> Knock;
}
