//! The crowd: how many sockets all doors hold together.

use std::collections::HashMap;

use async_trait::async_trait;
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use crate::ids::SaleId;

/// What one door counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// All of its sockets.
    pub sockets: u64,
    /// Those that watch a sale; a sale that nobody watches is left out.
    pub watching: HashMap<SaleId, u64>,
}

/// The sum over all doors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// All sockets.
    pub sockets: u64,
    /// Those that watch the sale.
    pub watching: u64,
}

/// Nobody knows how many are here; by no means that nobody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("nobody knows how many are at the doors")]
pub struct Unknown;

/// Each door's own count, and their sum.
///
/// Shape: a door tells all that it counts; the sum is over every door that told within the `keep_ms` it gave.
/// Units: sockets; `keep_ms` in milliseconds of the backend's clock: for so long a door that died is still counted.
/// Repeat: a door's last count stands in the place of those before it.
/// Errors: telling never fails the teller, who soon tells again; [`Unknown`] where the backend does not answer, and where no
/// door has told of late.
#[async_trait]
pub trait Crowd: Send + Sync + 'static {
    async fn tell(&self, door: Uuid, count: Count, keep_ms: i64);
    async fn heads(&self, sale: SaleId) -> Result<Heads, Unknown>;
}

impl Count {
    pub fn of(&self, sale: SaleId) -> Heads {
        Heads { sockets: self.sockets, watching: self.watching.get(&sale).copied().unwrap_or(0) }
    }
}
