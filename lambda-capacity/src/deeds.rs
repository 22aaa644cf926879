//! Deeds: what is missing between what stands in a group and what the sales demand.

use sale::time::UnixMs;

use crate::{
    config::Size,
    demand::{Demand, Pace},
    group::{Action, Deed, Group},
};

/// Our scheduled actions: the one shrinking, and growths, each by its second. All others are people's, and stay.
pub const SHRINK: &str = "sale-in";
const GROW: &str = "sale-out-";

/// What to do to this group now, in this order: time may end before the last. Nothing, where everything stands as it should.
///
/// Large: at least `size.max` nodes, each protected where the group protects, and no shrinking ahead. Not large: nodes are let go
/// of, and a group whose `min` is above its own is to shrink when it has rested, unless it must soon grow again. A `min` that people
/// raised looks like our growth and is taken for it, so they stop us first (docs/runbook.md: CapacityFails). Nodes that they added
/// above `min` are theirs.
pub fn deeds(demand: &Demand, size: &Size, pace: &Pace, group: &Group, now: UnixMs) -> Vec<Deed> {
    // What lies further ahead, or is one too many, is scheduled by a later look.
    let near = demand.growths.iter().take(pace.actions_max).take_while(|at| **at <= now + pace.ahead_ms);
    let mut wanted: Vec<Action> = near.map(|at| grow(*at, size)).collect();
    wanted.extend(shrink(demand, size, pace, group, now));
    let ours = || group.actions.iter().filter(|action| is_ours(&action.name));
    let mut deeds: Vec<Deed> = ours()
        .filter(|action| !wanted.iter().any(|wish| wish.name == action.name))
        .map(|action| Deed::Cancel { name: action.name.clone() })
        .collect();
    deeds.extend(resize(demand, size, group));
    deeds.extend(protect(demand.large, group));
    deeds.extend(wanted.into_iter().filter(|wish| !ours().any(|action| action == wish)).map(Deed::Schedule));
    deeds.sort_by_key(turn);
    deeds
}

fn is_ours(name: &str) -> bool {
    let growth = |at: &str| !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_digit());
    name == SHRINK || name.strip_prefix(GROW).is_some_and(growth)
}

/// What keeps an open sale's nodes comes first. Cancels come before schedules: AWS takes no two actions at one instant.
fn turn(deed: &Deed) -> u8 {
    match deed {
        Deed::Cancel { name } if name == SHRINK => 0,
        Deed::Resize { .. } => 1,
        Deed::Protect { .. } => 2,
        Deed::Cancel { .. } => 3,
        Deed::Schedule(_) => 4,
    }
}

fn grow(at: UnixMs, size: &Size) -> Action {
    Action { name: format!("{GROW}{}", at.0 / 1000), at, min: size.max, desired: size.max }
}

/// The one shrinking ahead, if there is to be one. What is scheduled already keeps its instant, so that looking twice puts nothing off.
fn shrink(demand: &Demand, size: &Size, pace: &Pace, group: &Group, now: UnixMs) -> Option<Action> {
    if demand.large || group.min <= size.min {
        return None;
    }
    let ahead = group.actions.iter().find(|action| action.name == SHRINK && action.at > now);
    let at = ahead.map_or(UnixMs((now + pace.rest_ms).0.div_euclid(1000) * 1000), |action| action.at);
    let grows_soon = demand.growths.first().is_some_and(|growth| *growth <= at + pace.bridge_ms);
    (!grows_soon).then(|| Action { name: SHRINK.into(), at, min: size.min, desired: size.min })
}

fn resize(demand: &Demand, size: &Size, group: &Group) -> Option<Deed> {
    let least = if demand.large { size.max } else { size.min };
    (group.min < least || group.desired < least)
        .then(|| Deed::Resize { min: group.min.max(least), desired: group.desired.max(least) })
}

fn protect(large: bool, group: &Group) -> Option<Deed> {
    let nodes: Vec<String> =
        group.nodes.iter().filter(|node| node.protected != large).map(|node| node.id.clone()).collect();
    (group.protects && !nodes.is_empty()).then_some(Deed::Protect { nodes, protect: large })
}
