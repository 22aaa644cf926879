//! The schema: made by whoever starts first, and never written to by a binary that is older than it.

use journal::{Journal, JournalError};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use crate::house::{drop_schema, empty_schema};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn binaries_that_start_at_once_find_one_schema() {
    let (schema, config) = empty_schema().await;
    let mut starts = JoinSet::new();
    for _ in 0..4 {
        let config = config.clone();
        starts.spawn(async move { Journal::connect(&config).await.unwrap() });
    }
    for journal in starts.join_all().await {
        journal.beat().await.unwrap();
        journal.close().await;
    }
    drop_schema(&schema).await;
}

#[tokio::test]
async fn a_binary_older_than_the_schema_does_not_start_and_says_why() {
    let (schema, config) = empty_schema().await;
    Journal::connect(&config).await.unwrap().close().await;
    let mut db = PgConnection::connect(&config.primary).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'of a later release', true, ''::bytea, 0)";
    sqlx::query(newer).execute(&mut db).await.unwrap();
    let end = Journal::connect(&config).await.err();
    assert!(matches!(&end, Some(JournalError::Data(why)) if why.contains("newer binary")), "{end:?}");
    db.close().await.unwrap();
    drop_schema(&schema).await;
}
