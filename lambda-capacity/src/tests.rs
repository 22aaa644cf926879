//! The fleet over time: an Auto Scaling of a few lines, and what happens on it.
#![allow(clippy::unwrap_used)]

use sale::{
    port::capacity::{CapacityPlan, Window},
    time::UnixMs,
};
use uuid::Uuid;

use crate::{Deed, Group, Node, Pace, Size, deeds, demand};

mod examples;
mod keeper;
mod random;

const NOW: UnixMs = UnixMs(1_800_000_000_000);
const MINUTE: i64 = 60_000;
const PACE: Pace =
    Pace { lead_ms: 10 * MINUTE, rest_ms: 5 * MINUTE, bridge_ms: 30 * MINUTE, ahead_ms: 1440 * MINUTE, actions_max: 3 };

fn size() -> Size {
    Size { name: "shop-publisher".into(), min: 2, max: 12 }
}

fn plan(version: i64, froms: &[i64]) -> CapacityPlan {
    let window = |(n, minutes): (usize, &i64)| Window {
        sale_id: Uuid::from_u128(n as u128).into(),
        from: NOW + minutes * MINUTE,
    };
    CapacityPlan { version, read_at: NOW, windows: froms.iter().enumerate().map(window).collect() }
}

/// Auto Scaling, as far as it matters: it does what is due, and takes only nodes away that nobody protects.
struct Scaling {
    now: UnixMs,
    group: Group,
}

impl Scaling {
    fn new() -> Self {
        let mut scaling = Self { now: NOW, group: Group { min: 2, desired: 2, protects: true, ..Group::default() } };
        scaling.fill();
        scaling
    }

    fn fill(&mut self) {
        let (group, now) = (&mut self.group, self.now);
        let wanted = usize::try_from(group.desired).unwrap();
        while group.nodes.len() < wanted {
            group.nodes.push(Node { id: format!("i-{}-{}", now.0, group.nodes.len()), protected: group.protects });
        }
        while group.nodes.len() > wanted {
            let Some(free) = group.nodes.iter().position(|node| !node.protected) else { return };
            group.nodes.remove(free);
        }
    }

    fn act(&mut self, deed: &Deed) {
        let group = &mut self.group;
        match deed.clone() {
            Deed::Resize { min, desired } => (group.min, group.desired) = (min, desired),
            Deed::Protect { nodes, protect } => {
                for node in group.nodes.iter_mut().filter(|node| nodes.contains(&node.id)) {
                    node.protected = protect;
                }
            }
            Deed::Cancel { name } => group.actions.retain(|action| action.name != name),
            Deed::Schedule(action) => {
                assert!(action.at > self.now, "AWS schedules nothing in the past: {action:?}");
                group.actions.retain(|known| known.name != action.name);
                assert!(group.actions.iter().all(|known| known.at != action.at), "two at one instant");
                group.actions.push(action);
            }
        }
        self.fill();
    }

    fn fit(&mut self, plan: &CapacityPlan) -> Vec<Deed> {
        let deeds = deeds(&demand(plan, &PACE, self.now), &size(), &PACE, &self.group, self.now);
        deeds.iter().for_each(|deed| self.act(deed));
        deeds
    }

    /// Does what falls due on the way, in order.
    fn pass(&mut self, ms: i64, mut seen: impl FnMut(&Self)) {
        let until = self.now + ms;
        loop {
            let due = self.group.actions.iter().filter(|action| action.at <= until).min_by_key(|action| action.at);
            let Some(action) = due.cloned() else { break };
            seen(self);
            self.now = action.at;
            self.group.actions.retain(|known| known.name != action.name);
            (self.group.min, self.group.desired) = (action.min, action.desired);
            self.fill();
            seen(self);
        }
        self.now = until;
        seen(self);
    }

    fn scheduled(&self) -> Vec<(i64, i32)> {
        let mut actions: Vec<_> =
            self.group.actions.iter().map(|action| ((action.at - NOW) / MINUTE, action.desired)).collect();
        actions.sort();
        actions
    }
}
