//! The crowd in memory: one entry a door, good until its instant.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use sale::{
    ids::SaleId,
    port::{
        clock::Clock,
        crowd::{Count, Crowd, Heads, Unknown},
    },
    time::UnixMs,
};
use uuid::Uuid;

/// What each door told last, and until when it is good.
pub struct MemoryCrowd {
    clock: Arc<dyn Clock>,
    doors: Mutex<HashMap<Uuid, (UnixMs, Count)>>,
}

impl MemoryCrowd {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, doors: Mutex::default() }
    }

    /// The doors that told of late.
    fn doors(&self) -> MutexGuard<'_, HashMap<Uuid, (UnixMs, Count)>> {
        let now = self.clock.now();
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.retain(|_, (until, _)| *until > now);
        doors
    }
}

#[async_trait]
impl Crowd for MemoryCrowd {
    async fn tell(&self, door: Uuid, count: Count, keep_ms: i64) {
        self.doors().insert(door, (self.clock.now() + keep_ms, count));
    }

    async fn heads(&self, sale: SaleId) -> Result<Heads, Unknown> {
        let doors = self.doors();
        let heads = doors.values().map(|(_, count)| count.of(sale));
        let sum = |a: Heads, b: Heads| Heads { sockets: a.sockets + b.sockets, watching: a.watching + b.watching };
        heads.reduce(sum).ok_or(Unknown)
    }
}
