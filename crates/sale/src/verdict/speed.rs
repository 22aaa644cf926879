//! Law of speed: 22, from the receipt to an outcome that can be read.

use std::collections::HashMap;

use super::{case::Case, observe::FaultKind};
use crate::{ids::ClaimId, time::UnixMs};

/// p99 from receipt to outcome while all is well.
const HEALTHY_MS: i64 = 1_000;
/// The same after one of our processes died.
const DEATH_MS: i64 = 10_000;
/// The same after any single fault healed.
pub const HEALING_MS: i64 = 30_000;

/// Law 22: 99 of 100 outcomes were readable within a second, and those hit by a fault soon after it healed.
///
/// Of a claim whose buyer never looked nothing can be said.
pub fn soon_told(case: &Case) -> Vec<String> {
    let mut first: HashMap<ClaimId, UnixMs> = HashMap::new();
    for receipt in &case.record.receipts {
        let at = first.entry(receipt.claim_id).or_insert(receipt.at);
        *at = (*at).min(receipt.at);
    }
    let outcomes = first.into_iter().filter_map(|(claim, from)| {
        let told = case.told.get(&claim)?.iter().map(|seen| seen.at).min()?;
        Some((claim, from, told))
    });
    let (hit, healthy): (Vec<_>, Vec<_>) = outcomes.partition(|(_, from, told)| case.faulty(*from, *told));
    let late = hit.into_iter().filter_map(|(claim, from, told)| {
        let late_ms = told - allowed(case, from, told);
        (late_ms > 0).then(|| format!("claim {claim}: told {late_ms} ms too late after a fault"))
    });
    let mut waits: Vec<i64> = healthy.into_iter().map(|(_, from, told)| told - from).collect();
    waits.sort_unstable();
    let p99 = waits.get((waits.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0);
    let slow = (p99 > HEALTHY_MS).then(|| format!("p99 from receipt to outcome is {p99} ms"));
    slow.into_iter().chain(late).collect()
}

/// The latest instant by which an outcome between two instants was due, given the faults around them.
fn allowed(case: &Case, from: UnixMs, told: UnixMs) -> UnixMs {
    let near = case.record.faults.iter().filter(|f| f.from <= told && f.healed_at + HEALING_MS >= from);
    let due = near.map(|f| match f.kind {
        FaultKind::Death => f.from.max(from) + DEATH_MS.max(f.healed_at - f.from),
        FaultKind::Other => f.healed_at.max(from) + HEALING_MS,
    });
    due.max().unwrap_or(from + HEALTHY_MS)
}
