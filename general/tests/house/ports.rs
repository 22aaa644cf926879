//! The outside of the shop, as far as these tests need one: ears that remember what was told, and nobody at the till.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kit::clock::{SeedChance, TestClock};
use sale::{
    bucket::{self, Answer, Rate},
    ids::{SaleId, SaleItemId},
    money::Money,
    port::{
        bus::{Bus, Listener},
        capacity::{Capacity, CapacityPlan, Untold},
        clock::Clock,
        crowd::{Count, Crowd, Heads, Unknown},
        ledger::{Ask, Grant, Ledger, LedgerError, Levels},
        limiter::Limiter,
        mail::{MailError, MailJob, MailQueue},
        payments::{Payment, PaymentError, PaymentKey, Payments},
        queue::{ClaimQueue, Delivery, Message, QueueError},
        timers::{Knock, Timers},
    },
    stores::Stores,
    time::UnixMs,
    told::Told,
};
use uuid::Uuid;

/// Bus, ledger, timers and limiter that remember what they were given.
pub struct Ears {
    clock: Arc<TestClock>,
    pub told: Mutex<Vec<Told>>,
    pub levels: Mutex<HashMap<SaleItemId, Levels>>,
    pub knocks: Mutex<Vec<Knock>>,
    /// The plans of capacity that were told, the newest last.
    pub plans: Mutex<Vec<CapacityPlan>>,
    /// While true nobody keeps the fleet's size.
    pub fleet_down: std::sync::atomic::AtomicBool,
    /// While true the ledger does not answer.
    pub ledger_down: std::sync::atomic::AtomicBool,
    buckets: Mutex<HashMap<String, i64>>,
}

/// Who never answers.
pub struct Nothing;

/// Seven at all doors, five of them at whichever sale is asked for.
pub struct AtTheDoors;

impl Ears {
    pub fn new(clock: Arc<TestClock>) -> Self {
        Self {
            clock,
            told: Mutex::default(),
            levels: Mutex::default(),
            knocks: Mutex::default(),
            plans: Mutex::default(),
            fleet_down: false.into(),
            ledger_down: false.into(),
            buckets: Mutex::default(),
        }
    }

    pub fn stores(self: Arc<Self>, clock: Arc<TestClock>) -> Stores {
        let capacity = self.clone();
        Stores {
            clock,
            chance: Arc::new(SeedChance::new(7)),
            ledger: self.clone(),
            queue: Arc::new(Nothing),
            bus: self.clone(),
            crowd: Arc::new(AtTheDoors),
            limiter: self.clone(),
            timers: self,
            payments: Arc::new(Nothing),
            mail: Arc::new(Nothing),
            capacity,
        }
    }

    /// What was told since last asked.
    pub fn heard(&self) -> Vec<Told> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    fn ledger_answers(&self) -> Result<(), LedgerError> {
        let down = self.ledger_down.load(std::sync::atomic::Ordering::SeqCst);
        if down { Err(LedgerError::Unavailable) } else { Ok(()) }
    }
}

#[async_trait]
impl Bus for Ears {
    async fn tell(&self, told: Vec<Told>) {
        self.told.lock().unwrap().extend(told);
    }
    async fn listen(&self) -> Box<dyn Listener> {
        unreachable!("the shop does not listen")
    }
}

#[async_trait]
impl Ledger for Ears {
    async fn take(&self, _: SaleItemId, _: &[Ask]) -> Result<(i64, Vec<Grant>), LedgerError> {
        unreachable!("the shop takes no units")
    }
    async fn raise(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        self.ledger_answers()?;
        let mut known = self.levels.lock().unwrap();
        let slot = known.get_mut(&item).ok_or(LedgerError::Missing)?;
        *slot = levels;
        Ok(levels)
    }
    async fn rebuild(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        self.ledger_answers()?;
        self.levels.lock().unwrap().insert(item, levels);
        Ok(levels)
    }
    async fn read(&self, item: SaleItemId) -> Result<Levels, LedgerError> {
        self.levels.lock().unwrap().get(&item).copied().ok_or(LedgerError::Missing)
    }
}

#[async_trait]
impl Limiter for Ears {
    async fn take(&self, key: &str, rate: Rate) -> Answer {
        let mut buckets = self.buckets.lock().unwrap();
        let full_at = buckets.entry(key.to_owned()).or_default();
        let (next, answer) = bucket::take(*full_at, rate, self.clock.now().0);
        *full_at = next;
        answer
    }

    fn refused(&self, _: &str, _: Rate) -> Option<Answer> {
        None
    }
}

#[async_trait]
impl Timers for Ears {
    async fn arm(&self, knocks: Vec<Knock>) {
        self.knocks.lock().unwrap().extend(knocks);
    }
    async fn next(&self) -> Knock {
        std::future::pending().await
    }
}

#[async_trait]
impl ClaimQueue for Nothing {
    fn partitions(&self) -> u32 {
        1
    }
    async fn put(&self, _: Vec<Message>) -> Result<(), QueueError> {
        Err(QueueError::Unavailable)
    }
    async fn take(&self, _: u32, _: usize) -> Result<Vec<Delivery>, QueueError> {
        std::future::pending().await
    }
    async fn ack(&self, _: u32, _: &[u64]) -> Result<(), QueueError> {
        Err(QueueError::Unavailable)
    }
    async fn give_back(&self, _: u32) {}
    async fn depth(&self) -> Result<u64, QueueError> {
        Ok(3)
    }
}

#[async_trait]
impl Payments for Nothing {
    async fn authorise(&self, _: PaymentKey, _: Money, _: &str) -> Result<Payment, PaymentError> {
        Err(PaymentError::Unknown)
    }
    async fn capture(&self, _: PaymentKey) -> Result<Payment, PaymentError> {
        Err(PaymentError::Unknown)
    }
    async fn cancel(&self, _: PaymentKey) -> Result<Payment, PaymentError> {
        Err(PaymentError::Unknown)
    }
    async fn refund(&self, _: PaymentKey) -> Result<Payment, PaymentError> {
        Err(PaymentError::Unknown)
    }
    async fn find(&self, _: PaymentKey) -> Result<Payment, PaymentError> {
        Err(PaymentError::Unknown)
    }
    async fn changed_since(&self, _: UnixMs, _: usize) -> Result<Vec<Payment>, PaymentError> {
        Err(PaymentError::Unknown)
    }
    async fn webhook(&self) -> Payment {
        std::future::pending().await
    }
}

#[async_trait]
impl Capacity for Ears {
    async fn tell(&self, plan: CapacityPlan) -> Result<(), Untold> {
        if self.fleet_down.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(Untold);
        }
        self.plans.lock().unwrap().push(plan);
        Ok(())
    }
}

#[async_trait]
impl MailQueue for Nothing {
    async fn send(&self, jobs: Vec<MailJob>) -> Vec<Result<(), MailError>> {
        jobs.iter().map(|_| Err(MailError::Unavailable)).collect()
    }
}

#[async_trait]
impl Crowd for AtTheDoors {
    async fn tell(&self, _: Uuid, _: Count, _: i64) {}
    async fn heads(&self, _: SaleId) -> Result<Heads, Unknown> {
        Ok(Heads { sockets: 7, watching: 5 })
    }
}
