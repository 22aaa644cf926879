//! Every statement file is valid on PostgreSQL, as the journal's own test shows for SQLite.

use std::{fs, path::Path};

use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr};

use crate::house::House;

#[tokio::test]
async fn every_statement_prepares() {
    let house = House::new().await;
    let mut db = house.raw().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../journal/sql");
    let mut prepared = 0;
    for folder in fs::read_dir(root).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let file = file.unwrap().path();
            let text = fs::read_to_string(&file).unwrap();
            if let Err(error) = (&mut db).prepare(AssertSqlSafe(text).into_sql_str()).await {
                panic!("{}: {error}", file.display());
            }
            prepared += 1;
        }
    }
    assert!(prepared > 100, "only {prepared} statements were found");
    db.close().await.unwrap();
    house.close().await;
}
