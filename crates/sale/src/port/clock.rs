//! The clock: what time it is.

use crate::time::UnixMs;

/// Wall time. One process has one; tests move theirs by hand.
///
/// Units: Unix milliseconds. May step either way: who needs more asks the journal.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> UnixMs;
}
