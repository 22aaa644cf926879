//! Rows: what a statement answers, column by column, the same from every database.

use sale::time::UnixMs;
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use super::word_from;
use crate::JournalError;

/// One row of an answer; a column that is missing or of another type is a data error, never a default.
pub struct Row(Of);

enum Of {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self(Of::Sqlite(row))
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self(Of::Postgres(row))
    }
}

macro_rules! get {
    ($row:expr, $column:expr) => {
        match &$row.0 {
            Of::Sqlite(row) => row.try_get($column),
            Of::Postgres(row) => row.try_get($column),
        }
    };
}

impl Row {
    pub fn int(&self, column: &str) -> Result<i64, JournalError> {
        Ok(get!(self, column)?)
    }
    pub fn count(&self, column: &str) -> Result<u32, JournalError> {
        let value = self.int(column)?;
        value.try_into().map_err(|_| JournalError::Data(format!("column {column} holds {value}, not a count")))
    }
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, JournalError> {
        Ok(get!(self, column)?)
    }
    pub fn at(&self, column: &str) -> Result<UnixMs, JournalError> {
        self.int(column).map(UnixMs)
    }
    pub fn opt_at(&self, column: &str) -> Result<Option<UnixMs>, JournalError> {
        Ok(self.opt_int(column)?.map(UnixMs))
    }
    pub fn text(&self, column: &str) -> Result<String, JournalError> {
        Ok(get!(self, column)?)
    }
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, JournalError> {
        Ok(get!(self, column)?)
    }
    pub fn id<T: From<Uuid>>(&self, column: &str) -> Result<T, JournalError> {
        let id: Uuid = get!(self, column)?;
        Ok(T::from(id))
    }
    pub fn opt_id<T: From<Uuid>>(&self, column: &str) -> Result<Option<T>, JournalError> {
        let id: Option<Uuid> = get!(self, column)?;
        Ok(id.map(T::from))
    }
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, JournalError> {
        Ok(get!(self, column)?)
    }
    /// A word of a closed set, as serde writes it.
    pub fn word<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, JournalError> {
        let text = self.text(column)?;
        word_from(&text).ok_or_else(|| JournalError::Data(format!("column {column} holds the unknown word {text}")))
    }
}
