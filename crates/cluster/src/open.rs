//! Opening: the keyring of a node on the real parts, and how each of them is asked whether it is there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use journal::{Journal, JournalError};
use sale::{
    port::{chance::Chance, clock::Clock},
    stores::Stores,
};
use thiserror::Error;

use crate::{
    amqp::{Rabbit, RabbitError},
    bus::RedisBus,
    capacity,
    config::{Config, JournalConfig},
    crowd::RedisCrowd,
    ledger::RedisLedger,
    limiter::RedisLimiter,
    mail::SqsMail,
    pay::{HttpPayments, PayConfigError},
    queue::RabbitQueue,
    redis::{Redis, RedisConfigError},
    timers::RabbitTimers,
};

/// Between two tries to reach a journal that does not answer.
const JOURNAL_PAUSE: Duration = Duration::from_millis(500);

/// Why a node cannot be opened: mend the settings, or see why that server is away.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("{0}: must be set")]
    Missing(&'static str),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Redis(#[from] RedisConfigError),
    #[error(transparent)]
    Rabbit(#[from] RabbitError),
    #[error(transparent)]
    Pay(#[from] PayConfigError),
}

/// What a node works with.
#[derive(Clone)]
pub struct Parts {
    pub stores: Stores,
    pub journal: Journal,
    redis: Redis,
    rabbit: Arc<Rabbit>,
}

/// Opens everything that a role may ask for; `as_whom` is how the servers list us.
///
/// Redis, mail and payments connect when first needed, so that their outage delays nobody. Journal and broker are waited for, up
/// to their `start_wait`: without them a node can promise nothing. No queue is consumed before somebody takes from it.
///
/// Errors: settings that can never work, at once; a journal or broker that stays away.
pub async fn open(
    as_whom: &str,
    config: Config,
    journal: JournalConfig,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
) -> Result<Parts, OpenError> {
    // One TLS for everything in here; somebody who was first has the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    filled_in(&config, &journal)?;
    let payments = HttpPayments::open(config.pay)?;
    let redis = Redis::open(config.redis)?;
    let (journal, rabbit) = (connected(&journal, as_whom), Rabbit::connect(config.rabbit));
    let (journal, rabbit) = tokio::join!(journal, rabbit);
    let (journal, rabbit) = (journal?, rabbit?);
    let stores = Stores {
        chance,
        ledger: Arc::new(RedisLedger::new(redis.clone())),
        queue: RabbitQueue::open(&rabbit).await?,
        bus: Arc::new(RedisBus::new(redis.clone())?),
        crowd: Arc::new(RedisCrowd::new(redis.clone())),
        limiter: Arc::new(RedisLimiter::new(redis.clone(), clock.clone())),
        timers: RabbitTimers::open(&rabbit, clock.clone()).await?,
        payments: Arc::new(payments),
        mail: Arc::new(SqsMail::open(config.mail).await),
        capacity: capacity::open(config.capacity).await,
        clock,
    };
    Ok(Parts { stores, journal, redis, rabbit })
}

/// Says which address is missing before anybody waits for the others.
fn filled_in(config: &Config, journal: &JournalConfig) -> Result<(), OpenError> {
    let texts = [
        ("journal.url", &journal.url),
        ("cluster.rabbit.url", &config.rabbit.url),
        ("cluster.mail.queue_url", &config.mail.queue_url),
    ];
    if let Some((key, _)) = texts.into_iter().find(|(_, text)| text.is_empty()) {
        return Err(OpenError::Missing(key));
    }
    if config.redis.urls.is_empty() { Err(OpenError::Missing("cluster.redis.urls")) } else { Ok(()) }
}

/// Waits for the journal, but not for one that refuses.
async fn connected(config: &JournalConfig, as_whom: &str) -> Result<Journal, JournalError> {
    let (begun, postgres) = (Instant::now(), config.postgres(as_whom));
    let mut told = false;
    loop {
        match Journal::connect(&postgres).await {
            Err(JournalError::Unavailable(why)) if begun.elapsed() < config.start_wait => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(why, "the journal does not answer yet");
                }
                tokio::time::sleep(JOURNAL_PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// Asks one part whether it is there; what it says is fit for anybody's eyes.
pub type Ask = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

impl Parts {
    /// Each part by its name: `journal`, `redis`, `rabbit`.
    pub fn probes(&self) -> [(&'static str, Ask); 3] {
        let (journal, redis, rabbit) = (self.journal.clone(), self.redis.clone(), self.rabbit.clone());
        let said = |well: bool| if well { Ok(()) } else { Err("does not answer".to_owned()) };
        [
            (
                "journal",
                ask(move || {
                    let journal = journal.clone();
                    async move { said(journal.clock().await.is_ok()) }
                }),
            ),
            (
                "redis",
                ask(move || {
                    let redis = redis.clone();
                    async move { said(redis.ping().await.is_ok()) }
                }),
            ),
            ("rabbit", ask(move || std::future::ready(said(rabbit.connected())))),
        ]
    }

    /// Closes what must be closed; whatever was in hand goes back.
    pub async fn close(self) {
        tokio::join!(self.rabbit.close(), self.journal.close());
    }
}

fn ask<F>(asked: impl Fn() -> F + Send + Sync + 'static) -> Ask
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    Box::new(move || asked().boxed())
}
