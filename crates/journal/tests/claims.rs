//! Claims against the real journal file: what the rules promise stands in the rows.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::{House, Terms};
use sale::{
    claim::{ClaimState, Command, Reason},
    hold::HoldState,
    port::ledger::{Grant, Kind},
    rules::GRACE_MS,
};

#[tokio::test]
async fn the_last_unit_goes_to_one_of_two_buyers_and_the_other_stands_by() {
    let mut house = House::with(Terms { allotment: 1, ..Terms::default() }).await;
    let (first, second) = (house.buyer(), house.buyer());
    assert_eq!(house.claim(first, 1).await.state, ClaimState::Held);
    let waiting = house.claim(second, 1).await;
    assert_eq!((waiting.state, waiting.position), (ClaimState::Standby, Some(1)));
}

#[tokio::test]
async fn of_a_long_line_those_in_front_are_read_and_no_more() {
    let mut house = House::with(Terms { allotment: 2, ..Terms::default() }).await;
    let crowd = [house.buyer(), house.buyer(), house.buyer(), house.buyer(), house.buyer()];
    for buyer in crowd {
        house.claim(buyer, 1).await;
    }
    let line = async |max| {
        let places = house.journal.line(house.item, max).await.unwrap();
        places.iter().map(|place| (place.buyer_id, place.position)).collect::<Vec<_>>()
    };
    assert_eq!(line(2).await, [(crowd[2], 1), (crowd[3], 2)]);
    assert_eq!(line(9).await.len(), 3);
}

#[tokio::test]
async fn a_redelivered_claim_takes_no_second_unit() {
    let mut house = House::with(Terms { allotment: 5, ..Terms::default() }).await;
    let buyer = house.buyer();
    let batch = house.granted(&[buyer]);
    let once = house.ratify(&batch).await.unwrap();
    let twice = house.ratify(&batch).await.unwrap();
    assert_eq!(once.claims, twice.claims);
    assert_eq!(twice.stock.held, 1);
}

#[tokio::test]
async fn a_claim_decided_without_a_grant_may_come_twice_with_one() {
    let mut house = House::with(Terms { allotment: 5, ..Terms::default() }).await;
    let buyer = house.buyer();
    house.claim(buyer, 1).await;
    let granted = (house.command(buyer, 1, 1), Grant::Granted { kind: Kind::Units, first: 1, quantity: 1 });
    let ratified = house.ratify(&[granted.clone(), granted]).await.unwrap();
    assert_eq!((ratified.stock.held, ratified.levels.units.available()), (1, 4));
}

#[tokio::test]
async fn a_place_that_a_withdraw_frees_is_there_for_the_next_command_of_the_same_batch() {
    let mut house = House::with(Terms { allotment: 1, ..Terms::default() }).await;
    let (holder, late) = (house.buyer(), house.buyer());
    let Command::Claim(held) = house.command(holder, 1, 1) else { unreachable!() };
    house.claim(holder, 1).await;
    for _ in 0..2 {
        let waiting = house.buyer();
        assert_eq!(house.claim(waiting, 1).await.state, ClaimState::Standby);
    }
    let batch = [(Command::Withdraw(held), Grant::Nothing), (house.command(late, 1, 1), Grant::Nothing)];
    house.ratify(&batch).await.unwrap();
    assert_eq!(house.state(late).await, ClaimState::Standby, "the head moved up before the next command was decided");
}

#[tokio::test]
async fn an_expired_hold_goes_to_the_head_of_standby_in_the_same_commit() {
    let mut house = House::with(Terms { allotment: 1, ..Terms::default() }).await;
    let (first, second, third) = (house.buyer(), house.buyer(), house.buyer());
    let held = house.claim(first, 1).await;
    house.claim(second, 1).await;
    house.claim(third, 1).await;
    house.clock.set(held.deadline.unwrap() + (GRACE_MS - 1));
    house.beats().await;
    assert!(house.sweep().await.claims.is_empty(), "nobody is expired within the grace");
    house.clock.set(held.deadline.unwrap() + GRACE_MS);
    let swept = house.sweep().await;
    assert_eq!(house.state(first).await, ClaimState::Expired);
    assert_eq!(house.state(second).await, ClaimState::Held);
    let third = house.view(third).await;
    assert_eq!((third.state, third.position), (ClaimState::Standby, Some(1)));
    assert_eq!(swept.stock.held, 1);
}

#[tokio::test]
async fn the_journal_overrules_a_ledger_that_grants_a_newcomer_past_those_who_wait() {
    let mut house = House::with(Terms { allotment: 2, purchase_limit: 2, ..Terms::default() }).await;
    let (a, b, c) = (house.buyer(), house.buyer(), house.buyer());
    house.claim(a, 1).await;
    assert_eq!(house.claim(b, 2).await.state, ClaimState::Standby, "a head of two does not fit");
    let batch = [(house.command(c, 1, 1), Grant::Granted { kind: Kind::Units, first: 1, quantity: 1 })];
    let ratified = house.ratify(&batch).await.unwrap();
    assert_eq!(house.state(c).await, ClaimState::Standby);
    assert_eq!(ratified.levels.units.available(), 1, "the unit went back to the ledger");
    assert_eq!(ratified.levels.units.granted, 1, "and its number is ratified all the same");
}

#[tokio::test]
async fn a_gap_in_the_grants_writes_nothing() {
    let mut house = House::with(Terms { allotment: 5, ..Terms::default() }).await;
    let buyer = house.buyer();
    let batch = [(house.command(buyer, 1, 1), Grant::Granted { kind: Kind::Units, first: 3, quantity: 1 })];
    assert!(matches!(house.ratify(&batch).await, Err(journal::claim::RatifyError::Regression(_))));
    assert!(house.journal.claims_of(buyer, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_grant_of_an_older_epoch_writes_nothing() {
    let mut house = House::with(Terms { allotment: 5, ..Terms::default() }).await;
    let buyer = house.buyer();
    let batch = house.granted(&[buyer]);
    house.journal.raise_epoch(house.item, 7).await.unwrap();
    let refused = house.ratify(&batch).await;
    assert!(matches!(refused, Err(journal::claim::RatifyError::OtherEpoch(levels)) if levels.epoch == 8));
}

#[tokio::test]
async fn a_withdraw_that_overtakes_its_claim_wins() {
    let mut house = House::with(Terms { allotment: 5, ..Terms::default() }).await;
    let buyer = house.buyer();
    let Command::Claim(claim) = house.command(buyer, 1, 1) else { unreachable!() };
    house.ratify(&[(Command::Withdraw(claim.clone()), Grant::Nothing)]).await.unwrap();
    let batch = [(Command::Claim(claim), Grant::Granted { kind: Kind::Units, first: 1, quantity: 1 })];
    let ratified = house.ratify(&batch).await.unwrap();
    assert_eq!(house.state(buyer).await, ClaimState::Withdrawn);
    assert_eq!((ratified.stock.held, ratified.levels.units.available()), (0, 5));
}

#[tokio::test]
async fn a_second_claim_of_a_buyer_is_refused_until_the_first_has_ended() {
    let mut house = House::with(Terms { allotment: 5, ..Terms::default() }).await;
    let buyer = house.buyer();
    let held = house.claim(buyer, 1).await;
    let second = house.claim_as(buyer, 2, 1).await;
    assert_eq!(second.reason, Some(Reason::AlreadyClaimed));
    house.journal.withdraw_now(buyer, held.claim_id).await.unwrap();
    assert_eq!(house.claim_as(buyer, 3, 1).await.state, ClaimState::Held);
}

#[tokio::test]
async fn a_clock_that_stood_still_moves_every_deadline_forward_and_nobody_loses_a_unit() {
    let mut house = House::with(Terms { allotment: 5, ..Terms::default() }).await;
    let buyer = house.buyer();
    let held = house.claim(buyer, 1).await;
    house.clock.advance(3_600_000);
    assert!(matches!(house.journal.sweep(house.item).await, Err(journal::claim::RatifyError::ClockStands)));
    let beat = house.journal.beat().await.unwrap();
    assert_eq!(beat.shifted_ms, 3_600_000);
    let moved = house.view(buyer).await;
    assert_eq!(moved.deadline, Some(held.deadline.unwrap() + 3_600_000));
    assert!(moved.version > held.version && moved.generation > held.generation);
    assert_eq!(HoldState::Held.as_str(), "held");
}

#[tokio::test]
async fn when_units_may_come_back_is_told_anew_after_the_clock_stood_still() {
    let mut house = House::with(Terms { allotment: 1, ..Terms::default() }).await;
    let buyer = house.buyer();
    house.claim(buyer, 1).await;
    let stock = async |house: &House| {
        let sale = house.journal.sale_of_item(house.item).await.unwrap().unwrap();
        house.journal.sale(sale).await.unwrap().unwrap().items[0].stock
    };
    let before = stock(&house).await;
    house.clock.advance(3_600_000);
    house.journal.beat().await.unwrap();
    let after = stock(&house).await;
    assert_eq!(after.may_return_by.unwrap() - before.may_return_by.unwrap(), 3_600_000);
    assert!(after.stock_version > before.stock_version, "whoever keeps the highest version must hear of it");
}

#[tokio::test]
async fn at_the_close_those_who_wait_are_refused_and_those_who_hold_are_not() {
    let mut house = House::with(Terms { allotment: 1, hold_s: 1_000_000, ..Terms::default() }).await;
    let (first, second) = (house.buyer(), house.buyer());
    house.claim(first, 1).await;
    house.claim(second, 1).await;
    house.pass_to(house.closes_at).await;
    assert_eq!(house.journal.items_to_sweep().await.unwrap(), vec![house.item]);
    house.sweep().await;
    assert_eq!(house.state(first).await, ClaimState::Held);
    assert_eq!(house.view(second).await.reason, Some(Reason::Closed));
    let late = house.buyer();
    assert_eq!(house.claim(late, 1).await.reason, Some(Reason::Closed));
}
