//! Random histories: the journal and the ledger in Redis answer exactly like the reference model.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use cluster::{ledger::RedisLedger, redis::Redis};
use contract::histories::{Bench, history};
use journal::Journal;
use kit::clock::TestClock;
use sale::{
    ids::SaleItemId,
    port::ledger::{Ask, Grant, Ledger, LedgerError, Levels},
    time::UnixMs,
};

use crate::shared;

const STEPS: usize = 80;

/// A ledger that remembers which items it was asked about, so that it can lose them.
struct Forgetful {
    ledger: RedisLedger,
    items: Mutex<HashSet<SaleItemId>>,
}

impl Forgetful {
    fn new(redis: Redis) -> Self {
        Self { ledger: RedisLedger::new(redis), items: Mutex::default() }
    }

    fn of(&self, item: SaleItemId) -> &RedisLedger {
        self.items.lock().unwrap().insert(item);
        &self.ledger
    }

    async fn forget(&self) {
        let items = std::mem::take(&mut *self.items.lock().unwrap());
        for item in items {
            self.ledger.forget(item).await.unwrap();
        }
    }
}

#[async_trait]
impl Ledger for Forgetful {
    async fn take(&self, item: SaleItemId, asks: &[Ask]) -> Result<(i64, Vec<Grant>), LedgerError> {
        self.of(item).take(item, asks).await
    }
    async fn raise(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        self.of(item).raise(item, levels).await
    }
    async fn rebuild(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        self.of(item).rebuild(item, levels).await
    }
    async fn read(&self, item: SaleItemId) -> Result<Levels, LedgerError> {
        self.of(item).read(item).await
    }
}

#[tokio::test]
async fn the_journal_and_the_ledger_in_redis_answer_like_the_model() {
    let mut changes = 0;
    for seed in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::new(UnixMs(0)));
        let journal = Journal::open(&dir.path().join("journal.db"), clock.clone()).await.unwrap();
        // A prefix of its own: the model's items have the same ids in every history.
        let ledger = Arc::new(Forgetful::new(shared()));
        let forgetful = ledger.clone();
        let forget = Box::new(move || -> Pin<Box<dyn Future<Output = ()>>> {
            let ledger = forgetful.clone();
            Box::pin(async move { ledger.forget().await })
        });
        let bench = Bench { journal, clock, ledger, forget };
        changes += history(seed, STEPS, &bench).await.changes.len();
        bench.journal.close().await;
    }
    assert!(changes > 100, "hardly anything happened: {changes} changes");
}
