//! The truth: what anyone may be told stands here first. One file answers for one verb; SQL texts lie in `sql/`.

use std::{path::Path, sync::Arc};

use sale::{port::clock::Clock, time::UnixMs};
use thiserror::Error;

pub mod account;
pub mod audit;
pub mod catalogue;
pub(crate) mod change_log;
pub mod checkout;
pub mod claim;
pub mod db;
pub mod heartbeat;
pub mod order;
pub mod outbox;
pub mod queue;
pub mod record;
pub mod sales;
pub mod staff;

use db::{Db, Tx};

/// What went wrong below the rules.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The store did not answer: unknown whether it was done. Retry; tell nobody yes.
    #[error("the journal does not answer: {0}")]
    Unavailable(String),
    /// A constraint or a row that cannot be: retrying will not help. Alarm.
    #[error("the journal refuses: {0}")]
    Data(String),
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind as K;
        match &error {
            sqlx::Error::Database(db) if !matches!(db.kind(), K::Other) => Self::Data(error.to_string()),
            sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Data(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// The journal: one handle, cheap to clone.
#[derive(Clone)]
pub struct Journal {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Journal {
    /// Opens the file-backed journal. Its clock is the process's: one process, one clock.
    pub async fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        Ok(Self { db: Db::open(file).await?, clock })
    }

    /// The journal's clock, read after a lock is granted. (PostgreSQL: asked of the server.)
    pub(crate) async fn now(&self, _under: &mut Tx) -> Result<UnixMs, JournalError> {
        Ok(self.clock.now())
    }

    /// The journal's clock, for whoever compares their own with it.
    pub async fn clock(&self) -> Result<UnixMs, JournalError> {
        Ok(self.clock.now())
    }

    pub async fn close(&self) {
        self.db.close().await;
    }
}
