//! Demand: what a plan wants of every group, now and later.

use sale::{port::capacity::CapacityPlan, time::UnixMs};

/// How far ahead and how long after; see `defaults.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub lead_ms: i64,
    pub rest_ms: i64,
    pub bridge_ms: i64,
    pub ahead_ms: i64,
    pub actions_max: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Some sale needs the large fleet now: its waiting room is open or opens soon, and it is not reconciled.
    pub large: bool,
    /// When the fleet must grow for those that come, the next first. Sales that begin together are one.
    pub growths: Vec<UnixMs>,
}

/// What the plan wants at `now`.
///
/// However windows overlap, the fleet is large while there is one that has begun: no end is guessed, so none can come too early.
pub fn demand(plan: &CapacityPlan, pace: &Pace, now: UnixMs) -> Demand {
    let mut instants: Vec<UnixMs> = plan.windows.iter().map(|window| second(window.from + -pace.lead_ms)).collect();
    instants.sort();
    instants.dedup();
    let begun = instants.partition_point(|at| *at <= now);
    let growths = instants.split_off(begun);
    Demand { large: begun > 0, growths }
}

/// AWS schedules by whole seconds; rather too early than too late.
fn second(at: UnixMs) -> UnixMs {
    UnixMs(at.0.div_euclid(1000) * 1000)
}
