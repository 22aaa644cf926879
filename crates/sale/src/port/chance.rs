//! Chance: unguessable bytes.

use crate::time::UnixMs;
use uuid::Uuid;

/// A source of randomness fit for secrets.
///
/// Shape: fills the whole slice. Repeat: never the same again, but in tests with a seed. Errors: none; a process without
/// randomness must not go on.
pub trait Chance: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Chance {
    /// A new UUIDv7.
    pub fn v7(&self, now: UnixMs) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        crate::ids::v7(now, random)
    }

    /// A whole number below `bound` (which is small beside 2^64, so that the skew does not matter).
    pub fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_be_bytes(bytes) % bound.max(1)
    }
}
