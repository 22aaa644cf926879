//! Staff lead a sale while it is sold: what they do is before or after a decision, never in the middle of it.

use std::time::Duration;

use contract::fresh::{self, never, soon};
use journal::{Journal, checkout::BeginError};
use sale::{
    claim::{ClaimState, Reason},
    ids::SaleItemId,
    rules::GRACE_MS,
    sale::Stage,
    verdict::record::What,
};
use sqlx::Connection;
use tokio::task::JoinHandle;

use crate::house::{Fair, House, Papers, Terms, ask, claim, started};

/// Claims without end, each of a new buyer, until aborted.
fn crowd(journal: &Journal, item: SaleItemId) -> JoinHandle<()> {
    let journal = journal.clone();
    tokio::spawn(async move {
        loop {
            claim(&journal, item, fresh::buyer(), 1, 1).await.unwrap();
        }
    })
}

/// Sweeps without end, until aborted.
fn sweeper(journal: &Journal, item: SaleItemId) -> JoinHandle<()> {
    let journal = journal.clone();
    tokio::spawn(async move {
        loop {
            journal.sweep(item).await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    })
}

async fn busy(terms: Terms) -> (House, Fair, Vec<JoinHandle<()>>) {
    let house = House::new().await;
    let fair = house.fair(terms).await;
    let mut tasks = vec![house.beating()];
    for item in &fair.items {
        tasks.push(crowd(&house.a, *item));
        tasks.push(crowd(&house.b, *item));
        tasks.push(sweeper(&house.b, *item));
    }
    (house, fair, tasks)
}

async fn stopped(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.abort();
        // An aborted task must not have failed before.
        assert!(task.await.is_err_and(|end| end.is_cancelled()), "a task failed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resume_moves_every_hold_however_new() {
    let terms = Terms { items: 2, allotment: 10, hold_s: 1, standby_limit: 1_000, ..Terms::default() };
    let (house, fair, tasks) = busy(terms).await;
    let mut pauses = vec![];
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(800)).await;
        let paused = house.a.pause_sale(fair.staff, fair.sale).await.unwrap().at;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let resumed = house.b.resume_sale(fair.staff, fair.sale).await.unwrap().at;
        pauses.push((paused, resumed));
    }
    stopped(tasks).await;
    let record = house.judged().await;
    let expired: Vec<_> = record.changes.iter().filter(|change| change.what == What::Expired).collect();
    assert!(!expired.is_empty(), "the sweepers found nothing to do");
    for change in expired {
        let paused = pauses.iter().find(|(from, to)| (*from..*to).contains(&change.at));
        assert_eq!(paused, None, "{change:?} in a pause");
    }
    house.close().await;
}

#[tokio::test]
async fn a_hold_that_falls_due_in_a_pause_lives_and_gets_its_time_back() {
    let (house, clock) = House::with_clock().await;
    let fair = house.fair(Terms { hold_s: 30, ..Terms::default() }).await;
    let (_, held) = house.holder(fair.item()).await;
    let until_due_ms = 30_000 + GRACE_MS;
    let swept = async || {
        house.b.sweep(fair.item()).await.unwrap();
        house.a.claim(held.claim_id).await.unwrap().unwrap().state
    };
    house.a.pause_sale(fair.staff, fair.sale).await.unwrap();
    house.pass(&clock, until_due_ms).await;
    assert_eq!(swept().await, ClaimState::Held, "in a pause");
    house.b.resume_sale(fair.staff, fair.sale).await.unwrap();
    assert_eq!(swept().await, ClaimState::Held, "right after it");
    house.pass(&clock, until_due_ms - 1).await;
    assert_eq!(swept().await, ClaimState::Held, "before its time and the grace are over");
    house.pass(&clock, 1).await;
    assert_eq!(swept().await, ClaimState::Expired);
    house.judged().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_close_nobody_wins_and_everybody_who_waits_is_told() {
    for _ in 0..3 {
        let terms = Terms { items: 2, allotment: 20, standby_limit: 1_000, ..Terms::default() };
        let (house, fair, tasks) = busy(terms).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        house.a.close_sale(fair.staff, fair.sale).await.unwrap();
        let late = claim(&house.b, fair.item(), fresh::buyer(), 1, 1).await.unwrap();
        assert_eq!(late.reason, Some(Reason::Closed));
        stopped(tasks).await;
        // A second look for a claim that was decided between close and sweep.
        for item in &fair.items {
            house.b.sweep(*item).await.unwrap();
        }
        let record = house.judged().await;
        let closed_at = record.sales[0].closes_at;
        let won = |what| matches!(what, What::Held | What::Promoted | What::Standby);
        assert!(record.changes.iter().all(|change| !won(change.what) || change.at <= closed_at));
        assert!(record.items.iter().all(|item| item.waiting == 0));
        house.close().await;
    }
}

#[tokio::test]
async fn a_pause_waits_for_the_decision_in_flight() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let mut db = house.raw().await;
    let mut tx = db.begin().await.unwrap();
    let lock = "UPDATE sale_item SET last_at = last_at WHERE id = $1";
    sqlx::query(lock).bind(fair.item().0).execute(&mut *tx).await.unwrap();
    let (staff, pauser) = (fair.clone(), house.a.clone());
    let mut pause = tokio::spawn(async move { pauser.pause_sale(staff.staff, staff.sale).await.unwrap() });
    never("a pause past a decision in flight", &mut pause).await;
    tx.commit().await.unwrap();
    soon("the pause", pause).await.unwrap();
    db.close().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_begins_before_a_pause_or_not_at_all() {
    let house = House::new().await;
    let fair = house.fair(Terms { allotment: 40, ..Terms::default() }).await;
    for _ in 0..20 {
        let (buyer, held) = house.holder(fair.item()).await;
        let asked = ask(buyer, held.claim_id, "key");
        let (begun, paused) =
            tokio::join!(house.a.begin_payment(&asked, &Papers), house.b.pause_sale(fair.staff, fair.sale));
        let paused = paused.unwrap();
        let again = house.a.begin_payment(&ask(buyer, held.claim_id, "another"), &Papers).await;
        match begun {
            Ok(begun) => {
                assert_eq!(started(begun).key.claim_id, held.claim_id);
                assert!(matches!(again, Err(BeginError::Paused | BeginError::InFlight)), "{again:?}");
            }
            Err(BeginError::Paused) => assert!(matches!(again, Err(BeginError::Paused)), "{again:?}"),
            Err(error) => panic!("{error}"),
        }
        let resumed = house.b.resume_sale(fair.staff, fair.sale).await.unwrap();
        let moved = house.a.claim(held.claim_id).await.unwrap().unwrap();
        assert_eq!(moved.deadline.unwrap() - held.deadline.unwrap(), resumed.at - paused.at);
    }
    house.judged().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_restocked_by_two_at_once_are_all_there() {
    let terms = Terms { allotment: 5, standby_limit: 1_000, ..Terms::default() };
    let (house, fair, tasks) = busy(terms).await;
    for _ in 0..10 {
        let (a, b) = tokio::join!(
            house.a.restock(fair.staff, fair.sale, fair.item(), 2),
            house.b.restock(fair.staff, fair.sale, fair.item(), 3)
        );
        a.unwrap();
        b.unwrap();
    }
    stopped(tasks).await;
    let record = house.judged().await;
    assert_eq!(record.items[0].allotment, 55);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_extend_at_once_move_the_close_to_the_later_moment() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let now = house.a.clock().await.unwrap();
    let (near, far) = (now.plus_s(4_000), now.plus_s(5_000));
    let (a, b) =
        tokio::join!(house.a.extend_sale(fair.staff, fair.sale, near), house.b.extend_sale(fair.staff, fair.sale, far));
    b.unwrap();
    // The nearer one came first, or was refused.
    drop(a);
    assert_eq!(house.a.sale(fair.sale).await.unwrap().unwrap().sale.closes_at, far);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_that_is_over_is_reconciled_once() {
    let house = House::new().await;
    for _ in 0..5 {
        let fair = house.fair(Terms { items: 2, ..Terms::default() }).await;
        let (buyer, held) = house.holder(fair.item()).await;
        house.a.close_sale(fair.staff, fair.sale).await.unwrap();
        assert_eq!(house.a.reconcile_due().await.unwrap(), vec![], "somebody still holds a unit");
        house.a.withdraw_now(buyer, held.claim_id).await.unwrap();
        let (a, b) = tokio::join!(house.a.reconcile_due(), house.b.reconcile_due());
        assert_eq!([a.unwrap(), b.unwrap()].concat(), vec![fair.sale]);
        let sale = house.a.sale(fair.sale).await.unwrap().unwrap().sale;
        assert_eq!(sale.stage, Stage::Reconciled);
        let lines = house.a.audit(Some(fair.sale), 100).await.unwrap();
        assert_eq!(lines.iter().filter(|line| line.action == "sale.reconcile").count(), 1);
    }
    house.close().await;
}
