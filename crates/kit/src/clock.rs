//! The clock: the OS's own time and randomness, and the ones that tests move by hand.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use sale::{
    port::{chance::Chance, clock::Clock},
    time::UnixMs,
};

/// Reads the OS clock. Nothing else does.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMs {
        // A clock before 1970 reads as 1970.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is told otherwise.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn new(now: UnixMs) -> Self {
        Self(AtomicI64::new(now.0))
    }

    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn set(&self, now: UnixMs) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

/// The OS's own randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsChance;

impl Chance for OsChance {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Guessable secrets are worse than no server.
            tracing::error!(%error, "the OS gives no randomness: stopping at once");
            std::process::abort();
        }
    }
}

/// The same bytes again for the same seed. For tests: anyone can guess them.
#[derive(Debug)]
pub struct SeedChance(AtomicU64);

impl SeedChance {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number of the SplitMix64 sequence.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Chance for SeedChance {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_tells_the_same_story_twice_and_another_seed_another() {
        let draw = |seed| {
            let mut bytes = [0; 21];
            SeedChance::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        // The reference value of SplitMix64 for seed 0.
        assert_eq!(SeedChance::new(0).next(), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn a_test_clock_moves_only_by_hand() {
        let clock = TestClock::new(UnixMs(5));
        assert_eq!(clock.now(), UnixMs(5));
        clock.advance(10);
        assert_eq!(clock.now(), UnixMs(15));
        clock.set(UnixMs(1));
        assert_eq!(clock.now(), UnixMs(1));
    }

    #[test]
    fn the_os_clock_is_past_the_day_this_was_written() {
        assert!(SystemClock.now() > UnixMs(1_750_000_000_000));
    }
}
