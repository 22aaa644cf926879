//! Capacity: when the fleet must be large, told to whoever makes it larger and smaller.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ids::SaleId, time::UnixMs};

/// Sales that one plan names, the earliest first. Those beyond are named when earlier ones are over.
pub const WINDOWS_MAX: u32 = 500;
/// Nobody brings a message later than this: a plan that is older by its number and yet was read so much later comes from a journal
/// that was restored, and counts.
pub const MESSAGE_LATE_MAX_MS: i64 = 3_600_000;

/// What wakes the function that keeps the fleet's size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wake {
    /// Nobody told anything: see whether what stands is what the newest plan wants.
    Look,
    Plan(CapacityPlan),
}

/// The whole plan, each time: what is repeated, late or lost is put right by the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityPlan {
    /// Grows with every change of any sale.
    pub version: i64,
    /// The journal's clock when the plan was read.
    pub read_at: UnixMs,
    /// By their beginning.
    pub windows: Vec<Window>,
}

/// A sale that needs the large fleet from an instant on.
///
/// It has no end on purpose: a sale may be paused, extended, or wait for a payment in doubt. Its window is over when the journal has
/// reconciled it, and then the plan names it no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub sale_id: SaleId,
    /// Its waiting room opens.
    pub from: UnixMs,
}

impl CapacityPlan {
    /// Whether this is older news than `known`: it came late, on whatever way.
    pub fn is_stale_beside(&self, known: &Self) -> bool {
        self.version < known.version && self.read_at - known.read_at <= MESSAGE_LATE_MAX_MS
    }
}

/// Nobody knows whether it was told: tell again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("whoever keeps the fleet's size does not answer")]
pub struct Untold;

/// Who keeps the fleet's size.
///
/// Repeat: at least once and in any order; the newest plan wins. Yes means that the news is kept, not that nodes are there.
#[async_trait]
pub trait Capacity: Send + Sync + 'static {
    async fn tell(&self, plan: CapacityPlan) -> Result<(), Untold>;
}

/// A fleet of one size: one process, or machines that people keep.
pub struct FixedFleet;

#[async_trait]
impl Capacity for FixedFleet {
    async fn tell(&self, _plan: CapacityPlan) -> Result<(), Untold> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(version: i64, read_at: i64) -> CapacityPlan {
        CapacityPlan { version, read_at: UnixMs(read_at), windows: vec![] }
    }

    #[test]
    fn what_comes_late_is_stale_and_a_restored_journal_is_not() {
        let known = plan(7, 1_000_000);
        assert!(plan(6, 999_000).is_stale_beside(&known));
        assert!(!plan(7, 1_000_000).is_stale_beside(&known), "a repeat is no harm");
        assert!(!plan(8, 1_000_001).is_stale_beside(&known));
        assert!(plan(6, 1_000_000 + MESSAGE_LATE_MAX_MS).is_stale_beside(&known));
        assert!(
            !plan(3, 1_000_001 + MESSAGE_LATE_MAX_MS).is_stale_beside(&known),
            "no message is on its way for so long"
        );
    }

    #[test]
    fn a_wake_reads_as_terraform_writes_it() {
        assert_eq!(serde_json::from_str::<Wake>(r#"{"kind":"look"}"#).ok(), Some(Wake::Look));
        let told = Wake::Plan(plan(3, 5));
        let text = serde_json::to_string(&told).unwrap_or_default();
        assert_eq!(text, r#"{"kind":"plan","version":3,"read_at":5,"windows":[]}"#);
        assert_eq!(serde_json::from_str::<Wake>(&text).ok(), Some(told));
    }
}
