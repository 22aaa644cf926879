//! The scene: what the whole crowd shares: where the server is, which sale it is, and what is written down.

use std::{
    collections::BTreeMap,
    net::SocketAddrV4,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use kit::clock::SystemClock;
use sale::{
    ids::{ClaimId, OrderId, SaleId, SaleItemId},
    port::clock::Clock,
    time::UnixMs,
};
use tokio_util::sync::CancellationToken;

use crate::{latency::Latencies, notebook::Notebook, pulse::Pulse, tally::Tally};

/// What a forger may find lying about; more is not kept.
const LOOT_MAX: usize = 64;

/// The sale everybody came for.
#[derive(Clone, Debug)]
pub struct SaleFacts {
    pub sale_id: SaleId,
    pub item_id: SaleItemId,
    pub opens_at: UnixMs,
    pub hold_ms: i64,
    /// The right answer to the item's question, and a wrong one.
    pub answer: String,
    pub wrong_answer: String,
    /// How often a buyer comes back after an end or a refusal.
    pub comebacks: u32,
}

/// Somebody's things that nobody else may use.
#[derive(Clone, Debug)]
pub struct Loot {
    pub owner: u32,
    pub claim_id: ClaimId,
    pub purchase_pass: Option<String>,
    pub order_id: Option<OrderId>,
}

pub struct Scene {
    pub target: SocketAddrV4,
    pub facts: SaleFacts,
    pub notebook: Notebook,
    pub latencies: Latencies,
    pub tally: Tally,
    pub counts: Counts,
    pub pulse: Pulse,
    /// The show is over: read once more what became of you, and go.
    pub over: CancellationToken,
    loot: Mutex<Vec<Loot>>,
}

impl Scene {
    pub fn new(target: SocketAddrV4, facts: SaleFacts, observations: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            target,
            facts,
            notebook: Notebook::create(observations)?,
            latencies: Latencies::new()?,
            tally: Tally::new()?,
            counts: Counts::default(),
            pulse: Pulse::default(),
            over: CancellationToken::new(),
            loot: Mutex::default(),
        })
    }

    /// The machine's clock: server and crowd share it.
    pub fn now(&self) -> UnixMs {
        SystemClock.now()
    }

    pub fn drop_loot(&self, loot: Loot) {
        let mut all = self.loot.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= LOOT_MAX {
            all.remove(0);
        }
        all.push(loot);
    }

    /// The newest thing that is not `mine` and is wanted.
    pub fn find_loot(&self, mine: u32, wanted: impl Fn(&Loot) -> bool) -> Option<Loot> {
        let all = self.loot.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().find(|loot| loot.owner != mine && wanted(loot)).cloned()
    }
}

/// What is counted for the progress line and the report.
#[derive(Debug, Default)]
pub struct Counts {
    /// Sockets that are connected and signed in now.
    pub seated: AtomicU64,
    pub receipts: AtomicU64,
    pub decided: AtomicU64,
    pub paid: AtomicU64,
    pub reconnects: AtomicU64,
    by_name: Mutex<BTreeMap<String, u64>>,
}

impl Counts {
    /// Counts under a name that is first heard now, as `refused sold_out`.
    pub fn add(&self, name: impl Into<String>) {
        *self.by_name.lock().unwrap_or_else(PoisonError::into_inner).entry(name.into()).or_default() += 1;
    }

    /// A figure that is not counted but measured.
    pub fn set(&self, name: impl Into<String>, value: u64) {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into(), value);
    }

    pub fn named(&self) -> BTreeMap<String, u64> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One more.
pub fn bump(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

pub fn value(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
