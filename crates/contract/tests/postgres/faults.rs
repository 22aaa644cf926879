//! What PostgreSQL says when it cannot: whether asking again helps is told apart from what can never be.

use std::{process::Command, time::Duration};

use contract::fresh::{self, until};
use journal::{Journal, JournalError, catalogue::Eyes, claim::RatifyError, staff::StaffError};
use sqlx::{AssertSqlSafe, Connection};

use crate::house::{House, Terms, claim};

fn is_silent<T>(end: &Result<T, RatifyError>) -> bool {
    matches!(end, Err(RatifyError::Journal(JournalError::Unavailable(_))))
}

#[tokio::test]
async fn who_waits_too_long_for_a_lock_is_told_that_nobody_answers() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let config = journal::PgConfig { lock_timeout: Duration::from_millis(100), ..house.config.clone() };
    let hasty = Journal::connect(&config).await.unwrap();
    let mut db = house.raw().await;
    let mut tx = db.begin().await.unwrap();
    sqlx::query("UPDATE sale_item SET last_at = last_at").execute(&mut *tx).await.unwrap();
    let end = claim(&hasty, fair.item(), fresh::buyer(), 1, 1).await;
    assert!(is_silent(&end), "{end:?}");
    tx.rollback().await.unwrap();
    claim(&hasty, fair.item(), fresh::buyer(), 1, 1).await.unwrap();
    hasty.close().await;
    db.close().await.unwrap();
    house.close().await;
}

#[tokio::test]
async fn a_transaction_that_sits_still_loses_its_locks() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let mut db = house.raw().await;
    sqlx::query("SET idle_in_transaction_session_timeout = 200").execute(&mut db).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    sqlx::query("UPDATE sale_item SET last_at = last_at").execute(&mut *tx).await.unwrap();
    // It never says another word, as a stopped process would not.
    claim(&house.a, fair.item(), fresh::buyer(), 1, 1).await.unwrap();
    drop(tx);
    house.close().await;
}

#[tokio::test]
async fn connections_that_were_cut_are_made_anew() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{}' AND pid <> pg_backend_pid()",
        house.config.application_name
    );
    for _ in 0..3 {
        let mut db = house.raw().await;
        sqlx::query(AssertSqlSafe(cut.clone())).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
        let buyer = fresh::buyer();
        let again = || async {
            match claim(&house.a, fair.item(), buyer, 1, 1).await {
                Ok(_) => true,
                end if is_silent(&end) => false,
                Err(error) => panic!("{error}"),
            }
        };
        until("the journal answers again", again).await;
    }
    assert_eq!(house.judged().await.items[0].taken, 3);
    house.close().await;
}

/// Sends a signal to the server's side of these connections.
async fn signal(house: &House, name: &str, application_name: &str) {
    let mut db = house.raw().await;
    let pids = sqlx::query_scalar::<_, i32>("SELECT pid FROM pg_stat_activity WHERE application_name = $1");
    for pid in pids.bind(application_name).fetch_all(&mut db).await.unwrap() {
        let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
        assert!(sent.success());
    }
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_server_that_falls_silent_keeps_nobody_waiting_and_costs_no_connection() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let config = journal::PgConfig {
        writers_max: 1,
        statement_timeout: Duration::from_millis(200),
        application_name: format!("still {}", house.config.application_name),
        ..house.config.clone()
    };
    let shop = Journal::connect(&config).await.unwrap();
    let buyer = fresh::buyer();
    claim(&shop, fair.item(), buyer, 1, 1).await.unwrap();
    signal(&house, "STOP", &config.application_name).await;
    let end = tokio::time::timeout(Duration::from_secs(20), claim(&shop, fair.item(), fresh::buyer(), 1, 1)).await;
    assert!(is_silent(&end.expect("nobody waits for ever")));
    // There is one writer: the silent one must have made room for another.
    let again = || async { claim(&shop, fair.item(), buyer, 1, 1).await.is_ok() };
    until("the journal answers over another connection", again).await;
    signal(&house, "CONT", &config.application_name).await;
    shop.close().await;
    house.close().await;
}

#[tokio::test]
async fn a_row_that_cannot_be_is_an_error_of_the_data() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let terms = house.a.sale(fair.sale).await.unwrap().unwrap();
    let again = journal::staff::Plan {
        id: fair.sale,
        title: "The same id".into(),
        draft: true,
        waiting_room_opens_at: None,
        opens_at: terms.sale.opens_at,
        closes_at: terms.sale.closes_at,
        items: vec![],
        repeats: None,
    };
    let end = house.a.plan(fair.staff, again).await;
    assert!(matches!(end, Err(StaffError::Journal(JournalError::Data(_)))), "{end:?}");
    house.close().await;
}

#[tokio::test]
async fn nobody_listening_is_no_answer() {
    let house = House::new().await;
    let mut config = house.config.clone();
    config.primary = "postgres://nobody@127.0.0.1:1/nothing".into();
    let end = Journal::connect(&config).await.err();
    assert!(matches!(end, Some(JournalError::Unavailable(_))), "{end:?}");
    house.close().await;
}

#[tokio::test]
async fn what_may_be_stale_is_read_from_the_replica_and_without_one_from_the_primary() {
    let house = House::new().await;
    let fair = house.fair(Terms { items: 3, ..Terms::default() }).await;
    let public = || async { house.a.products(Eyes::Public, None, 10).await.unwrap().len() == 3 };
    until("the replica has heard of the products", public).await;
    let page = house.a.sales(Some(sale::sale::Stage::Draft), None, 10).await.unwrap();
    assert_eq!(page[0].sale.id, fair.sale);
    let mut config = house.config.clone();
    config.replica = Some("postgres://nobody@127.0.0.1:1/nothing".into());
    let alone = Journal::connect(&config).await.unwrap();
    assert_eq!(alone.products(Eyes::Public, None, 10).await.unwrap().len(), 3);
    assert_eq!(alone.sales(Some(sale::sale::Stage::Draft), None, 10).await.unwrap().len(), 1);
    alone.close().await;
    house.close().await;
}

#[tokio::test]
async fn who_only_looks_cannot_write() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let looker = Journal::connect_read_only(&house.config).await.unwrap();
    assert!(claim(&looker, fair.item(), fresh::buyer(), 1, 1).await.is_err());
    assert!(looker.beat().await.is_err());
    looker.close().await;
    house.close().await;
}
