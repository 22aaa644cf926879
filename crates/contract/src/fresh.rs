//! Fresh things: ids that no other test has, and ways to wait for what must come without sleeping for luck.

use std::time::{Duration, Instant};

use kit::clock::{OsChance, SeedChance};
use sale::{
    claim::{Claim, Command},
    ids::{ClaimId, SaleId, SaleItemId, UserId},
    port::chance::Chance,
    time::UnixMs,
};
use uuid::Uuid;

/// How long a test waits for something that must come.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How long a test watches that something does not come.
pub const GLIMPSE: Duration = Duration::from_millis(50);

/// An id that no other test of this machine has: shared servers keep what earlier runs left.
fn id() -> Uuid {
    let mut bytes = [0; 16];
    OsChance.fill(&mut bytes);
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

/// A whole number below `bound` of a seed's story.
pub fn below(chance: &SeedChance, bound: u64) -> u64 {
    let chance: &dyn Chance = chance;
    chance.below(bound)
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
