//! Checkout at two generals at once: one hold is paid for under one try at a time, and each try has one ending.

use std::time::Duration;

use contract::fresh::{self, below, never, soon};
use journal::{
    Journal,
    checkout::{Allocated, BeginError, Begun, Declined, PaymentStage},
};
use kit::clock::SeedChance;
use sale::{
    claim::ClaimState,
    hold::HoldState,
    ids::{ClaimId, UserId},
    time::UnixMs,
    verdict::record::What,
};
use sqlx::Connection;
use tokio::task::JoinSet;

use crate::house::{Fair, House, Papers, Terms, ask, started};

const ROUNDS: usize = 20;

async fn open() -> (House, Fair) {
    let house = House::new().await;
    let fair = house.fair(Terms { allotment: 100, ..Terms::default() }).await;
    (house, fair)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_payments_of_one_hold_one_begins_and_the_other_is_under_way() {
    let (house, fair) = open().await;
    for round in 0..ROUNDS {
        let (buyer, held) = house.holder(fair.item()).await;
        // The same key twice, as a browser sends it again; or two keys, as two windows do.
        let keys = if round % 2 == 0 { ["one", "one"] } else { ["one", "two"] };
        let asks = keys.map(|key| ask(buyer, held.claim_id, key));
        let (a, b) = tokio::join!(house.a.begin_payment(&asks[0], &Papers), house.b.begin_payment(&asks[1], &Papers));
        let begun = [&a, &b].into_iter().filter(|begun| matches!(begun, Ok(Begun::Started(_)))).count();
        let waits = [&a, &b].into_iter().filter(|begun| matches!(begun, Err(BeginError::InFlight))).count();
        assert_eq!((begun, waits), (1, 1), "{a:?} {b:?}");
    }
    house.judged().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_for_two_holds_pays_for_one() {
    let (house, fair) = open().await;
    for _ in 0..ROUNDS {
        let (buyer, first) = house.holder(fair.item()).await;
        let other = house.fair(Terms::default()).await;
        let second = crate::house::claim(&house.a, other.item(), buyer, 1, 1).await.unwrap();
        let asks = [ask(buyer, first.claim_id, "key"), ask(buyer, second.claim_id, "key")];
        let (a, b) = tokio::join!(house.a.begin_payment(&asks[0], &Papers), house.b.begin_payment(&asks[1], &Papers));
        let begun = [&a, &b].into_iter().filter(|begun| matches!(begun, Ok(Begun::Started(_)))).count();
        assert_eq!(begun, 1, "{a:?} {b:?}");
    }
    house.judged().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_hear_of_one_yes_make_one_order() {
    let (house, fair) = open().await;
    for _ in 0..ROUNDS {
        let (buyer, held) = house.holder(fair.item()).await;
        let begun = house.a.begin_payment(&ask(buyer, held.claim_id, "key"), &Papers).await;
        let key = started(begun.unwrap()).key;
        let (a, b) = tokio::join!(house.a.allocate(key, &Papers), house.b.allocate(key, &Papers));
        match (a.unwrap(), b.unwrap()) {
            (Allocated::Order(one), Allocated::Already(same)) | (Allocated::Already(same), Allocated::Order(one)) => {
                assert_eq!(one, same);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(house.a.orders_of(buyer, None, 9).await.unwrap().len(), 1);
    }
    house.judged().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_and_a_cancel_at_once_end_as_an_order_or_as_nothing_never_as_both() {
    let (house, fair) = open().await;
    for round in 0..2 * ROUNDS {
        let (buyer, held) = house.holder(fair.item()).await;
        let begun = house.a.begin_payment(&ask(buyer, held.claim_id, "key"), &Papers).await;
        let key = started(begun.unwrap()).key;
        let (yes, no) = (house.a.clone(), house.b.clone());
        let (yes, no) = match round % 2 {
            0 => tokio::join!(yes.allocate(key, &Papers), no.cancel_payment(key)),
            _ => {
                let (no, yes) = tokio::join!(no.cancel_payment(key), yes.allocate(key, &Papers));
                (yes, no)
            }
        };
        let stage = house.a.payment(key).await.unwrap().unwrap().stage;
        match (yes.unwrap(), no.unwrap()) {
            (Allocated::Order(_), false) => assert_eq!(stage, PaymentStage::Authorised),
            (Allocated::Stray, true) => {
                assert_eq!(stage, PaymentStage::Cancelling);
                let declined = house.b.decline(key, &Papers).await.unwrap();
                assert!(matches!(declined, Declined::Held { .. }), "{declined:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    house.judged().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_who_pays_and_leaves_at_once_does_one_of_both() {
    let (house, fair) = open().await;
    for _ in 0..2 * ROUNDS {
        let (buyer, held) = house.holder(fair.item()).await;
        let asked = ask(buyer, held.claim_id, "key");
        let (paid, left) =
            tokio::join!(house.a.begin_payment(&asked, &Papers), house.b.withdraw_now(buyer, held.claim_id));
        let state = house.a.claim(held.claim_id).await.unwrap().unwrap().state;
        match (paid.unwrap(), left) {
            (Begun::Started(_), Err(_)) => assert_eq!(state, ClaimState::Paying),
            (Begun::Stored(stored), Ok(_)) => assert_eq!((stored.status, state), (410, ClaimState::Withdrawn)),
            (begun, left) => panic!("{begun:?} {left:?}"),
        }
    }
    house.judged().await;
    house.close().await;
}

#[tokio::test]
async fn a_deadline_that_moved_while_the_no_was_under_way_is_the_one_that_is_told() {
    let (house, clock) = House::with_clock().await;
    let fair = house.fair(Terms::default()).await;
    let (buyer, held) = house.holder(fair.item()).await;
    let begun = house.a.begin_payment(&ask(buyer, held.claim_id, "key"), &Papers).await;
    let key = started(begun.unwrap()).key;
    let mut db = house.raw().await;
    let mut tx = db.begin().await.unwrap();
    let shift = "UPDATE hold SET deadline = deadline + 60000, version = version + 1, generation = generation + 1";
    sqlx::query(shift).execute(&mut *tx).await.unwrap();
    let decliner = house.a.clone();
    let mut declined = tokio::spawn(async move { decliner.decline(key, &Papers).await.unwrap() });
    never("an ending past a shift in flight", &mut declined).await;
    tx.commit().await.unwrap();
    let told = Declined::Held { deadline: held.deadline.unwrap() + 60_000 };
    assert_eq!(soon("the ending", declined).await.unwrap(), told);
    clock.advance(1);
    db.close().await.unwrap();
    house.close().await;
}

#[tokio::test]
async fn a_hold_that_gets_more_time_while_a_sweep_looks_is_not_ended() {
    let (house, clock) = House::with_clock().await;
    let fair = house.fair(Terms { hold_s: 1, ..Terms::default() }).await;
    let (_, held) = house.holder(fair.item()).await;
    clock.advance(4_000);
    house.a.beat().await.unwrap();
    let mut db = house.raw().await;
    let mut tx = db.begin().await.unwrap();
    let extend = "UPDATE hold SET deadline = deadline + 60000, version = version + 1, generation = generation + 1";
    sqlx::query(extend).execute(&mut *tx).await.unwrap();
    let (sweeper, item) = (house.b.clone(), fair.item());
    let mut sweep = tokio::spawn(async move { sweeper.sweep(item).await.unwrap() });
    never("an expiry past an extension in flight", &mut sweep).await;
    tx.commit().await.unwrap();
    soon("the sweep", sweep).await.unwrap();
    let still = house.a.claim(held.claim_id).await.unwrap().unwrap();
    assert_eq!((still.state, still.deadline), (ClaimState::Held, Some(held.deadline.unwrap() + 60_000)));
    db.close().await.unwrap();
    house.close().await;
}

/// Pays about when its time runs out, and again where the provider says no.
async fn pay_late(journal: Journal, buyer: UserId, id: ClaimId, deadline: UnixMs, seed: u64) {
    let chance = SeedChance::new(seed);
    let mut at = deadline + (below(&chance, 1_500) as i64 - 1_200);
    for key in 0.. {
        let wait = at - journal.clock().await.unwrap();
        tokio::time::sleep(Duration::from_millis(wait.max(0) as u64)).await;
        let key = match journal.begin_payment(&ask(buyer, id, &key.to_string()), &Papers).await.unwrap() {
            Begun::Stored(ended) => return assert_eq!(ended.status, 410),
            Begun::Started(started) => started.key,
        };
        tokio::time::sleep(Duration::from_millis(below(&chance, 400))).await;
        if below(&chance, 3) > 0 {
            let allocated = journal.allocate(key, &Papers).await.unwrap();
            return assert!(matches!(allocated, Allocated::Order(_)), "{allocated:?}");
        }
        journal.decline(key, &Papers).await.unwrap();
        at = at + below(&chance, 3_000) as i64;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_pay_in_the_last_moment_and_the_sweepers_agree_who_was_in_time() {
    let house = House::new().await;
    let terms = Terms { allotment: 30, hold_s: 2, standby_limit: 0, ..Terms::default() };
    let fair = house.fair(terms).await;
    let (item, heart) = (fair.item(), house.beating());
    let mut people = JoinSet::new();
    for n in 0..24 {
        let (buyer, held) = house.holder(item).await;
        let journal = if n % 2 == 0 { house.a.clone() } else { house.b.clone() };
        people.spawn(pay_late(journal, buyer, held.claim_id, held.deadline.unwrap(), n));
    }
    let sweepers = [house.a.clone(), house.b.clone()].map(|journal| {
        tokio::spawn(async move {
            loop {
                journal.sweep(item).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
    });
    people.join_all().await;
    let live = || async {
        let record = house.a.record().await.unwrap();
        !record.holds.iter().any(|hold| hold.state == HoldState::Held)
    };
    fresh::until("every hold has ended", live).await;
    sweepers.iter().for_each(tokio::task::JoinHandle::abort);
    heart.abort();
    let record = house.judged().await;
    let count = |what| record.changes.iter().filter(|change| change.what == what).count();
    assert_eq!(count(What::Allocated) + count(What::Expired), 24);
    assert!(count(What::Allocated) > 0 && count(What::Expired) > 0);
    house.close().await;
}
