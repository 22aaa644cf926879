//! SQLite: the journal as one file; one writer, and a few readers that never wait for it.

use sale::{port::clock::Clock, time::UnixMs};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::{path::Path, sync::Arc, time::Duration};

use super::schema;
use crate::JournalError;

/// How long a statement waits for the one writer before the store counts as silent.
const WRITER_WAIT: Duration = Duration::from_secs(10);
const READERS_MAX: u32 = 4;
/// KiB of pages that the writer keeps. A sale inserts at random places of its indexes: what does not stay in here is read and
/// written again for each claim. A reader keeps SQLite's usual 2 MiB.
pub const WRITER_KEEPS_KIB: usize = 64 * 1024;
/// Pages of 4 KiB in the log before they are brought home: a page that many claims touch goes there once.
const LOG_PAGES: u32 = 8_000;

#[derive(Clone)]
pub struct Sqlite {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    /// One process, one clock: the file has none of its own.
    clock: Arc<dyn Clock>,
}

impl Sqlite {
    /// Opens or creates the file and brings it to this binary's shape. The writer keeps `keeps_kib` of its pages in memory.
    pub async fn open(file: &Path, keeps_kib: usize, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
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
        let keeps = options
            .clone()
            .pragma("cache_size", format!("-{keeps_kib}"))
            .pragma("wal_autocheckpoint", LOG_PAGES.to_string())
            // What undoes one statement of a transaction need not be a file.
            .pragma("temp_store", "memory");
        let writer = pool(1).connect_with(keeps).await?;
        let migrated = schema::migrator(schema::SQLITE).run(&writer).await;
        migrated.map_err(|e| JournalError::Data(e.to_string()))?;
        let readers = pool(READERS_MAX).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, clock })
    }

    /// Opens a file that another process may be writing to. Whoever tries to write through it is refused.
    pub async fn open_read_only(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(WRITER_WAIT);
        let readers =
            SqlitePoolOptions::new().max_connections(1).acquire_timeout(WRITER_WAIT).connect_with(options).await?;
        Ok(Self { writer: readers.clone(), readers, clock })
    }

    pub(super) fn now(&self) -> UnixMs {
        self.clock.now()
    }
}
