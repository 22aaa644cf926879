//! The truth: what anyone may be told stands here first. One file answers for one verb; SQL texts lie in `sql/`.

use std::{path::Path, sync::Arc};

use sale::{port::clock::Clock, time::UnixMs};
use thiserror::Error;

pub mod account;
pub mod audit;
mod capacity;
pub mod catalogue;
pub(crate) mod change_log;
pub mod checkout;
pub mod claim;
pub mod db;
pub mod gauges;
pub mod heartbeat;
pub mod order;
pub mod outbox;
pub mod queue;
pub mod record;
pub mod sales;
pub mod staff;

use db::{Db, Postgres, Sqlite, Tx, WRITER_KEEPS_KIB};
pub use db::{PgConfig, TX_MAX};

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

/// Text that cannot be read. Not in serde's words: those quote what they read, which may be somebody's address.
#[derive(Debug, Error)]
#[error("cannot be read: {category:?} error at column {column}")]
pub struct Unreadable {
    category: serde_json::error::Category,
    column: usize,
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self { category: error.classify(), column: error.column() }
    }
}

/// The journal: one handle, cheap to clone.
#[derive(Clone)]
pub struct Journal {
    db: Db,
}

impl Journal {
    /// Opens the file-backed journal. Its clock is the process's: one process, one clock.
    pub async fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        Self::open_keeping(file, WRITER_KEEPS_KIB, clock).await
    }

    /// The same; its writer keeps at most so many KiB of the file in memory.
    pub async fn open_keeping(file: &Path, keeps_kib: usize, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        Ok(Self { db: Db::Sqlite(Sqlite::open(file, keeps_kib, clock).await?) })
    }

    /// Connects to the journal that many processes share. Its clock is the server's: many processes, one clock.
    ///
    /// Repeat, Errors: see [`Postgres::connect`].
    pub async fn connect(config: &PgConfig) -> Result<Self, JournalError> {
        Ok(Self { db: Db::Postgres(Postgres::connect(config, None).await?) })
    }

    /// The same with a clock that a test moves by hand.
    pub async fn connect_with_clock(config: &PgConfig, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        Ok(Self { db: Db::Postgres(Postgres::connect(config, Some(clock)).await?) })
    }

    /// The journal's clock, read after a lock is granted.
    pub(crate) async fn now(&self, under: &mut Tx) -> Result<UnixMs, JournalError> {
        self.db.now(under).await
    }

    /// The journal's clock, for whoever compares their own with it.
    pub async fn clock(&self) -> Result<UnixMs, JournalError> {
        self.db.clock().await
    }

    pub async fn close(&self) {
        self.db.close().await;
    }
}
