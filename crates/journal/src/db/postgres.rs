//! PostgreSQL: where it answers, how long anybody waits for it, and what it calls an error.

use sale::{port::clock::Clock, time::UnixMs};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgDatabaseError, PgPool, PgPoolOptions},
};
use std::{
    fmt, io,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::timeout;

use super::{Line, Row, Tx, Value, schema};
use crate::JournalError;

/// The server ends a statement of its own accord; one that has not said so this long after has fallen silent.
const ANSWER_SPARE: Duration = Duration::from_secs(1);
/// How long a migration waits for a table before it lets everybody behind it go on and tries again.
const MIGRATION_LOCK_WAIT: Duration = Duration::from_secs(3);
/// How long a start waits for another binary's migration, or for a busy table.
const MIGRATION_WAIT: Duration = Duration::from_secs(60);
const MIGRATION_PAUSE: Duration = Duration::from_millis(500);
/// Who only looks may look at a whole sale's log.
const LOOK_TIMEOUT: Duration = Duration::from_secs(600);
const LOOKERS_MAX: u32 = 2;
/// A connection that rested longer is asked whether it still lives before it is used.
const PING_AFTER: Duration = Duration::from_secs(1);
/// One that does not say so in this time is replaced by another.
const PING_WAIT: Duration = Duration::from_millis(500);
/// How long a stale read waits for a replica before it goes to the primary, and how long such a replica is left alone.
const REPLICA_WAIT: Duration = Duration::from_millis(500);
const REPLICA_REST: Duration = Duration::from_secs(5);
const STATEMENTS_KEPT: usize = 200;

const CLOCK: &str = "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT) AS now";

/// Where PostgreSQL answers, and the bounds of everybody's patience with it.
///
/// Budget: one process opens at most `writers_max + readers_max` connections to the primary and `readers_max` to the replica;
/// the sum over all processes must stay below the server's `max_connections`.
#[derive(Clone, PartialEq, Eq)]
pub struct PgConfig {
    /// `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=..`.
    pub primary: String,
    /// For reads that may be stale. Where it does not answer, the primary is asked.
    pub replica: Option<String>,
    /// Connections for transactions that write.
    pub writers_max: u32,
    /// Connections for reads, at the primary and at the replica each.
    pub readers_max: u32,
    /// How long to wait for a free connection; then the journal counts as silent.
    pub acquire_wait: Duration,
    /// The longest a statement may take.
    pub statement_timeout: Duration,
    /// The longest a statement may wait for somebody else's lock.
    pub lock_timeout: Duration,
    /// The longest a transaction may sit between two statements: a stopped process must not keep an item locked. Shorter than the
    /// age at which a heartbeat is old.
    pub idle_in_transaction_timeout: Duration,
    /// As which the server lists us.
    pub application_name: String,
}

impl PgConfig {
    /// This server, with bounds that suit one process of a role.
    pub fn new(primary: impl Into<String>) -> Self {
        Self {
            primary: primary.into(),
            replica: None,
            writers_max: 8,
            readers_max: 8,
            acquire_wait: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(3),
            idle_in_transaction_timeout: Duration::from_secs(4),
            application_name: "miaosha".to_owned(),
        }
    }

    fn answer_wait(&self) -> Duration {
        self.statement_timeout + ANSWER_SPARE
    }

    fn options(&self, url: &str) -> Result<PgConnectOptions, JournalError> {
        // The text of the error may quote the address, and with it the password.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| JournalError::Data("the address of PostgreSQL cannot be read".into()))?;
        let ms = |wait: Duration| wait.as_millis().to_string();
        Ok(options
            .application_name(&self.application_name)
            .statement_cache_capacity(STATEMENTS_KEPT)
            .options([
                ("default_transaction_isolation", "read committed".to_owned()),
                // A receipt is a promise: the commit before it must outlive the machine.
                ("synchronous_commit", "on".to_owned()),
                // Plans are made while tables are empty, and kept while they fill. Where nothing but a scan is left it looks so dear
                // that it would be compiled.
                ("enable_seqscan", "off".to_owned()),
                ("jit", "off".to_owned()),
                ("statement_timeout", ms(self.statement_timeout)),
                ("lock_timeout", ms(self.lock_timeout)),
                ("idle_in_transaction_session_timeout", ms(self.idle_in_transaction_timeout)),
            ])
            .disable_statement_logging())
    }
}

impl fmt::Debug for PgConfig {
    /// Without the addresses: a password may stand in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgConfig")
            .field("application_name", &self.application_name)
            .field("has_replica", &self.replica.is_some())
            .field("writers_max", &self.writers_max)
            .field("readers_max", &self.readers_max)
            .finish_non_exhaustive()
    }
}

/// The primary, and perhaps a replica.
#[derive(Clone)]
pub struct Postgres {
    pub(super) writers: PgPool,
    pub(super) readers: PgPool,
    replica: Option<Replica>,
    /// How long any one answer may take.
    answer_wait: Duration,
    /// A test's clock; else the server's own is asked.
    clock: Option<Arc<dyn Clock>>,
}

/// A replica, left alone for a while where it did not answer.
#[derive(Clone)]
struct Replica {
    pool: PgPool,
    answer_wait: Duration,
    rests_until: Arc<Mutex<Option<Instant>>>,
}

impl Postgres {
    /// Brings the schema to this binary's shape, and opens the pools.
    ///
    /// Repeat: any number of binaries at once: they migrate one after the other, the later ones find nothing to do.
    /// Errors: `Data` where the schema is newer than this binary: an older one would write rows without knowing what has become of
    /// them. Binaries that run already go on, since no migration takes away what the release before it uses.
    pub async fn connect(config: &PgConfig, clock: Option<Arc<dyn Clock>>) -> Result<Self, JournalError> {
        let primary = config.options(&config.primary)?;
        migrate(&primary).await?;
        let replica = match &config.replica {
            Some(url) => Some(Replica::of(config, config.options(url)?)),
            None => None,
        };
        let writers = pool(config.writers_max, config.acquire_wait).connect_lazy_with(primary.clone());
        let readers = pool(config.readers_max, config.acquire_wait).connect_lazy_with(primary);
        Ok(Self { writers, readers, replica, answer_wait: config.answer_wait(), clock })
    }

    /// Opens a journal that others write to. Whoever tries to write through it is refused, and nothing is migrated.
    pub async fn connect_read_only(config: &PgConfig) -> Result<Self, JournalError> {
        let config = PgConfig { statement_timeout: LOOK_TIMEOUT, ..config.clone() };
        let options = config.options(&config.primary)?.options([("default_transaction_read_only", "on")]);
        let readers = pool(LOOKERS_MAX, config.acquire_wait).connect_with(options).await?;
        Ok(Self { writers: readers.clone(), readers, replica: None, answer_wait: config.answer_wait(), clock: None })
    }

    pub(super) async fn begin(&self) -> Result<Line, JournalError> {
        Line::of(&self.writers, self.answer_wait).await?.begin("BEGIN").await
    }

    pub(super) async fn reader(&self) -> Result<Line, JournalError> {
        Line::of(&self.readers, self.answer_wait).await
    }

    /// The clock, asked outside any transaction.
    pub(super) async fn clock(&self) -> Result<UnixMs, JournalError> {
        match &self.clock {
            Some(clock) => Ok(clock.now()),
            None => match self.reader().await?.row(CLOCK, vec![]).await? {
                Some(row) => Row::from(row).at("now"),
                None => Err(no_time()),
            },
        }
    }

    /// The clock as it is at this statement of the transaction, not at its beginning.
    pub(super) async fn now(&self, tx: &mut Tx) -> Result<UnixMs, JournalError> {
        match &self.clock {
            Some(clock) => Ok(clock.now()),
            None => match tx.row(CLOCK, vec![]).await? {
                Some(row) => row.at("now"),
                None => Err(no_time()),
            },
        }
    }

    /// Rows of a state that was committed a moment ago.
    pub(super) async fn stale_rows(&self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        if let Some(replica) = self.replica.as_ref().filter(|replica| replica.is_well()) {
            match replica.rows(sql, args.clone()).await {
                Ok(rows) => return Ok(rows),
                Err(error) => replica.rest(&error),
            }
        }
        Ok(super::all(self.reader().await?.rows(sql, args).await?))
    }

    /// Several reads of one committed state; `stale` may be one of a moment ago.
    pub(super) async fn snapshot(&self, stale: bool) -> Result<Line, JournalError> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        if let Some(replica) = self.replica.as_ref().filter(|replica| stale && replica.is_well()) {
            match replica.begin(SNAPSHOT).await {
                Ok(tx) => return Ok(tx),
                Err(error) => replica.rest(&error),
            }
        }
        self.reader().await?.begin(SNAPSHOT).await
    }

    pub(super) async fn close(&self) {
        if let Some(replica) = &self.replica {
            replica.pool.close().await;
        }
        self.readers.close().await;
        self.writers.close().await;
    }
}

impl Replica {
    /// Connected when first asked: a replica that is away must not keep anybody from starting.
    fn of(config: &PgConfig, options: PgConnectOptions) -> Self {
        let pool = pool(config.readers_max, config.acquire_wait.min(REPLICA_WAIT)).connect_lazy_with(options);
        Self { pool, answer_wait: config.answer_wait(), rests_until: Arc::default() }
    }

    async fn rows(&self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        Ok(super::all(Line::of(&self.pool, REPLICA_WAIT).await?.rows(sql, args).await?))
    }

    async fn begin(&self, how: &'static str) -> Result<Line, JournalError> {
        let mut line = Line::of(&self.pool, REPLICA_WAIT).await?.begin(how).await?;
        // It lives; what is asked in this snapshot may take its time.
        line.be_patient(self.answer_wait);
        Ok(line)
    }

    fn is_well(&self) -> bool {
        let rests_until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        rests_until.is_none_or(|until| until <= Instant::now())
    }

    fn rest(&self, why: &JournalError) {
        tracing::warn!(error = %why, "the replica does not answer: the primary is read instead");
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REPLICA_REST);
    }
}

fn no_time() -> JournalError {
    JournalError::Data("PostgreSQL has no time".into())
}

fn pool(max: u32, wait: Duration) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(max).acquire_timeout(wait).test_before_acquire(false).before_acquire(
        |connection, meta| {
            Box::pin(async move {
                if meta.idle_for < PING_AFTER {
                    return Ok(true);
                }
                let silent = |_| sqlx::Error::Io(io::ErrorKind::TimedOut.into());
                timeout(PING_WAIT, connection.ping()).await.map_err(silent)?.map(|()| true)
            })
        },
    )
}

/// One binary after the other, each for a bounded time.
async fn migrate(primary: &PgConnectOptions) -> Result<(), JournalError> {
    let lock_timeout = MIGRATION_LOCK_WAIT.as_millis().to_string();
    // Filling an index may take its time; waiting for a lock may not.
    let options = primary.clone().options([("statement_timeout", "0".to_owned()), ("lock_timeout", lock_timeout)]);
    let begun = Instant::now();
    loop {
        let mut connection = PgConnection::connect_with(&options).await?;
        let done = schema::migrator(schema::POSTGRES).run_direct(None, &mut connection, false).await;
        // With the connection goes the lock among migrating binaries, also where something failed.
        _ = connection.close().await;
        match done {
            Err(error) if is_busy(&error) && begun.elapsed() < MIGRATION_WAIT => {
                tracing::info!("the schema is locked by somebody else: its migration waits");
                tokio::time::sleep(MIGRATION_PAUSE).await;
            }
            done => return done.map_err(migration_error),
        }
    }
}

fn is_busy(error: &MigrateError) -> bool {
    let (MigrateError::Execute(sqlx::Error::Database(error))
    | MigrateError::ExecuteMigration(sqlx::Error::Database(error), _)) = error
    else {
        return false;
    };
    matches!(error.code().as_deref(), Some("55P03" | "40P01"))
}

fn migration_error(error: MigrateError) -> JournalError {
    match error {
        MigrateError::Execute(error) => error.into(),
        MigrateError::VersionMissing(version) => JournalError::Data(format!(
            "the schema has migration {version}, which this binary does not know: start a newer binary"
        )),
        error => JournalError::Data(error.to_string()),
    }
}

/// Whether a statement itself was wrong, so that asking again cannot help: a broken constraint or an impossible value.
///
/// All else is the server's state: deadlocks, lock and statement timeouts, a server going down or read-only, a full disk, and a
/// schema or a right that is missing: nobody's claim is to blame for that.
pub(super) fn is_about_data(error: &PgDatabaseError) -> bool {
    matches!(error.code().get(..2), Some("22" | "23"))
}
