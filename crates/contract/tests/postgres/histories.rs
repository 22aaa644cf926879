//! Random histories: the journal on PostgreSQL and the ledger in memory answer exactly like the reference model.

use std::{collections::HashMap, ops::Range, pin::Pin, sync::Arc};

use contract::histories::{Bench, everything_is_in, history};
use embedded::MemoryLedger;
use sale::{
    time::UnixMs,
    verdict::record::{Change, What},
};

use crate::house::House;

const STEPS: usize = 100;

/// Lives the histories of these seeds, each in a schema of its own; how often each thing happened in them.
async fn lived(seeds: Range<u64>) -> HashMap<What, usize> {
    let mut happened = HashMap::new();
    for seed in seeds {
        let (house, clock) = House::before_the_first_beat(UnixMs(0)).await;
        let ledger = Arc::new(MemoryLedger::new());
        let forgetful = ledger.clone();
        let forget = Box::new(move || -> Pin<Box<dyn Future<Output = ()>>> {
            forgetful.forget();
            Box::pin(std::future::ready(()))
        });
        let bench = Bench { journal: house.a.clone(), clock, ledger, forget };
        let record = history(seed, STEPS, &bench).await;
        record.changes.iter().for_each(|Change { what, .. }| *happened.entry(*what).or_default() += 1);
        drop(bench);
        house.close().await;
    }
    happened
}

/// Each of these happens at least so often in one half.
const LEAST: usize = 3;

// Two halves, so that two cores can share the work.
#[tokio::test]
async fn the_journal_answers_like_the_model() {
    everything_is_in(&lived(0..12).await, LEAST);
}

#[tokio::test]
async fn the_journal_answers_like_the_model_in_other_lives() {
    everything_is_in(&lived(30..42).await, LEAST);
}
