//! Random lives of the fleet: sales come and end at any time, news come late or twice, and nobody wakes us in between.

use proptest::prelude::*;
use sale::{
    port::capacity::{CapacityPlan, Window},
    time::UnixMs,
};
use uuid::Uuid;

use super::{MINUTE, PACE, Scaling, plan};
use crate::demand;

/// One thing that happens in a life of the fleet.
#[derive(Clone, Debug)]
enum Event {
    /// A sale is planned: its waiting room opens so many minutes from now.
    Plan(i64),
    /// The sale with this number, among those there are, is reconciled or taken back.
    End(usize),
    Pass(i64),
    /// EventBridge makes us look; or a plan comes twice.
    Look,
    /// An earlier plan comes late.
    Late(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (-20i64..300).prop_map(Event::Plan),
        2 => any::<usize>().prop_map(Event::End),
        4 => (1i64..90).prop_map(Event::Pass),
        2 => Just(Event::Look),
        1 => any::<usize>().prop_map(Event::Late),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// While a sale that was told is on, the fleet is never smaller than the largest, and no node of it can be taken away.
    #[test]
    fn nothing_is_taken_away_from_an_open_sale(events in prop::collection::vec(event(), 1..40)) {
        let mut scaling = Scaling::new();
        let (mut known, mut told) = (plan(0, &[]), vec![]);
        for event in events {
            let mut next = known.clone();
            (next.version, next.read_at) = (known.version + 1, scaling.now);
            match event {
                Event::Plan(minutes) => {
                    let sale_id = Uuid::from_u128(u128::from(told.len() as u64)).into();
                    next.windows.push(Window { sale_id, from: scaling.now + minutes * MINUTE });
                    next.windows.sort_by_key(|window| window.from);
                }
                Event::End(_) if next.windows.is_empty() => {}
                Event::End(pick) => drop(next.windows.remove(pick % known.windows.len())),
                Event::Late(pick) if !told.is_empty() => next = CapacityPlan::clone(&told[pick % told.len()]),
                Event::Pass(minutes) => {
                    let open = |now: UnixMs| demand(&known, &PACE, now).large;
                    // Nobody wakes us on the way: Auto Scaling is alone with what it was told.
                    scaling.pass(minutes * MINUTE, |scaling| {
                        let here = open(scaling.now + -1000);
                        assert!(!here || scaling.group.desired >= 12, "{:?}", scaling.group);
                    });
                    next = known.clone();
                }
                Event::Look | Event::Late(_) => next = known.clone(),
            }
            if !next.is_stale_beside(&known) {
                known = next.clone();
            }
            told.push(next);
            scaling.fit(&known);
            prop_assert_eq!(scaling.fit(&known), [], "done twice is done once");
            if demand(&known, &PACE, scaling.now).large {
                prop_assert_eq!((scaling.group.min, scaling.group.nodes.len()), (12, 12));
                prop_assert!(scaling.group.nodes.iter().all(|node| node.protected));
                prop_assert!(scaling.group.actions.iter().all(|action| action.desired == 12), "no shrinking ahead");
            }
            // What is scheduled never makes the fleet small while a sale that is known has begun.
            for action in scaling.group.actions.iter().filter(|action| action.desired < 12) {
                prop_assert!(!demand(&known, &PACE, action.at).large, "{action:?} in {known:?}");
            }
        }
        // When all are over it comes to rest where it began.
        known.windows.clear();
        scaling.fit(&known);
        scaling.pass(PACE.rest_ms + 1000, |_| ());
        scaling.fit(&known);
        prop_assert_eq!((scaling.group.min, scaling.group.nodes.len()), (2, 2));
        prop_assert!(scaling.group.actions.is_empty());
    }
}
