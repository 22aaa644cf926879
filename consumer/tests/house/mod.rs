//! The consumer's test house: a shop with a counter in it, an ear on the bus, and ports that stop where a crash should be.

#![allow(dead_code)]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use axum::Router;
use consumer::{Config, DecideConfig, ExpireConfig, RelayConfig};
use contract::{fresh::until, shop::Shop};
use kit::config::Dur;
use sale::{
    claim::ClaimView,
    ids::{ClaimId, SaleItemId},
    port::{
        bus::{Bus, Heard, Listener},
        ledger::{Ask, Grant, Ledger, LedgerError, Levels},
        queue::{ClaimQueue, Delivery, Message, QueueError},
    },
    told::Told,
};

/// Everything often, so that nobody waits a second for what the clock does not decide.
pub fn quick() -> Config {
    let often = Dur::of_ms(10);
    Config {
        decide: DecideConfig { retry_min: Dur::of_ms(5), retry_max: often, ..DecideConfig::default() },
        expire: ExpireConfig { sweep_every: often, sweep_gap: Dur::of_ms(1), beat_every: often },
        relay: RelayConfig { reconcile_every: often, stock_every: often, stock_refresh: Dur::of_ms(50) },
        ..Config::default()
    }
}

/// Starts the counter in this shop.
pub fn start(shop: &Shop) {
    drop(start_with_routes(shop));
}

pub fn start_with_routes(shop: &Shop) -> Router {
    consumer::start(shop.stores.clone(), shop.journal.clone(), quick(), shop.keys.clone(), shop.life.clone())
}

/// Hears every claim told on the bus.
pub struct Ear(Box<dyn Listener>);

impl Ear {
    pub async fn of(shop: &Shop) -> Self {
        Self(shop.stores.bus.listen().await)
    }

    /// The next told version of a claim that satisfies this.
    pub async fn hears(&mut self, claim: ClaimId, what: impl Fn(&ClaimView) -> bool) -> ClaimView {
        contract::fresh::soon("a told claim", async {
            loop {
                if let Some(Heard::Told(Told::Claim(view))) = self.0.next().await
                    && view.claim_id == claim
                    && what(&view)
                {
                    return view;
                }
            }
        })
        .await
    }

    /// The next told thing that satisfies this.
    pub async fn hears_told(&mut self, what: impl Fn(&Told) -> bool) -> Told {
        contract::fresh::soon("a told thing", async {
            loop {
                if let Some(Heard::Told(told)) = self.0.next().await
                    && what(&told)
                {
                    return told;
                }
            }
        })
        .await
    }
}

/// A point at which a process dies: whoever comes there while it is armed never goes on.
#[derive(Default)]
pub struct Trap {
    armed: AtomicBool,
    reached: AtomicBool,
}

impl Trap {
    pub fn armed() -> Arc<Self> {
        let trap = Self::default();
        trap.armed.store(true, Ordering::SeqCst);
        Arc::new(trap)
    }

    pub fn disarm(&self) {
        self.armed.store(false, Ordering::SeqCst);
    }

    async fn pass(&self) {
        while self.armed.load(Ordering::SeqCst) {
            self.reached.store(true, Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    pub async fn is_reached(&self) {
        until("the trap", async || self.reached.load(Ordering::SeqCst)).await;
    }
}

/// A ledger that can be stopped before and after it grants, that can fall silent, and that keeps its memory for the next life.
pub struct FrailLedger {
    pub inner: Arc<dyn Ledger>,
    pub before: Arc<Trap>,
    pub after: Arc<Trap>,
    pub silent: AtomicBool,
    pub takes: Mutex<u32>,
}

impl FrailLedger {
    pub fn of(inner: Arc<dyn Ledger>) -> Arc<Self> {
        let (silent, takes) = (AtomicBool::new(false), Mutex::default());
        Arc::new(Self { inner, before: Arc::default(), after: Arc::default(), silent, takes })
    }

    fn answers(&self) -> Result<(), LedgerError> {
        if self.silent.load(Ordering::SeqCst) { Err(LedgerError::Unavailable) } else { Ok(()) }
    }
}

impl FrailLedger {
    /// As [`Self::of`], with the traps given.
    pub fn trapped(inner: Arc<dyn Ledger>, before: Arc<Trap>, after: Arc<Trap>) -> Arc<Self> {
        Arc::new(Self { inner, before, after, silent: AtomicBool::new(false), takes: Mutex::default() })
    }
}

#[async_trait]
impl Ledger for FrailLedger {
    async fn take(&self, item: SaleItemId, asks: &[Ask]) -> Result<(i64, Vec<Grant>), LedgerError> {
        *self.takes.lock().unwrap() += 1;
        self.answers()?;
        self.before.pass().await;
        let granted = self.inner.take(item, asks).await;
        self.after.pass().await;
        granted
    }
    async fn raise(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        self.answers()?;
        self.inner.raise(item, levels).await
    }
    async fn rebuild(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        self.answers()?;
        self.inner.rebuild(item, levels).await
    }
    async fn read(&self, item: SaleItemId) -> Result<Levels, LedgerError> {
        self.answers()?;
        self.inner.read(item).await
    }
}

/// A bus that can be stopped before it tells claims.
pub struct FrailBus {
    pub inner: Arc<dyn Bus>,
    pub before: Arc<Trap>,
}

#[async_trait]
impl Bus for FrailBus {
    async fn tell(&self, told: Vec<Told>) {
        if told.iter().any(|one| matches!(one, Told::Claim(_))) {
            self.before.pass().await;
        }
        self.inner.tell(told).await;
    }
    async fn listen(&self) -> Box<dyn Listener> {
        self.inner.listen().await
    }
}

/// A queue that can be stopped before it acks.
pub struct FrailQueue {
    pub inner: Arc<dyn ClaimQueue>,
    pub before_ack: Arc<Trap>,
}

#[async_trait]
impl ClaimQueue for FrailQueue {
    fn partitions(&self) -> u32 {
        self.inner.partitions()
    }
    async fn put(&self, messages: Vec<Message>) -> Result<(), QueueError> {
        self.inner.put(messages).await
    }
    async fn take(&self, partition: u32, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.inner.take(partition, max).await
    }
    async fn ack(&self, partition: u32, tags: &[u64]) -> Result<(), QueueError> {
        self.before_ack.pass().await;
        self.inner.ack(partition, tags).await
    }
    async fn give_back(&self, partition: u32) {
        self.inner.give_back(partition).await;
    }
    async fn depth(&self) -> Result<u64, QueueError> {
        self.inner.depth().await
    }
}
