//! The model beside the journal: where their random histories once came apart, one small story each.

use sale::{
    claim::{ClaimState, Command as Wish},
    ids::claim_id,
    model::{Command, Model, Plan},
    rules::BEAT_MAX_MS,
    sale::{Phase, Stage},
    time::UnixMs,
};

fn sale(opens_in_s: i64) -> Model {
    Model::new(Plan {
        items: 1,
        buyers: 4,
        allotment: 2,
        purchase_limit: 1,
        standby_limit: 2,
        hold_s: 60,
        opens_in_s,
        open_s: 300,
    })
}

fn all(model: &mut Model, steps: impl IntoIterator<Item = Command>) {
    steps.into_iter().for_each(|step| drop(model.step(step)));
}

const SERVE: [Command; 4] =
    [Command::Receive { max: 5 }, Command::Take { batch: 0 }, Command::Ratify { batch: 0 }, Command::Ack { batch: 0 }];
const JUMP: u16 = 20_000;

fn with_a_hold() -> Model {
    let mut model = sale(0);
    all(&mut model, [Command::Claim { buyer: 0, item: 0, ahead: 0, quantity: 1, rogue: false }]);
    all(&mut model, SERVE);
    assert_eq!(state(&model, 0), Some(ClaimState::Held));
    model
}

fn state(model: &Model, buyer: u8) -> Option<ClaimState> {
    let id = claim_id(model.item_id(0), model.buyer(buyer), 1);
    model.journal.view(id).map(|view| view.state)
}

fn deadline(model: &Model) -> Option<(UnixMs, i64)> {
    model.journal.holds.values().next().map(|hold| (hold.deadline, hold.generation))
}

#[test]
fn a_jump_during_a_pause_is_given_back_once_and_by_the_resume() {
    let mut model = with_a_hold();
    let (told, closes_at) = (deadline(&model), model.journal.sale.closes_at);
    all(&mut model, [Command::Pause, Command::Jump { ms: JUMP }, Command::Beat]);
    assert_eq!((deadline(&model), model.journal.sale.closes_at), (told, closes_at), "its clocks stand anyway");
    all(&mut model, [Command::Resume]);
    let moved = told.map(|(at, generation)| (at + i64::from(JUMP), generation + 1));
    assert_eq!((deadline(&model), model.journal.sale.closes_at), (moved, closes_at + i64::from(JUMP)));
}

#[test]
fn a_jump_over_the_opening_costs_the_sale_only_what_it_lost_after_it() {
    let mut model = sale(8);
    let (closes_at, version) = (model.journal.sale.closes_at, model.journal.sale.row_version);
    all(&mut model, [Command::Jump { ms: JUMP }, Command::Beat]);
    assert_eq!(model.journal.sale.closes_at, closes_at + (i64::from(JUMP) - 8_000));
    assert_eq!(model.journal.sale.row_version, version + 1, "who shows the sale sees that its close moved");
}

#[test]
fn a_jump_before_the_opening_moves_no_close() {
    let mut model = sale(60);
    let before = model.journal.sale.clone();
    all(&mut model, [Command::Jump { ms: JUMP }, Command::Beat]);
    assert_eq!(model.journal.sale, before);
}

#[test]
fn a_clock_set_back_and_right_again_is_no_jump() {
    let mut model = with_a_hold();
    let (now, told) = (model.now, deadline(&model));
    model.now = now + -2 * BEAT_MAX_MS;
    all(&mut model, [Command::Beat]);
    model.now = now + 1;
    all(&mut model, [Command::Beat]);
    assert_eq!(deadline(&model), told);
}

#[test]
fn a_clock_set_back_before_the_first_claim_does_not_shut_the_door_again() {
    let mut model = sale(0);
    model.now = model.now + -500;
    all(&mut model, [Command::Claim { buyer: 0, item: 0, ahead: 0, quantity: 1, rogue: true }]);
    all(&mut model, SERVE);
    assert_eq!(state(&model, 0), Some(ClaimState::Held));
}

#[test]
fn a_paused_sale_can_be_extended_and_closed_and_its_holds_run_on() {
    let mut model = with_a_hold();
    let told = deadline(&model);
    all(&mut model, [Command::Pause, Command::Extend { ms: 1_000 }, Command::Advance { ms: 3_000 }]);
    assert_eq!(model.journal.sale.closes_at, UnixMs(1_000_000).plus_s(301));
    all(&mut model, [Command::Close]);
    let sale = &model.journal.sale;
    assert_eq!((sale.stage, sale.paused_at, sale.closes_at), (Stage::Closed, None, model.now));
    assert_eq!(deadline(&model), told.map(|(at, generation)| (at + 3_000, generation + 1)));
}

#[test]
fn a_sale_can_be_restocked_and_closed_before_its_opening() {
    let mut model = sale(8);
    all(&mut model, [Command::Restock { item: 0, units: 3 }]);
    assert_eq!(model.item(model.item_id(0)).map(|item| item.row.allotment), Some(5));
    all(&mut model, [Command::Close, Command::Restock { item: 0, units: 3 }]);
    assert_eq!(model.journal.sale.phase(model.now), Phase::Closed);
    assert_eq!(model.item(model.item_id(0)).map(|item| item.row.allotment), Some(5), "over is over");
}

#[test]
fn withdrawals_alone_do_not_need_the_ledger_in_whatever_epoch_it_is() {
    let mut model = with_a_hold();
    let epoch = |model: &Model| model.item(model.item_id(0)).map(|item| item.row.levels.epoch);
    let before = epoch(&model);
    all(&mut model, [Command::LoseWrites { item: 0, back: 0 }, Command::Withdraw { buyer: 0, item: 0 }]);
    all(&mut model, SERVE);
    assert_eq!((state(&model, 0), epoch(&model)), (Some(ClaimState::Withdrawn), before));
    assert!(model.queue.iter().all(|queued| !matches!(queued.command, Wish::Withdraw(_))), "it was acked");
}

#[test]
fn a_claim_being_paid_for_is_not_withdrawn_and_nothing_is_written() {
    let mut model = with_a_hold();
    all(&mut model, [Command::Pay { pick: 0 }]);
    let tellings = model.relays.len();
    all(&mut model, [Command::WithdrawNow { buyer: 0, item: 0 }]);
    assert_eq!((state(&model, 0), model.relays.len()), (Some(ClaimState::Paying), tellings));
}

#[test]
fn a_ledger_of_the_journals_own_epoch_is_told_and_not_rebuilt() {
    let mut model = with_a_hold();
    let claim = Command::Claim { buyer: 1, item: 0, ahead: 0, quantity: 1, rogue: false };
    // Taken in the first life of the ledger, brought after another consumer began the second.
    all(&mut model, [claim, Command::Receive { max: 1 }, Command::Take { batch: 0 }, Command::Stall]);
    all(&mut model, [Command::LoseWrites { item: 0, back: 0 }, Command::Reconcile { item: 0 }]);
    let ledger = model.ledger[&model.item_id(0)].levels();
    all(&mut model, [Command::Ratify { batch: 0 }]);
    assert_eq!(model.ledger[&model.item_id(0)].levels(), ledger);
}
