//! The dialect: the only folder that knows which database stands behind the journal.
//!
//! Everything else names a statement file under `sql/` and binds `$1, $2, …`; both hold on PostgreSQL as they do on SQLite.
//! Locks have no words of their own: `UPDATE … SET x = x … RETURNING` takes a row's lock on PostgreSQL; on SQLite whoever writes
//! has the whole file.

mod line;
mod many;
mod postgres;
mod row;
mod schema;
mod sqlite;
mod value;

use line::Line;
use many::{Inserts, Placeholders};
pub use postgres::{PgConfig, Postgres};
pub use row::Row;
use sale::time::UnixMs;
pub use sqlite::{Sqlite, WRITER_KEEPS_KIB};
use sqlx::{AssertSqlSafe, postgres::PgDatabaseError};
use std::time::{Duration, Instant};
pub use value::Value;
use value::bind;

use crate::JournalError;

/// The longest between the begin of a transaction and its commit. So much later than the instant it carries may a row become
/// readable: whoever reads what changed since an instant must begin earlier by more than this.
pub const TX_MAX: Duration = Duration::from_secs(8);
/// The same for the few that move every deadline of a sale at once.
const PATIENT_TX_MAX: Duration = Duration::from_secs(120);
const PATIENT: &str = "SET LOCAL statement_timeout = '60s'";
/// A bit more than that.
const PATIENT_WAIT: Duration = Duration::from_secs(61);

/// A statement's text, checked into `sql/`.
#[macro_export]
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql"))
    };
}

/// Bind values in order.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}

/// The word of a unit enum, as it stands in a column.
pub fn word<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("not a unit enum: {other:?}"),
    }
}

/// The unit enum of a word.
pub fn word_from<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// The database: those who write, and those who only read and wait for nobody.
#[derive(Clone)]
pub enum Db {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Db {
    /// A transaction that writes. On SQLite it holds the one writer, and with it every lock, until it ends; on PostgreSQL it holds
    /// what it has touched, and each of its statements sees what was committed before it.
    pub async fn begin(&self) -> Result<Tx, JournalError> {
        Ok(Tx::new(match self {
            Self::Sqlite(db) => On::Sqlite(db.writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(db) => On::Postgres(db.begin().await?),
        }))
    }

    /// Rows of the newest committed state.
    pub async fn rows(&self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        Ok(match self {
            Self::Sqlite(db) => all(bind(sql, args).fetch_all(&db.readers).await?),
            Self::Postgres(db) => all(db.reader().await?.rows(sql, args).await?),
        })
    }

    pub async fn row(&self, sql: &'static str, args: Vec<Value>) -> Result<Option<Row>, JournalError> {
        Ok(match self {
            Self::Sqlite(db) => bind(sql, args).fetch_optional(&db.readers).await?.map(Row::from),
            Self::Postgres(db) => db.reader().await?.row(sql, args).await?.map(Row::from),
        })
    }

    /// Rows that may be of a moment ago. Only for what nobody decides upon, nor looks for right after having written it.
    pub async fn stale_rows(&self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        match self {
            Self::Sqlite(_) => self.rows(sql, args).await,
            Self::Postgres(db) => db.stale_rows(sql, args).await,
        }
    }

    /// A read transaction: several reads of one committed state, the newest.
    pub async fn snapshot(&self) -> Result<Tx, JournalError> {
        self.snapshot_of(false).await
    }

    /// The same of a state that may be of a moment ago: see [`Db::stale_rows`].
    pub async fn stale_snapshot(&self) -> Result<Tx, JournalError> {
        self.snapshot_of(true).await
    }

    async fn snapshot_of(&self, stale: bool) -> Result<Tx, JournalError> {
        Ok(Tx::new(match self {
            Self::Sqlite(db) => On::Sqlite(db.readers.begin().await?),
            Self::Postgres(db) => On::Postgres(db.snapshot(stale).await?),
        }))
    }

    /// The journal's clock.
    pub async fn clock(&self) -> Result<UnixMs, JournalError> {
        match self {
            Self::Sqlite(db) => Ok(db.now()),
            Self::Postgres(db) => db.clock().await,
        }
    }

    /// The journal's clock, asked in a transaction: after the locks that it has.
    pub async fn now(&self, under: &mut Tx) -> Result<UnixMs, JournalError> {
        match self {
            Self::Sqlite(db) => Ok(db.now()),
            Self::Postgres(db) => db.now(under).await,
        }
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite(db) => {
                db.readers.close().await;
                db.writer.close().await;
            }
            Self::Postgres(db) => db.close().await,
        }
    }
}

/// A transaction; dropped without [`Tx::commit`] it never was.
pub struct Tx {
    on: On,
    /// Not sent yet, in the order in which each kind came first.
    later: Vec<Inserts>,
    begun: Instant,
    max: Duration,
}

enum On {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(Line),
}

impl On {
    fn placeholders(&self) -> Placeholders {
        match self {
            Self::Sqlite(_) => Placeholders::Plain,
            Self::Postgres(_) => Placeholders::Numbered,
        }
    }
}

impl Tx {
    fn new(on: On) -> Self {
        Self { on, later: vec![], begun: Instant::now(), max: TX_MAX }
    }

    /// Lets this transaction take its time: it moves every deadline of a sale, and without it nobody goes on.
    pub async fn be_patient(&mut self) -> Result<(), JournalError> {
        self.max = PATIENT_TX_MAX;
        self.send_later().await?;
        if let On::Postgres(tx) = &mut self.on {
            tx.say(PATIENT).await?;
            tx.be_patient(PATIENT_WAIT);
        }
        Ok(())
    }

    /// An insert of one row whose answer nobody waits for: it goes out with others of its kind, before anything else that this
    /// transaction asks or does. A row that is refused fails that one.
    pub fn later(&mut self, sql: &'static str, args: Vec<Value>) {
        match self.later.iter_mut().find(|inserts| inserts.sql == sql) {
            Some(inserts) => inserts.add(args),
            None => self.later.push(Inserts::new(sql, args)),
        }
    }

    async fn send_later(&mut self) -> Result<(), JournalError> {
        let placeholders = self.on.placeholders();
        for inserts in std::mem::take(&mut self.later) {
            for (sql, args) in inserts.statements(placeholders) {
                let sql = AssertSqlSafe(sql);
                match &mut self.on {
                    On::Sqlite(tx) => _ = bind(sql, args).execute(&mut **tx).await?,
                    On::Postgres(tx) => _ = tx.run(sql, args).await?,
                }
            }
        }
        Ok(())
    }

    /// Runs a statement; returns the rows it changed.
    pub async fn run(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64, JournalError> {
        self.send_later().await?;
        Ok(match &mut self.on {
            On::Sqlite(tx) => bind(sql, args).execute(&mut **tx).await?.rows_affected(),
            On::Postgres(tx) => tx.run(sql, args).await?.rows_affected(),
        })
    }

    pub async fn rows(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        self.send_later().await?;
        Ok(match &mut self.on {
            On::Sqlite(tx) => all(bind(sql, args).fetch_all(&mut **tx).await?),
            On::Postgres(tx) => all(tx.rows(sql, args).await?),
        })
    }

    /// The rows of many keys, in no order: the last placeholder of the statement, in its `IN (…)`, stands for them.
    pub async fn rows_of(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
        keys: &[Value],
    ) -> Result<Vec<Row>, JournalError> {
        self.send_later().await?;
        let mut rows = vec![];
        for (sql, args) in many::asks(sql, &args, keys, self.on.placeholders()) {
            let sql = AssertSqlSafe(sql);
            rows.extend(match &mut self.on {
                On::Sqlite(tx) => all(bind(sql, args).fetch_all(&mut **tx).await?),
                On::Postgres(tx) => all(tx.rows(sql, args).await?),
            });
        }
        Ok(rows)
    }

    pub async fn row(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Option<Row>, JournalError> {
        self.send_later().await?;
        Ok(match &mut self.on {
            On::Sqlite(tx) => bind(sql, args).fetch_optional(&mut **tx).await?.map(Row::from),
            On::Postgres(tx) => tx.row(sql, args).await?.map(Row::from),
        })
    }

    /// Commits what was written.
    ///
    /// Errors: `Unavailable` where nobody answered: it may have been committed or not, so every caller's verb may be repeated. One
    /// that took longer than [`TX_MAX`] is not committed: a process that was stopped in the middle wakes up to nothing.
    pub async fn commit(mut self) -> Result<(), JournalError> {
        self.send_later().await?;
        if self.begun.elapsed() > self.max {
            return Err(JournalError::Unavailable("a transaction took too long and was not committed".into()));
        }
        match self.on {
            On::Sqlite(tx) => tx.commit().await?,
            On::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

fn all<R: Into<Row>>(rows: Vec<R>) -> Vec<Row> {
    rows.into_iter().map(Into::into).collect()
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        metrics::counter!("journal_errors_total", "kind" => kind(&error)).increment(1);
        if is_about_data(&error) { Self::Data(error.to_string()) } else { Self::Unavailable(error.to_string()) }
    }
}

/// A check that did not hold is told by its own name: it is what stands between a bug and an oversold item.
fn kind(error: &sqlx::Error) -> &'static str {
    use sqlx::error::ErrorKind::CheckViolation;
    match error {
        sqlx::Error::Database(error) if error.kind() == CheckViolation => "check",
        error if is_about_data(error) => "data",
        _ => "unavailable",
    }
}

/// Whether asking again cannot help. What nobody knows is no answer, so it may be asked again.
fn is_about_data(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => postgres::is_about_data(error),
            None => !matches!(error.kind(), sqlx::error::ErrorKind::Other),
        },
        sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        _ => false,
    }
}
