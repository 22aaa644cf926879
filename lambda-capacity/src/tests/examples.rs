//! Examples: what is scheduled, and what stands, as a sale goes its way.

use super::{MINUTE, NOW, Scaling, plan};
use crate::{Action, Deed};

#[test]
fn a_planned_sale_schedules_a_growth_before_its_waiting_room_and_a_closed_one_none() {
    let mut scaling = Scaling::new();
    scaling.fit(&plan(1, &[60]));
    assert_eq!(scaling.scheduled(), [(50, 12)]);
    scaling.fit(&plan(2, &[90]));
    assert_eq!(scaling.scheduled(), [(80, 12)], "it was moved");
    scaling.fit(&plan(3, &[]));
    assert_eq!(scaling.scheduled(), []);
    assert_eq!((scaling.group.min, scaling.group.desired), (2, 2));
}

#[test]
fn a_sale_that_was_on_leaves_the_fleet_some_rest_and_then_it_shrinks_once() {
    let mut scaling = Scaling::new();
    scaling.fit(&plan(1, &[60]));
    scaling.pass(50 * MINUTE, |_| ());
    assert_eq!(scaling.group.nodes.len(), 12, "Auto Scaling alone grew it");
    scaling.fit(&plan(1, &[60]));
    scaling.pass(500 * MINUTE, |_| ());
    scaling.fit(&plan(1, &[60]));
    assert_eq!(scaling.scheduled(), [], "nobody guesses when a sale is over");

    scaling.fit(&plan(2, &[]));
    assert_eq!(scaling.scheduled(), [(555, 2)]);
    scaling.pass(2 * MINUTE, |_| ());
    assert_eq!(scaling.fit(&plan(2, &[])), [], "looking again puts nothing off");
    scaling.pass(3 * MINUTE, |_| ());
    assert_eq!((scaling.group.min, scaling.group.desired, scaling.group.nodes.len()), (2, 2, 2));
    assert_eq!(scaling.fit(&plan(2, &[])), []);
}

#[test]
fn a_sale_that_is_planned_while_the_fleet_rests_keeps_it() {
    let mut scaling = Scaling::new();
    scaling.fit(&plan(1, &[0]));
    scaling.fit(&plan(2, &[]));
    assert_eq!(scaling.scheduled(), [(5, 2)]);
    scaling.fit(&plan(3, &[45]));
    assert_eq!(scaling.scheduled(), [(35, 12)], "it would grow again half an hour later");
    scaling.fit(&plan(4, &[180]));
    assert_eq!(scaling.scheduled(), [(5, 2), (170, 12)], "that is long enough to shrink");
    scaling.fit(&plan(5, &[1]));
    assert_eq!(scaling.scheduled(), []);
    assert!(scaling.group.nodes.iter().all(|node| node.protected), "held again before anything was lost");
}

#[test]
fn what_lies_far_ahead_or_is_one_too_many_is_scheduled_later() {
    let mut scaling = Scaling::new();
    let plan = plan(1, &[60, 120, 180, 240, 2000]);
    scaling.fit(&plan);
    assert_eq!(scaling.scheduled(), [(50, 12), (110, 12), (170, 12)]);
    scaling.now = NOW + 200 * MINUTE;
    scaling.group.actions.clear();
    scaling.fit(&plan);
    assert_eq!(scaling.scheduled(), [(230, 12)]);
    scaling.pass(400 * MINUTE, |_| ());
    scaling.fit(&plan);
    assert_eq!(scaling.scheduled(), [(1990, 12)]);
}

#[test]
fn what_is_urgent_comes_first() {
    let mut scaling = Scaling::new();
    scaling.fit(&plan(1, &[0]));
    scaling.fit(&plan(2, &[180]));
    assert_eq!(scaling.scheduled(), [(5, 2), (170, 12)]);
    scaling.group.min = 11;
    let deeds = scaling.fit(&plan(3, &[0, 240]));
    let cancel = |name: &str| Deed::Cancel { name: name.into() };
    assert_eq!(deeds[..2], [cancel("sale-in"), Deed::Resize { min: 12, desired: 12 }]);
    assert!(matches!(deeds[2], Deed::Protect { protect: true, .. }));
    assert_eq!(deeds[3], cancel(&format!("sale-out-{}", (NOW + 170 * MINUTE).0 / 1000)));
    assert!(matches!(deeds[4..], [Deed::Schedule(_)]));
}

#[test]
fn what_people_scheduled_and_added_stays_and_a_min_that_they_raised_is_taken_for_ours() {
    let mut scaling = Scaling::new();
    let names = ["by-hand", "sale-inventory", "sale-out-", "sale-out-by-hand", "sale-out-1x"];
    let action = |(n, name): (i64, &&str)| Action { name: (*name).into(), at: NOW + n * MINUTE, min: 7, desired: 7 };
    let by_hand: Vec<Action> = (1..).zip(&names).map(action).collect();
    scaling.group.actions = by_hand.clone();
    scaling.group.desired = 4;
    scaling.fill();
    scaling.fit(&plan(1, &[60]));
    scaling.fit(&plan(2, &[]));
    assert_eq!(scaling.group.actions, by_hand);
    assert_eq!(scaling.group.desired, 4);

    // That is why the runbook stops us first. Called again after the sale, we make small what people made large.
    scaling.pass(10 * MINUTE, |_| ());
    assert_eq!((scaling.group.min, scaling.group.desired), (7, 7));
    scaling.fit(&plan(2, &[]));
    assert_eq!(scaling.scheduled(), [(15, 2)]);
}

#[test]
fn a_group_that_is_below_what_terraform_wants_is_lifted() {
    let mut scaling = Scaling::new();
    (scaling.group.min, scaling.group.desired) = (1, 1);
    assert_eq!(scaling.fit(&plan(1, &[]))[0], Deed::Resize { min: 2, desired: 2 });
}
