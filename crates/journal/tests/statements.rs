//! Every statement file is valid on the database it will meet, and every file is used.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr, SqliteConnection};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
}

fn all(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), ending, &mut found);
    found.sort();
    found
}

#[tokio::test]
async fn every_statement_prepares() {
    let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    for file in all("migrations/sqlite", "sql") {
        sqlx::raw_sql(AssertSqlSafe(fs::read_to_string(file).unwrap())).execute(&mut db).await.unwrap();
    }
    for file in all("sql", "sql") {
        let text = fs::read_to_string(&file).unwrap();
        if let Err(error) = (&mut db).prepare(AssertSqlSafe(text).into_sql_str()).await {
            panic!("{}: {error}", file.display());
        }
    }
}

#[test]
fn every_statement_is_used_and_none_speaks_one_dialect() {
    let source: String = all("src", "rs").iter().map(|f| fs::read_to_string(f).unwrap()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    for file in all("sql", "sql") {
        let name = file.strip_prefix(&root).unwrap().with_extension("").display().to_string();
        assert!(source.contains(&format!("\"{name}\"")), "nobody uses sql/{name}.sql");
        let text = fs::read_to_string(&file).unwrap().to_uppercase();
        for word in [
            "INSERT OR",
            "IFNULL(",
            "DATETIME(",
            "JULIANDAY",
            "PRAGMA",
            "ROWID",
            "::",
            " ILIKE ",
            "FOR UPDATE",
            "ARRAY[",
        ] {
            assert!(!text.contains(word), "sql/{name}.sql speaks one dialect only: {word}");
        }
    }
}
