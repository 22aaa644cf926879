//! Random histories: the journal on SQLite and the ledger in memory answer exactly like the reference model.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::HashMap, ops::Range, pin::Pin, sync::Arc};

use contract::histories::{Bench, everything_is_in, history};
use embedded::MemoryLedger;
use journal::Journal;
use kit::clock::TestClock;
use sale::{
    time::UnixMs,
    verdict::record::{Change, What},
};

const STEPS: usize = 100;

/// Lives the histories of these seeds, each on a journal of its own; how often each thing happened in them.
async fn lived(seeds: Range<u64>) -> HashMap<What, usize> {
    let mut happened = HashMap::new();
    for seed in seeds {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::new(UnixMs(0)));
        let journal = Journal::open(&dir.path().join("journal.db"), clock.clone()).await.unwrap();
        let ledger = Arc::new(MemoryLedger::new());
        let forgetful = ledger.clone();
        let forget = Box::new(move || -> Pin<Box<dyn Future<Output = ()>>> {
            forgetful.forget();
            Box::pin(std::future::ready(()))
        });
        let bench = Bench { journal, clock, ledger, forget };
        let record = history(seed, STEPS, &bench).await;
        record.changes.iter().for_each(|Change { what, .. }| *happened.entry(*what).or_default() += 1);
        bench.journal.close().await;
    }
    happened
}

/// Each of these happens at least so often in one half.
const LEAST: usize = 5;

// Two halves, so that two cores can share the work.
#[tokio::test]
async fn the_journal_and_the_ledger_answer_like_the_model() {
    everything_is_in(&lived(0..30).await, LEAST);
}

#[tokio::test]
async fn the_journal_and_the_ledger_answer_like_the_model_in_other_lives() {
    everything_is_in(&lived(30..60).await, LEAST);
}
