//! Every contract, stamped on the backends inside one process.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    bus::Bench as BusBench,
    capacity::Bench as CapacityBench,
    crowd::Bench as CrowdBench,
    limiter::{Bench as LimiterBench, Pass, rate},
    mail::Bench as MailBench,
    payments::Bench as PaymentsBench,
    queue::{Bench as QueueBench, Queued},
    stamp,
    timers::Bench as TimersBench,
};
use embedded::{
    MailFolder, MemoryBus, MemoryCrowd, MemoryLedger, MemoryLimiter, MemoryTimers, QueueConfig, SandboxConfig,
    SandboxPayments, TableQueue,
};
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
    let limiter = Arc::new(MemoryLimiter::new(clock.clone(), 1000));
    LimiterBench { limiter, rate: rate(300), pass_ms: by_hand(&clock) }
}

async fn memory_crowd() -> CrowdBench {
    let clock = Arc::new(TestClock::new(MORNING));
    CrowdBench { crowd: Arc::new(MemoryCrowd::new(clock.clone())), keep_ms: 5000, pass_ms: by_hand(&clock) }
}

async fn memory_timers() -> TimersBench {
    let clock = Arc::new(TestClock::new(MORNING));
    let (now, pass_ms) = (clock.clone(), by_hand(&clock));
    TimersBench { timers: Arc::new(MemoryTimers::new(clock, 1000)), now: Box::new(move || now.now()), pass_ms }
}

async fn sandbox_payments() -> Kept<PaymentsBench> {
    let dir = tempfile::tempdir().unwrap();
    let mut config = SandboxConfig::at(dir.path().join("record.jsonl"));
    // A dead line need not hang long for a test.
    config.silence = std::time::Duration::from_millis(20);
    let payments = Arc::new(SandboxPayments::open(config, Arc::new(TestClock::new(MORNING))).unwrap());
    let bench = PaymentsBench {
        payments,
        approves: "tok_approve",
        declines: "tok_decline",
        unknown: "tok_unknown",
        lost: "tok_lost",
    };
    Kept { bench, _dir: dir }
}

async fn mail_folder() -> Kept<MailBench> {
    let dir = tempfile::tempdir().unwrap();
    let folder = MailFolder::open(dir.path(), "Shop <shop@shop.test>", Arc::new(TestClock::new(MORNING))).unwrap();
    let read = folder.clone();
    let delivered = Box::new(move |id| usize::from(read.read(id).unwrap().is_some()));
    Kept { bench: MailBench { sender: Arc::new(folder), delivered }, _dir: dir }
}

async fn sqlite() -> Kept<CapacityBench> {
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::new(MORNING)));
    let journal = Journal::open(&dir.path().join("journal.db"), clock.clone()).await.unwrap();
    journal.beat().await.unwrap();
    Kept { bench: CapacityBench { journal, clock }, _dir: dir }
}

/// A bench and the folder it lies in.
struct Kept<B> {
    bench: B,
    _dir: tempfile::TempDir,
}

impl<B> std::ops::Deref for Kept<B> {
    type Target = B;
    fn deref(&self) -> &B {
        &self.bench
    }
}

impl<B> std::ops::DerefMut for Kept<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.bench
    }
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
stamp!(crowd: super::memory_crowd());
stamp!(limiter: super::memory_limiter());
stamp!(timers: super::memory_timers());
stamp!(queue: super::table_queue());
stamp!(capacity: super::sqlite());
stamp!(payments: super::sandbox_payments());
stamp!(mail: super::mail_folder());
