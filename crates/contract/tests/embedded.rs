//! Every contract, stamped on the backends inside one process.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    bus::Bench as BusBench,
    limiter::{Bench as LimiterBench, Pass},
    queue::{Bench as QueueBench, Queued},
    stamp,
    timers::Bench as TimersBench,
};
use embedded::{MemoryBus, MemoryLedger, MemoryLimiter, MemoryTimers, QueueConfig, TableQueue};
use journal::{Journal, queue::QueuePut};
use kit::clock::TestClock;
use sale::{
    port::{clock::Clock, ledger::Ledger, queue::ClaimQueue},
    time::UnixMs,
};

const MORNING: UnixMs = UnixMs(1_800_000_000_000);

async fn memory_ledger() -> Arc<dyn Ledger> {
    Arc::new(MemoryLedger::new())
}

async fn memory_bus() -> BusBench {
    BusBench { bus: Arc::new(MemoryBus::new(16)), overflow: 100 }
}

/// Time passes by moving the clock.
fn by_hand(clock: &Arc<TestClock>) -> Pass {
    let clock = clock.clone();
    Box::new(move |ms| {
        clock.advance(ms);
        Box::pin(std::future::ready(()))
    })
}

async fn memory_limiter() -> LimiterBench {
    let clock = Arc::new(TestClock::new(MORNING));
    LimiterBench { limiter: Arc::new(MemoryLimiter::new(clock.clone(), 1000)), pass_ms: by_hand(&clock) }
}

async fn memory_timers() -> TimersBench {
    let clock = Arc::new(TestClock::new(MORNING));
    let (now, pass_ms) = (clock.clone(), by_hand(&clock));
    TimersBench { timers: Arc::new(MemoryTimers::new(clock, 1000)), now: Box::new(move || now.now()), pass_ms }
}

struct Tables {
    dir: tempfile::TempDir,
    journal: Journal,
    queue: Arc<TableQueue>,
}

const CONFIG: QueueConfig = QueueConfig { partitions: 3, commands_max: 120, commit_max: 7 };

async fn open(dir: &tempfile::TempDir) -> (Journal, Arc<TableQueue>) {
    let clock = Arc::new(TestClock::new(MORNING));
    let journal = Journal::open(&dir.path().join("journal.db"), clock).await.unwrap();
    let queue = TableQueue::open(journal.clone(), CONFIG).await.unwrap();
    (journal, queue)
}

async fn table_queue() -> QueueBench {
    let dir = tempfile::tempdir().unwrap();
    let (journal, queue) = open(&dir).await;
    Box::new(Tables { dir, journal, queue })
}

#[async_trait]
impl Queued for Tables {
    fn queue(&self) -> Arc<dyn ClaimQueue> {
        self.queue.clone()
    }

    async fn restart(&mut self) {
        // The old handles are left as they are: nothing is said to them.
        (self.journal, self.queue) = open(&self.dir).await;
    }

    async fn poison(&self, partition: u32) {
        let body = r#"{"sale_item_id":"not an id"}"#.to_owned();
        self.journal.queue_put(&[QueuePut { part: partition, commands: 1, body }], &[]).await.unwrap();
    }

    async fn parked(&self) -> usize {
        self.journal.parked(10).await.unwrap().len()
    }

    fn commands_max(&self) -> usize {
        CONFIG.commands_max as usize
    }
}

stamp!(ledger: super::memory_ledger());
stamp!(bus: super::memory_bus());
stamp!(limiter: super::memory_limiter());
stamp!(timers: super::memory_timers());
stamp!(queue: super::table_queue());
