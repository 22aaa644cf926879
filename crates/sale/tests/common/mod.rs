//! Histories: random lives of a small sale, made so that what is rare in the world is common here.
#![allow(dead_code)]

use proptest::prelude::*;
use sale::model::{Command, Model, Plan};

/// Few units, fewer places, short holds and greedy buyers: everything runs out, and comes back.
pub fn plans() -> impl Strategy<Value = Plan> {
    (1..=2u8, 4..=12u8, 1..=4u32, 1..=5u32, 0..=6u32, 4..=9u32, prop_oneof![3 => Just(0i64), 1 => Just(8)], 40..=200i64)
        .prop_map(|(items, buyers, allotment, purchase_limit, standby_limit, hold_s, opens_in_s, open_s)| Plan {
            items,
            buyers,
            allotment,
            purchase_limit,
            standby_limit,
            hold_s,
            opens_in_s,
            open_s,
        })
}

/// One command; the work of a healthy house outweighs its misfortunes, or nothing would ever be sold.
pub fn commands() -> impl Strategy<Value = Command> {
    use Command as C;
    let n = any::<u8>;
    let first = || prop_oneof![4 => Just(0u8), 1 => any::<u8>()];
    let item = || 0..2u8;
    let rarely = |times: u32| prop_oneof![times => Just(false), 1 => Just(true)];
    let door = (n(), 0..2u8, prop_oneof![2 => Just(0u8), 9 => Just(1), 1 => 2..=3u8], quantities(), rarely(9));
    prop_oneof![
        24 => door.prop_map(|(buyer, item, ahead, quantity, rogue)| C::Claim { buyer, item, ahead, quantity, rogue }),
        2 => (n(), item()).prop_map(|(buyer, item)| C::Withdraw { buyer, item }),
        3 => (n(), item()).prop_map(|(buyer, item)| C::WithdrawNow { buyer, item }),
        12 => (1..6u8).prop_map(|max| C::Receive { max }),
        14 => first().prop_map(|batch| C::Take { batch }),
        14 => first().prop_map(|batch| C::Ratify { batch }),
        10 => first().prop_map(|batch| C::Ack { batch }),
        1 => Just(C::Crash),
        1 => Just(C::Stall),
        2 => n().prop_map(|pick| C::Duplicate { pick }),
        1 => (n(), n()).prop_map(|(a, b)| C::Reorder { a, b }),
        8 => (n(), rarely(4)).prop_map(|(pick, lose)| C::Relay { pick, lose }),
        4 => item().prop_map(|item| C::Reconcile { item }),
        2 => (item(), 0..4u8).prop_map(|(item, back)| C::LoseWrites { item, back }),
        10 => (n(), rarely(4), rarely(4)).prop_map(|(pick, lose, again)| C::Tell { pick, lose, again }),
        3 => n().prop_map(|buyer| C::Read { buyer }),
        5 => n().prop_map(|pick| C::Pay { pick }),
        8 => (n(), rarely(3)).prop_map(|(pick, no)| C::Authorise { pick, yes: !no }),
        7 => n().prop_map(|pick| C::Hear { pick }),
        2 => n().prop_map(|pick| C::Cancel { pick }),
        1 => n().prop_map(|pick| C::Lapse { pick }),
        6 => (n(), rarely(4)).prop_map(|(pick, forget)| C::Work { pick, forget }),
        2 => n().prop_map(|pick| C::Repeat { pick }),
        1 => n().prop_map(|pick| C::Refund { pick }),
        14 => (1..6_000u16).prop_map(|ms| C::Advance { ms }),
        // Either so short that the next sweep is in time after several of them, with a beat between each, or long enough that the
        // heart noticed.
        2 => prop_oneof![1..1_000u16, 5_001..40_000u16].prop_map(|ms| C::Jump { ms }),
        3 => Just(C::Beat),
        4 => item().prop_map(|item| C::Sweep { item }),
        1 => Just(C::Pause),
        2 => Just(C::Resume),
        1 => (1..20_000u16).prop_map(|ms| C::Extend { ms }),
        1 => prop_oneof![9 => Just(C::Beat), 1 => Just(C::Close)],
        1 => (item(), 0..3u8).prop_map(|(item, units)| C::Restock { item, units }),
    ]
}

/// What happens together: a healthy house does its work in one go, most of the time.
fn chapters() -> impl Strategy<Value = Vec<Command>> {
    use Command as C;
    let n = any::<u8>;
    let served = (1..6u8)
        .prop_map(|max| vec![C::Receive { max }, C::Take { batch: 0 }, C::Ratify { batch: 0 }, C::Ack { batch: 0 }]);
    let paid = n().prop_map(|pick| {
        let work = C::Work { pick: 0, forget: false };
        vec![C::Pay { pick }, C::Authorise { pick, yes: true }, C::Hear { pick }, work.clone(), work]
    });
    let woke = (0..2u8, 0..3u8).prop_map(|(item, back)| frozen_and_woken(item, back));
    prop_oneof![32 => commands().prop_map(|c| vec![c]), 6 => served, 2 => paid, 1 => woke]
}

/// A consumer freezes with two batches in hand, the ledger forgets, the next consumer decides the first, the frozen one wakes.
fn frozen_and_woken(item: u8, back: u8) -> Vec<Command> {
    use Command as C;
    let mut story =
        vec![C::Receive { max: 1 }, C::Take { batch: 0 }, C::Receive { max: 1 }, C::Take { batch: 1 }, C::Stall];
    story.extend([C::LoseWrites { item, back }, C::Reconcile { item }]);
    story.extend([C::Receive { max: 1 }, C::Take { batch: 2 }, C::Ratify { batch: 2 }, C::Ratify { batch: 1 }]);
    story
}

/// Mostly one; sometimes more than a limit allows, and once in a while none or too many.
fn quantities() -> impl Strategy<Value = u8> {
    prop_oneof![12 => Just(1u8), 5 => 2..=3u8, 1 => Just(0u8), 1 => Just(101u8)]
}

/// A whole life: a plan and what happens.
pub fn histories(length: std::ops::Range<usize>) -> impl Strategy<Value = (Plan, Vec<Command>)> {
    let life = prop::collection::vec(chapters(), length).prop_map(|chapters| chapters.concat());
    (plans(), life)
}

/// The model after some commands.
pub fn live(plan: &Plan, commands: &[Command]) -> Model {
    let mut model = Model::new(plan.clone());
    for command in commands {
        model.step(command.clone());
    }
    model
}
