//! The dialect: the only file that knows which database stands behind the journal.
//!
//! Everything else names a statement file under `sql/` and binds `$1, $2, …`; both hold on PostgreSQL as they do on SQLite.

use sale::time::UnixMs;
use sqlx::{
    Row as _,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};
use std::{path::Path, time::Duration};
use uuid::Uuid;

use crate::JournalError;

/// How long a statement waits for the one writer before the store counts as silent.
const WRITER_WAIT: Duration = Duration::from_secs(10);

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

/// One bind value; each knows its type even where it is absent.
#[derive(Clone, Debug)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Id(Option<Uuid>),
    Bytes(Vec<u8>),
}

macro_rules! value_from {
    ($($from:ty => |$x:ident| $to:expr),+ $(,)?) => {$(
        impl From<$from> for Value { fn from($x: $from) -> Self { $to } }
    )+};
}
value_from! {
    i64 => |x| Self::Int(Some(x)),
    u32 => |x| Self::Int(Some(x.into())),
    UnixMs => |x| Self::Int(Some(x.0)),
    Option<i64> => |x| Self::Int(x),
    Option<UnixMs> => |x| Self::Int(x.map(|t| t.0)),
    &str => |x| Self::Text(Some(x.to_owned())),
    &String => |x| Self::Text(Some(x.clone())),
    String => |x| Self::Text(Some(x)),
    Option<String> => |x| Self::Text(x),
    Option<&str> => |x| Self::Text(x.map(str::to_owned)),
    Uuid => |x| Self::Id(Some(x)),
    Option<Uuid> => |x| Self::Id(x),
    sale::ids::UserId => |x| Self::Id(Some(x.0)),
    sale::ids::SaleId => |x| Self::Id(Some(x.0)),
    sale::ids::SaleItemId => |x| Self::Id(Some(x.0)),
    sale::ids::ProductId => |x| Self::Id(Some(x.0)),
    sale::ids::ClaimId => |x| Self::Id(Some(x.0)),
    sale::ids::OrderId => |x| Self::Id(Some(x.0)),
    [u8; 32] => |x| Self::Bytes(x.to_vec()),
}

/// One row of an answer; a column that is missing or of another type is a data error, never a default.
pub struct Row(SqliteRow);

impl Row {
    pub fn int(&self, column: &str) -> Result<i64, JournalError> {
        Ok(self.0.try_get(column)?)
    }
    pub fn count(&self, column: &str) -> Result<u32, JournalError> {
        let value = self.int(column)?;
        value.try_into().map_err(|_| JournalError::Data(format!("column {column} holds {value}, not a count")))
    }
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, JournalError> {
        Ok(self.0.try_get(column)?)
    }
    pub fn at(&self, column: &str) -> Result<UnixMs, JournalError> {
        self.int(column).map(UnixMs)
    }
    pub fn opt_at(&self, column: &str) -> Result<Option<UnixMs>, JournalError> {
        Ok(self.opt_int(column)?.map(UnixMs))
    }
    pub fn text(&self, column: &str) -> Result<String, JournalError> {
        Ok(self.0.try_get(column)?)
    }
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, JournalError> {
        Ok(self.0.try_get(column)?)
    }
    pub fn id<T: From<Uuid>>(&self, column: &str) -> Result<T, JournalError> {
        Ok(T::from(self.0.try_get::<Uuid, _>(column)?))
    }
    pub fn opt_id<T: From<Uuid>>(&self, column: &str) -> Result<Option<T>, JournalError> {
        Ok(self.0.try_get::<Option<Uuid>, _>(column)?.map(T::from))
    }
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, JournalError> {
        Ok(self.0.try_get(column)?)
    }
    /// A word of a closed set, as serde writes it.
    pub fn word<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, JournalError> {
        let text = self.text(column)?;
        word_from(&text).ok_or_else(|| JournalError::Data(format!("column {column} holds the unknown word {text}")))
    }
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

/// The database: one writer, a few readers that never wait for it.
#[derive(Clone)]
pub struct Db {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Db {
    /// Opens or creates the file and brings it to this binary's shape.
    pub async fn open(file: &Path) -> Result<Self, JournalError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A receipt is a promise: the commit before it must outlive the machine.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WRITER_WAIT)
            .statement_cache_capacity(200);
        let pool = |max| {
            SqlitePoolOptions::new()
                .max_connections(max)
                .acquire_timeout(WRITER_WAIT)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        sqlx::migrate!("./migrations/sqlite").run(&writer).await.map_err(|e| JournalError::Data(e.to_string()))?;
        let readers = pool(4).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers })
    }

    /// Opens a file that another process may be writing to. Whoever tries to write through it is refused.
    pub async fn open_read_only(file: &Path) -> Result<Self, JournalError> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(WRITER_WAIT);
        let readers =
            SqlitePoolOptions::new().max_connections(1).acquire_timeout(WRITER_WAIT).connect_with(options).await?;
        Ok(Self { writer: readers.clone(), readers })
    }

    /// A transaction that writes. It holds the one writer, and with it every item's lock, until it ends.
    pub async fn begin(&self) -> Result<Tx, JournalError> {
        Ok(Tx(self.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// Rows of one committed state.
    pub async fn rows(&self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        Ok(bind(sql, args).fetch_all(&self.readers).await?.into_iter().map(Row).collect())
    }

    pub async fn row(&self, sql: &'static str, args: Vec<Value>) -> Result<Option<Row>, JournalError> {
        Ok(bind(sql, args).fetch_optional(&self.readers).await?.map(Row))
    }

    /// A read transaction: several reads of one committed state.
    pub async fn snapshot(&self) -> Result<Tx, JournalError> {
        Ok(Tx(self.readers.begin().await?))
    }

    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A transaction; dropped without [`Tx::commit`] it never was.
pub struct Tx(sqlx::Transaction<'static, sqlx::Sqlite>);

impl Tx {
    /// Runs a statement; returns the rows it changed.
    pub async fn run(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64, JournalError> {
        Ok(bind(sql, args).execute(&mut *self.0).await?.rows_affected())
    }

    pub async fn rows(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        Ok(bind(sql, args).fetch_all(&mut *self.0).await?.into_iter().map(Row).collect())
    }

    pub async fn row(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Option<Row>, JournalError> {
        Ok(bind(sql, args).fetch_optional(&mut *self.0).await?.map(Row))
    }

    pub async fn commit(self) -> Result<(), JournalError> {
        Ok(self.0.commit().await?)
    }
}

fn bind(sql: &'static str, args: Vec<Value>) -> sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments> {
    args.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Int(x) => query.bind(x),
        Value::Text(x) => query.bind(x),
        Value::Id(x) => query.bind(x),
        Value::Bytes(x) => query.bind(x),
    })
}
