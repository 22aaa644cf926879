//! The mutants: each law switched off, one at a time. A verdict that stays silent is no verdict.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sale::{
    model::Model,
    rules::{Law, mutants::without},
    verdict::{Violation, check},
};

/// So many histories may pass before a mutant must have been noticed.
const HISTORIES_MAX: usize = 400;

/// The invariants under which each mutant may be found first.
fn expected(law: Law) -> &'static [u8] {
    match law {
        Law::Allotment => &[1, 15],
        Law::OneLiveClaim | Law::PurchaseLimit => &[2],
        Law::StandbyLimit => &[20],
        Law::NoOvertaking => &[6],
        Law::Settle => &[7, 21],
        Law::Grace | Law::Doubt | Law::Shift => &[8],
        Law::Deadline => &[11],
        Law::Opening | Law::Close => &[17],
        Law::OneDecision => &[3],
        Law::TicketOrder => &[6],
        Law::Epoch => &[16],
        Law::GiveBack => &[15],
        Law::ToldAfterCommit => &[5],
        Law::CancelIsFinal | Law::OrderBeforeCapture => &[10],
    }
}

/// The first history in which the verdict notices, and what it says.
fn hunt(law: Law) -> Option<(usize, Vec<Violation>)> {
    let mut runner = TestRunner::deterministic();
    let histories = common::histories(100..200);
    (0..HISTORIES_MAX).find_map(|n| {
        let (plan, commands) = histories.new_tree(&mut runner).ok()?.current();
        let found = without(law, || {
            let mut model = Model::new(plan);
            for command in commands {
                model.step(command);
            }
            let found = check(&model.record());
            if !found.is_empty() {
                return found;
            }
            model.finish();
            check(&model.record())
        });
        (!found.is_empty()).then_some((n, found))
    })
}

#[test]
fn every_mutant_is_noticed_under_its_own_law() {
    for law in Law::ALL {
        let Some((n, found)) = hunt(law) else { panic!("nobody notices that {law:?} is off") };
        let named = found.iter().any(|v| expected(law).contains(&v.law));
        assert!(named, "{law:?} off, history {n}: found only {found:#?}");
    }
}

#[test]
fn the_same_histories_are_clean_with_every_law_on() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..50 {
        let (plan, commands) = common::histories(100..200).new_tree(&mut runner).map(|t| t.current()).unwrap();
        let mut model = common::live(&plan, &commands);
        model.finish();
        assert_eq!(check(&model.record()), vec![]);
    }
}
