//! The test house: a journal in a folder of its own, the embedded stores, the publisher behind a real port, and a
//! counter that decides what lies on the queue when the test says so.

// Each test file uses a part of this, and a broken expectation is a panic.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use contract::embedded::{
    MemoryBus, MemoryCrowd, MemoryLedger, MemoryLimiter, MemoryTimers, QueueConfig, SandboxConfig, SandboxPayments,
    TableQueue,
};
use journal::{
    Journal,
    claim::Ratified,
    staff::{Plan, PlannedItem, PlannedProduct},
};
use kit::{
    clock::{OsChance, SystemClock},
    config::Dur,
    http::{ServeConfig, Served, bind, serve},
    lifecycle::Lifecycle,
    tokens::{Keys, Role},
};
use publisher::{Config, Publisher};
use sale::{
    ids::{SaleId, SaleItemId, UserId},
    port::{
        capacity::FixedFleet,
        chance::Chance,
        clock::Clock,
        ledger::Grant,
        mail::{MailError, MailJob, MailQueue},
        queue::{ClaimQueue, Delivery, Message, QueueError},
    },
    sale::{Product, Question},
    stores::Stores,
    time::UnixMs,
    told::Told,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub mod http;
pub mod raw;
pub mod socket;

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct House {
    pub addr: SocketAddr,
    pub journal: Journal,
    pub stores: Stores,
    pub keys: Arc<Keys>,
    pub life: Lifecycle,
    pub publisher: Publisher,
    _dir: tempfile::TempDir,
}

/// A sale that tests plan; change what matters.
pub struct Planned {
    pub opens_in_ms: i64,
    pub waiting_room_before_ms: i64,
    pub lasts_ms: i64,
    pub allotment: u32,
    pub standby_limit: u32,
    pub purchase_limit: u32,
    pub question: Option<Question>,
}

impl Default for Planned {
    fn default() -> Self {
        Self {
            opens_in_ms: -1,
            waiting_room_before_ms: 60_000,
            lasts_ms: 3_600_000,
            allotment: 10,
            standby_limit: 20,
            purchase_limit: 2,
            question: None,
        }
    }
}

/// Quick where tests would wait, the same in everything else.
pub fn quick() -> Config {
    let mut config = Config::default();
    config.schedule.confirm_every = Dur::of_ms(20);
    // Two cores carry many tests at once: an answer may be late without anybody being wrong.
    config.schedule.offset_error_max = Dur::of_s(2);
    config.accept.claims_burst = 100;
    config.accept.address_claims_per_s = 0;
    config.push.line_every = Dur::of_ms(30);
    config
}

impl House {
    pub async fn open(config: Config) -> Self {
        Self::with(config, |stores| stores).await
    }

    /// As `open`, with stores that the test changes: how faults come in.
    pub async fn with(config: Config, change: impl FnOnce(Stores) -> Stores) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let journal = Journal::open(&dir.path().join("journal.db"), clock.clone()).await.unwrap();
        journal.beat().await.unwrap();
        let payments = SandboxConfig::at(dir.path().join("payments.jsonl"));
        let stores = change(Stores {
            clock: clock.clone(),
            chance: Arc::new(OsChance),
            ledger: Arc::new(MemoryLedger::new()),
            queue: TableQueue::open(journal.clone(), QueueConfig::default()).await.unwrap(),
            bus: Arc::new(MemoryBus::default()),
            crowd: Arc::new(MemoryCrowd::new(clock.clone())),
            limiter: Arc::new(MemoryLimiter::new(clock.clone(), 10_000)),
            timers: Arc::new(MemoryTimers::new(clock.clone(), 10_000)),
            payments: Arc::new(SandboxPayments::open(payments, clock).unwrap()),
            mail: Arc::new(NoMail),
            capacity: Arc::new(FixedFleet),
        });
        let keys = Arc::new(Keys::random(&OsChance));
        let life = Lifecycle::new();
        let started = publisher::start(stores.clone(), journal.clone(), config, keys.clone(), life.clone()).await;
        let publisher = started.unwrap();
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let served = Served { routes: publisher.router.clone(), short: publisher.short.clone() };
        life.spawn("http", serve(listener, served, ServeConfig::default(), life.clone()));
        Self { addr, journal, stores, keys, life, publisher, _dir: dir }
    }

    /// A second publisher over the same stores: where it listens. All go the long way in there.
    pub async fn another_door(&self, config: Config) -> SocketAddr {
        self.another_publisher(config).await.1
    }

    /// The same, and the publisher itself.
    pub async fn another_publisher(&self, config: Config) -> (Publisher, SocketAddr) {
        let (stores, journal, keys) = (self.stores.clone(), self.journal.clone(), self.keys.clone());
        let publisher = publisher::start(stores, journal, config, keys, self.life.clone()).await.unwrap();
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let life = self.life.clone();
        self.life.spawn("http", serve(listener, publisher.router.clone(), ServeConfig::default(), life));
        (publisher, addr)
    }

    pub fn now(&self) -> UnixMs {
        self.stores.clock.now()
    }

    /// Plans a sale of one item and tells the doors.
    pub async fn plan(&self, planned: Planned) -> (SaleId, SaleItemId) {
        let ids = self.plan_untold(planned).await;
        self.tell(Told::Sale { sale_id: ids.0 }).await;
        ids
    }

    pub async fn plan_untold(&self, planned: Planned) -> (SaleId, SaleItemId) {
        let (now, new) = (self.now(), || self.stores.chance.v7(UnixMs(1)));
        let (sale, item) = (SaleId(new()), SaleItemId(new()));
        let product =
            Product { id: new().into(), name: "PS5".into(), description: String::new(), image_url: String::new() };
        let opens_at = now + planned.opens_in_ms;
        let plan = Plan {
            id: sale,
            title: "a test".into(),
            draft: false,
            waiting_room_opens_at: Some(opens_at + -planned.waiting_room_before_ms),
            opens_at,
            closes_at: opens_at + planned.lasts_ms,
            items: vec![PlannedItem {
                id: item,
                product: PlannedProduct::New(product),
                price: serde_json::from_value(json!({"amount_minor": 200_000, "currency": "TWD"})).unwrap(),
                list_price: None,
                allotment: planned.allotment,
                purchase_limit: planned.purchase_limit,
                hold_s: 600,
                standby_limit: planned.standby_limit,
                question: planned.question,
            }],
            repeats: None,
        };
        self.journal.plan(UserId(Uuid::nil()), plan).await.unwrap();
        (sale, item)
    }

    pub async fn tell(&self, told: Told) {
        self.stores.bus.tell(vec![told]).await;
    }

    pub fn token(&self, buyer: UserId) -> String {
        self.keys.access(buyer, Role::Buyer, self.now(), Duration::from_secs(600))
    }

    /// Decides everything on the queue, in order, and tells nobody.
    pub async fn decide(&self) -> Vec<Ratified> {
        self.journal.beat().await.unwrap();
        let queue = &self.stores.queue;
        let mut ratified = vec![];
        for partition in 0..queue.partitions() {
            while queue.depth().await.unwrap() > 0 {
                let taken = tokio::time::timeout(Duration::from_millis(50), queue.take(partition, 1000)).await;
                let Ok(Ok(deliveries)) = taken else { break };
                for delivery in deliveries {
                    let item = delivery.message.sale_item_id;
                    let epoch = self.journal.levels(item).await.unwrap().unwrap().epoch;
                    let batch: Vec<_> = delivery.message.commands.into_iter().map(|c| (c, Grant::Nothing)).collect();
                    ratified.push(self.journal.ratify(item, epoch, &batch).await.unwrap());
                    queue.ack(partition, &[delivery.tag]).await.unwrap();
                }
            }
        }
        ratified
    }

    /// Decides what lies there and tells it. Returns how many claims were told.
    pub async fn decide_and_tell(&self) -> usize {
        let ratified = self.decide().await;
        for done in &ratified {
            self.tell_ratified(done).await;
        }
        ratified.iter().map(|done| done.claims.len()).sum()
    }

    pub async fn tell_ratified(&self, done: &Ratified) {
        let mut told: Vec<Told> = done.claims.iter().cloned().map(Told::Claim).collect();
        let (sale_id, sale_item_id) = (done.sale_id, done.sale_item_id);
        told.push(Told::Stock { sale_id, sale_item_id, stock: done.stock, gate_open: done.levels.gate_open() });
        self.stores.bus.tell(told).await;
    }

    /// Stops softly; everybody must be gone in time.
    pub async fn close(self) {
        assert_eq!(self.life.stop(PATIENCE).await, Vec::<&str>::new(), "these did not leave by themselves");
        self.journal.close().await;
    }
}

pub fn buyer() -> UserId {
    let mut bytes = [0; 16];
    OsChance.fill(&mut bytes);
    UserId(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// Waits until `holds`.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let asked = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(asked.await.is_ok(), "{what}: not in time");
}

struct NoMail;

#[async_trait]
impl MailQueue for NoMail {
    async fn send(&self, jobs: Vec<MailJob>) -> Vec<Result<(), MailError>> {
        vec![Err(MailError::Unavailable); jobs.len()]
    }
}

/// A queue that answers as it is told to: fault injection.
pub struct SickQueue(pub QueueError);

/// A queue that never answers at all.
pub struct DeafQueue;

macro_rules! sick {
    ($name:ident, |$this:ident| $put:expr) => {
        #[async_trait]
        impl ClaimQueue for $name {
            fn partitions(&self) -> u32 {
                1
            }
            async fn put(&self, _: Vec<Message>) -> Result<(), QueueError> {
                let $this = self;
                $put
            }
            async fn take(&self, _: u32, _: usize) -> Result<Vec<Delivery>, QueueError> {
                std::future::pending().await
            }
            async fn ack(&self, _: u32, _: &[u64]) -> Result<(), QueueError> {
                Ok(())
            }
            async fn give_back(&self, _: u32) {}
            async fn depth(&self) -> Result<u64, QueueError> {
                Ok(0)
            }
        }
    };
}
sick!(SickQueue, |this| Err(this.0));
sick!(DeafQueue, |_this| std::future::pending().await);

pub fn code(problem: &Value) -> &str {
    problem["code"].as_str().unwrap_or_default()
}
