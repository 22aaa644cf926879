//! A clock that stood still, found by several nodes at once, while others are in the middle of something.

use contract::fresh::{self, never, soon};
use journal::checkout::BeginError;
use sale::claim::ClaimState;
use sqlx::Connection;

use crate::house::{Fair, House, Papers, Terms, ask, claim, started};

const MINUTE_MS: i64 = 60_000;

async fn deadline(house: &House, fair: &Fair, buyer: sale::ids::UserId) -> sale::time::UnixMs {
    house.b.claims_of(buyer, Some(fair.item())).await.unwrap()[0].deadline.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_that_two_nodes_see_moves_every_deadline_once() {
    let (house, clock) = House::with_clock().await;
    let fair = house.fair(Terms { items: 2, ..Terms::default() }).await;
    let (buyer, held) = house.holder(fair.item()).await;
    for round in 1..=5 {
        clock.advance(MINUTE_MS);
        let (a, b) = tokio::join!(house.a.beat(), house.b.beat());
        let mut shifts = [a.unwrap().shifted_ms, b.unwrap().shifted_ms];
        shifts.sort_unstable();
        assert_eq!(shifts, [0, MINUTE_MS]);
        assert_eq!(deadline(&house, &fair, buyer).await, held.deadline.unwrap() + round * MINUTE_MS);
    }
    house.judged().await;
    house.close().await;
}

#[tokio::test]
async fn a_hold_that_is_just_being_written_when_the_clock_is_found_to_have_stood_still_moves_too() {
    let (house, clock) = House::with_clock().await;
    let fair = house.fair(Terms::default()).await;
    let (_, pattern) = house.holder(fair.item()).await;
    let (late, id) = (fresh::buyer(), fresh::claim_id());
    // A consumer that has written its hold and not committed it yet.
    let mut db = house.raw().await;
    let mut tx = db.begin().await.unwrap();
    let lock = "UPDATE sale_item SET last_at = last_at, taken = taken + 1, unit_drawn = unit_drawn + 1 WHERE id = $1";
    sqlx::query(lock).bind(fair.item().0).execute(&mut *tx).await.unwrap();
    let copy_claim =
        "INSERT INTO claim SELECT $1, sale_item_id, $2, attempt, quantity, outcome, reason, version, epoch,
        grant_kind, grant_first, received_at, decided_at, changed_at FROM claim WHERE id = $3";
    let copy_hold = "INSERT INTO hold SELECT $1, sale_item_id, $2, quantity, state, version, generation, deadline,
        payment_attempt, extended_at, changed_at FROM hold WHERE claim_id = $3";
    for copy in [copy_claim, copy_hold] {
        sqlx::query(copy).bind(id.0).bind(late.0).bind(pattern.claim_id.0).execute(&mut *tx).await.unwrap();
    }
    clock.advance(MINUTE_MS);
    let beater = house.a.clone();
    let mut beat = tokio::spawn(async move { beater.beat().await.unwrap() });
    never("a shift past a decision in flight", &mut beat).await;
    tx.commit().await.unwrap();
    assert_eq!(soon("the beat", beat).await.unwrap().shifted_ms, MINUTE_MS);
    let moved = house.a.claim(id).await.unwrap().unwrap();
    assert_eq!(moved.deadline, Some(pattern.deadline.unwrap() + MINUTE_MS));
    db.close().await.unwrap();
    house.close().await;
}

#[tokio::test]
async fn a_checkout_in_flight_delays_a_shift_and_its_hold_moves_all_the_same() {
    let (house, clock) = House::with_clock().await;
    let fair = house.fair(Terms::default()).await;
    let (buyer, held) = house.holder(fair.item()).await;
    let mut db = house.raw().await;
    let mut tx = db.begin().await.unwrap();
    let pay = "UPDATE hold SET state = 'paying', version = version + 1, payment_attempt = 1 WHERE claim_id = $1";
    sqlx::query(pay).bind(held.claim_id.0).execute(&mut *tx).await.unwrap();
    clock.advance(MINUTE_MS);
    let beater = house.a.clone();
    let mut beat = tokio::spawn(async move { beater.beat().await.unwrap() });
    never("a shift past a checkout in flight", &mut beat).await;
    tx.commit().await.unwrap();
    assert_eq!(soon("the beat", beat).await.unwrap().shifted_ms, MINUTE_MS);
    assert_eq!(deadline(&house, &fair, buyer).await, held.deadline.unwrap() + MINUTE_MS);
    db.close().await.unwrap();
    house.close().await;
}

#[tokio::test]
async fn nobody_judges_time_while_the_clock_is_known_to_have_stood_still() {
    let (house, clock) = House::with_clock().await;
    let fair = house.fair(Terms { hold_s: 30, ..Terms::default() }).await;
    let (buyer, held) = house.holder(fair.item()).await;
    clock.advance(MINUTE_MS);
    let begun = house.b.begin_payment(&ask(buyer, held.claim_id, "late"), &Papers).await;
    assert!(matches!(begun, Err(BeginError::ClockStands)), "{begun:?}");
    assert!(house.b.sweep(fair.item()).await.is_err());
    assert!(house.b.pause_sale(fair.staff, fair.sale).await.is_err());
    house.a.beat().await.unwrap();
    started(house.b.begin_payment(&ask(buyer, held.claim_id, "in time"), &Papers).await.unwrap());
    house.close().await;
}

#[tokio::test]
async fn the_journals_clock_is_the_servers() {
    let house = House::new().await;
    let (mut db, before) = (house.raw().await, house.b.clock().await.unwrap());
    let (now,): (i64,) = sqlx::query_as("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
        .fetch_one(&mut db)
        .await
        .unwrap();
    let after = house.a.clock().await.unwrap();
    assert!(before.0 <= now + 1 && now <= after.0 + 1, "{before:?} {now} {after:?}");
    let fair = house.fair(Terms::default()).await;
    assert_eq!(claim(&house.a, fair.item(), fresh::buyer(), 1, 1).await.unwrap().state, ClaimState::Held);
    db.close().await.unwrap();
    house.close().await;
}
