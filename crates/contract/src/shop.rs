//! The test house: a whole shop in a temporary folder, with a clock moved by hand. Its drop looks for what was left over.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use embedded::{
    MemoryBus, MemoryCrowd, MemoryLedger, MemoryLimiter, MemoryTimers, QueueConfig, SandboxConfig, SandboxPayments,
    TableQueue,
};
use journal::Journal;
use kit::{
    clock::{OsChance, TestClock},
    lifecycle::Lifecycle,
    tokens::{Keys, Role},
};
use sale::{
    ids::{SaleId, UserId},
    port::{capacity::FixedFleet, clock::Clock},
    stores::Stores,
    time::UnixMs,
};
use tempfile::TempDir;

mod check;
mod line;
mod plan;
mod postbag;

pub use plan::{Planned, Terms};
pub use postbag::Postbag;

/// When every test begins: a Friday morning in 2027.
pub const MORNING: UnixMs = UnixMs(1_800_000_000_000);
/// How long a soft stop may take in a test.
const STOP_LIMIT: Duration = Duration::from_secs(10);
const BEAT_MS: i64 = 1000;

/// One process of the shop over one folder. Other crates start their role in it.
pub struct Shop {
    pub clock: Arc<TestClock>,
    pub journal: Journal,
    pub stores: Stores,
    pub keys: Arc<Keys>,
    pub life: Lifecycle,
    /// The same handles as in `stores`, by their own types.
    pub ledger: Arc<MemoryLedger>,
    pub payments: Arc<SandboxPayments>,
    pub postbag: Arc<Postbag>,
    sales: Mutex<Vec<SaleId>>,
    may_leave: bool,
    dir: TempDir,
}

impl Shop {
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(TestClock::new(MORNING));
        let keys = Arc::new(Keys::random(&OsChance));
        Self::over(dir, clock, keys, Arc::default()).await
    }

    async fn over(dir: TempDir, clock: Arc<TestClock>, keys: Arc<Keys>, postbag: Arc<Postbag>) -> Self {
        let journal = Journal::open(&journal_file(dir.path()), clock.clone()).await.expect("the journal");
        let ledger = Arc::new(MemoryLedger::new());
        let record = SandboxConfig::at(dir.path().join("sandbox-payments.jsonl"));
        let payments = Arc::new(SandboxPayments::open(record, clock.clone()).expect("the sandbox provider"));
        let queue = TableQueue::open(journal.clone(), QueueConfig::default()).await.expect("the queue");
        let stores = Stores {
            clock: clock.clone(),
            chance: Arc::new(OsChance),
            ledger: ledger.clone(),
            queue,
            bus: Arc::new(MemoryBus::default()),
            crowd: Arc::new(MemoryCrowd::new(clock.clone())),
            limiter: Arc::new(MemoryLimiter::new(clock.clone(), 10_000)),
            timers: Arc::new(MemoryTimers::new(clock.clone(), 10_000)),
            payments: payments.clone(),
            mail: postbag.clone(),
            capacity: Arc::new(FixedFleet),
        };
        journal.beat().await.expect("the first heartbeat");
        let (life, sales) = (Lifecycle::new(), Mutex::default());
        Self { clock, journal, stores, keys, life, ledger, payments, postbag, sales, may_leave: false, dir }
    }

    /// The process dies in the middle of everything and starts again: memory is lost, the folder remains.
    pub async fn restart(mut self) -> Self {
        self.life.stop_hard();
        self.life.all_done().await;
        self.journal.close().await;
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().expect("a temporary folder"));
        let next = Self::over(dir, self.clock.clone(), self.keys.clone(), self.postbag.clone()).await;
        *next.sales.lock().unwrap_or_else(PoisonError::into_inner) = std::mem::take(&mut *self.known_sales());
        next
    }

    /// Soft stop, to the end: every task must leave by itself.
    pub async fn close(&self) {
        let cut = self.life.stop(STOP_LIMIT).await;
        assert!(cut.is_empty(), "these tasks did not end at the soft stop: {cut:?}");
    }

    /// This test ends with messages on the queue, and means it.
    pub fn may_leave_messages(&mut self) {
        self.may_leave = true;
    }

    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// Time passes as it does in a house that is well: the heartbeat goes along.
    pub async fn pass_ms(&self, mut ms: i64) {
        while ms > 0 {
            let step = ms.min(BEAT_MS);
            self.clock.advance(step);
            self.journal.beat().await.expect("a heartbeat");
            ms -= step;
        }
    }

    /// An access token good for the test's day.
    pub fn token(&self, buyer: UserId) -> String {
        self.keys.access(buyer, Role::Buyer, self.now(), Duration::from_secs(86_400))
    }

    pub fn journal_file(&self) -> PathBuf {
        journal_file(self.dir.path())
    }

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    fn known_sales(&self) -> std::sync::MutexGuard<'_, Vec<SaleId>> {
        self.sales.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn journal_file(dir: &Path) -> PathBuf {
    dir.join("journal.db")
}

impl Drop for Shop {
    fn drop(&mut self) {
        let sales = std::mem::take(&mut *self.known_sales());
        if std::thread::panicking() || sales.is_empty() {
            return;
        }
        let tasks = self.life.tasks_left();
        assert!(tasks.is_empty(), "close the shop before it is dropped; still here: {tasks:?}");
        check::after_all(&journal_file(self.dir.path()), self.clock.clone(), sales, self.may_leave);
    }
}
