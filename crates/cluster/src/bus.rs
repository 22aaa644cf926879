//! The bus over Redis sharded pub/sub: K channels by hash of buyer and one for all, each numbered.

mod ear;
mod mouth;
mod subscribe;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;
use sale::{
    port::bus::{Bus, Heard, Listener, channel_of},
    told::Told,
};
use serde::Deserialize;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::JoinSet,
    time::timeout,
};

use crate::redis::{Redis, RedisConfigError};
use ear::Ear;
use mouth::Mouth;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BusConfig {
    /// Channels for the messages of buyers; all processes must agree. One more is for everybody.
    pub channels: u32,
    /// Messages kept for a slow listener of this process before it loses the oldest and hears of a gap.
    pub ring: usize,
    /// Messages of one channel that wait to be told; more are dropped, and listeners hear of a gap.
    pub queue_max: usize,
    /// Whoever tells waits so long at most.
    #[serde(with = "humantime_serde")]
    pub tell_wait: Duration,
    /// Whoever begins to listen waits so long for all channels at most; then it begins with a gap.
    #[serde(with = "humantime_serde")]
    pub listen_wait: Duration,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            channels: 4,
            ring: 16_384,
            queue_max: 8192,
            tell_wait: Duration::from_millis(300),
            listen_wait: Duration::from_secs(3),
        }
    }
}

/// One end of the bus: tells for this process, and listens once for all of its listeners.
pub struct RedisBus {
    config: BusConfig,
    /// One for each channel; the last is everybody's.
    mouths: Vec<Mouth>,
    ear: Arc<Ear>,
    // Ends with the bus.
    _tasks: JoinSet<()>,
}

impl RedisBus {
    /// Begins to subscribe and returns at once. Must be called inside a Tokio runtime.
    pub fn new(redis: Redis) -> Result<Self, RedisConfigError> {
        let config = redis.config().bus;
        let mut tasks = JoinSet::new();
        let names: Vec<String> = (0..=config.channels).map(|n| channel(&redis.config().prefix, n)).collect();
        let mouths = names.iter().map(|name| Mouth::open(&redis, name, config.queue_max, &mut tasks)).collect();
        let ear = Arc::new(Ear::new(names, config.ring));
        tasks.spawn(subscribe::keep(subscribe::client(&redis, &ear)?, ear.clone()));
        Ok(Self { config, mouths, ear, _tasks: tasks })
    }
}

/// The number in braces is the channel's slot, and that of its counter.
fn channel(prefix: &str, n: u32) -> String {
    format!("{prefix}:bus:{{{n}}}")
}

#[async_trait]
impl Bus for RedisBus {
    async fn tell(&self, told: Vec<Told>) {
        let mut by_channel = BTreeMap::<u32, Vec<Told>>::new();
        for one in told {
            by_channel.entry(self.channel_for(&one)).or_default().push(one);
        }
        let waits = by_channel.into_iter().filter_map(|(n, told)| Some(self.mouths.get(n as usize)?.say(told)));
        // A process that dies after this has told; one that dies before it asks the journal again. So it waits, but not for ever.
        if timeout(self.config.tell_wait, join_all(waits)).await.is_err() {
            metrics::counter!("bus_tell_timeouts_total").increment(1);
        }
    }

    async fn listen(&self) -> Box<dyn Listener> {
        let hears_all = timeout(self.config.listen_wait, self.ear.hears_all()).await.is_ok();
        Box::new(RingListener { ring: self.ear.ring(), begins_with_gap: !hears_all })
    }
}

impl RedisBus {
    fn channel_for(&self, told: &Told) -> u32 {
        match told {
            Told::Claim(claim) => channel_of(claim.buyer_id, self.config.channels),
            Told::Sale { .. } | Told::Stock { .. } | Told::Notice { .. } => self.config.channels,
        }
    }
}

struct RingListener {
    ring: Receiver<Heard>,
    begins_with_gap: bool,
}

#[async_trait]
impl Listener for RingListener {
    async fn next(&mut self) -> Option<Heard> {
        if std::mem::take(&mut self.begins_with_gap) {
            return Some(Heard::Gap);
        }
        match self.ring.recv().await {
            Ok(heard) => Some(heard),
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(lost, "a listener of the bus was too slow and lost messages");
                Some(Heard::Gap)
            }
            Err(RecvError::Closed) => None,
        }
    }
}
