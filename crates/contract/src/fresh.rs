//! Fresh things: ids that no other test has, a clock moved by hand, and randomness that tells the same story twice.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use sale::{
    claim::{Claim, Command},
    ids::{ClaimId, SaleId, SaleItemId, UserId},
    port::{chance::Chance, clock::Clock},
    time::UnixMs,
};
use uuid::Uuid;

/// How long a test waits for something that must come.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How long a test watches that something does not come.
pub const GLIMPSE: Duration = Duration::from_millis(50);

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An id that no other test of this machine has: shared servers keep what earlier runs left.
fn id() -> Uuid {
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let seed = since.as_nanos() as u64 ^ (u64::from(std::process::id()) << 40) ^ count.rotate_left(52);
    let chance = SeedChance::new(seed);
    let mut bytes = [0; 16];
    chance.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

pub fn item() -> SaleItemId {
    SaleItemId(id())
}
pub fn sale() -> SaleId {
    SaleId(id())
}
pub fn buyer() -> UserId {
    UserId(id())
}
pub fn claim_id() -> ClaimId {
    ClaimId(id())
}
pub fn uuid() -> Uuid {
    id()
}

/// A first claim of a new buyer for one unit.
pub fn claim(item: SaleItemId) -> Command {
    Command::Claim(Claim::new(item, buyer(), 1, 1, UnixMs(0)))
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn new(now: UnixMs) -> Self {
        Self(AtomicI64::new(now.0))
    }
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

/// The SplitMix64 sequence of a seed.
#[derive(Debug)]
pub struct SeedChance(AtomicU64);

impl SeedChance {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number below `bound`.
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

impl Chance for SeedChance {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
    }
}

/// What must come, or the test fails.
pub async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(came) => came,
        Err(_) => panic!("{what} did not come within {PATIENCE:?}"),
    }
}

/// What must not come, as far as a glimpse can tell.
pub async fn never<T>(what: &str, wait: impl Future<Output = T>) {
    assert!(tokio::time::timeout(GLIMPSE, wait).await.is_err(), "{what} came");
}

/// Waits until `holds` answers yes.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
