//! The connections to Redis: a small checked pool, one connection out of it that everybody shares, and a bound on every wait.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, Pool, RecycleResult, Timeouts},
};
use deadpool_redis::cluster::Manager as Checked;
use futures_util::FutureExt;
use redis::{
    ErrorKind, ProtocolVersion, RedisError, ServerErrorKind, TlsCertificates, Value,
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
};
use serde::Deserialize;
use thiserror::Error;
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
    time::{sleep, timeout},
};

use self::script::Script;
use crate::{bus::BusConfig, limiter::LimiterConfig};

pub(crate) mod script;

/// The first pause before connecting is tried again, and the longest.
const RECONNECT_MIN: Duration = Duration::from_millis(50);
const RECONNECT_MAX: Duration = Duration::from_secs(1);
/// Making a connection greets every node, learns the slots and greets the nodes again.
const CREATE_STEPS: u32 = 4;
/// So many unanswered calls within [`SILENCE_WINDOW`] and the connection is made anew: the client asks for the slots again
/// only when a node refuses it, so a master that hangs would keep its slots here after the cluster has another.
const SILENCES_MAX: u32 = 3;
const SILENCE_WINDOW: Duration = Duration::from_secs(5);

/// Everything that may be set about Redis.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port` of some nodes, or `rediss://` over TLS; the rest is learnt from them.
    pub urls: Vec<String>,
    /// Who alone may vouch for a `rediss` node, in PEM; empty: the machine's own list.
    pub ca_file: PathBuf,
    /// Every key and channel begins with it, so that several shops can share a cluster. No braces.
    pub prefix: String,
    /// Connections to the cluster: one that all share, the others for health and staff.
    pub pool_max: usize,
    /// How often the client may send a call again by itself; scripts bear it.
    pub retries: u32,
    /// For one node to be connected to.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// For one node to answer once.
    #[serde(with = "humantime_serde")]
    pub response_timeout: Duration,
    /// For a call with all its retries and redirections.
    #[serde(with = "humantime_serde")]
    pub overall_timeout: Duration,
    /// The ledger forgets an item that nobody touched for so long; it is rebuilt when asked for again.
    #[serde(with = "humantime_serde")]
    pub ledger_keep: Duration,
    pub limiter: LimiterConfig,
    pub bus: BusConfig,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            urls: vec![],
            ca_file: PathBuf::new(),
            prefix: "shop".to_owned(),
            pool_max: 2,
            retries: 2,
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_millis(500),
            overall_timeout: Duration::from_millis(1500),
            ledger_keep: Duration::from_secs(7 * 86_400),
            limiter: LimiterConfig::default(),
            bus: BusConfig::default(),
        }
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a password.
        f.debug_struct("RedisConfig")
            .field("nodes", &self.urls.len())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Why there can be no connection, now or ever.
#[derive(Debug, Error)]
pub enum RedisConfigError {
    #[error("the settings of Redis are no good: {0}")]
    Settings(String),
}

/// Redis did not answer, or not what was asked: whether it was done is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("redis gives no answer")]
pub struct NoAnswer;

/// A handle on the cluster; clones share everything.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    config: RedisConfig,
    pool: Pool<Bounded>,
    shared: watch::Receiver<Option<ClusterConnection>>,
    renew: Arc<Notify>,
    silences: Mutex<Silences>,
    keeper: AbortHandle,
}

struct Silences {
    since: Instant,
    count: u32,
}

impl Redis {
    /// Begins to connect and returns at once: a Redis that is down delays nobody's start.
    ///
    /// Errors: settings that can never work. Must be called inside a Tokio runtime.
    pub fn open(config: RedisConfig) -> Result<Self, RedisConfigError> {
        if config.prefix.contains(['{', '}']) {
            return Err(settings(&"a brace in the prefix would move every key into one slot"));
        }
        let client = builder(&config)?.build().map_err(|error| settings(&error))?;
        let checked = Checked::new(config.urls.clone(), false).map_err(|error| settings(&error))?;
        let pool = Pool::builder(Bounded { client, checked })
            .max_size(config.pool_max.max(1))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(config.overall_timeout),
                create: Some(config.connect_timeout * CREATE_STEPS),
                recycle: Some(config.response_timeout),
            })
            .build()
            .map_err(|error| settings(&error))?;
        let (sender, shared) = watch::channel(None);
        let renew = Arc::new(Notify::new());
        let keeper = tokio::spawn(keep(pool.clone(), sender, renew.clone())).abort_handle();
        let silences = Mutex::new(Silences { since: Instant::now(), count: 0 });
        Ok(Self(Arc::new(Inner { config, pool, shared, renew, silences, keeper })))
    }

    pub fn config(&self) -> &RedisConfig {
        &self.0.config
    }

    /// Whether some node of the cluster answers, on a connection of its own.
    pub async fn ping(&self) -> Result<(), NoAnswer> {
        let asked = async {
            let mut connection = self.0.pool.get().await.map_err(|_| NoAnswer)?;
            redis::cmd("PING").query_async::<Value>(&mut *connection).await.map_err(|_| NoAnswer)
        };
        timeout(self.0.config.overall_timeout, asked).await.map_err(|_| NoAnswer)?.map(drop)
    }

    /// Removes keys of one slot.
    pub(crate) async fn forget(&self, keys: &[&str]) -> Result<(), NoAnswer> {
        let asked = async {
            let mut connection = self.shared().await.map_err(|_| NoAnswer)?;
            redis::cmd("UNLINK").arg(keys).query_async::<Value>(&mut connection).await.map_err(|_| NoAnswer)
        };
        timeout(self.0.config.overall_timeout, asked).await.map_err(|_| NoAnswer)?.map(drop)
    }

    /// Runs a script in the slot of its keys, within the overall timeout.
    pub(crate) async fn run(&self, script: &Script, keys: &[&str], args: &[String]) -> Result<Value, NoAnswer> {
        self.run_within(self.0.config.overall_timeout, script, keys, args).await
    }

    /// Runs a script in the slot of its keys.
    ///
    /// Repeat: the client may send it again when a reply is lost, so every script must bear to run twice.
    pub(crate) async fn run_within(
        &self,
        bound: Duration,
        script: &Script,
        keys: &[&str],
        args: &[String],
    ) -> Result<Value, NoAnswer> {
        match timeout(bound, self.evaluate(script, keys, args)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.failed(script, &error)),
            Err(_) => {
                metrics::counter!("redis_failures_total", "script" => script.name, "why" => "timeout").increment(1);
                self.silence();
                Err(NoAnswer)
            }
        }
    }

    async fn evaluate(&self, script: &Script, keys: &[&str], args: &[String]) -> Result<Value, RedisError> {
        let mut connection = self.shared().await?;
        match script.by_hash(keys, args).query_async(&mut connection).await {
            // It goes whole to the slot's own node: loading it everywhere would ask the nodes that are down, too.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                script.whole(keys, args).query_async(&mut connection).await
            }
            answer => answer,
        }
    }

    /// The connection that all share; waits while there is none.
    async fn shared(&self) -> Result<ClusterConnection, RedisError> {
        let mut shared = self.0.shared.clone();
        let there = shared.wait_for(Option::is_some).await.ok().and_then(|connection| connection.clone());
        there.ok_or_else(|| RedisError::from((ErrorKind::Io, "the connection is closed")))
    }

    fn failed(&self, script: &Script, error: &RedisError) -> NoAnswer {
        let why = error.code().map_or_else(|| error.category().to_owned(), str::to_owned);
        if matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::NoPerm)) {
            // Not an outage: a key of another type, a script that breaks, a right that is missing.
            tracing::error!(script = script.name, %error, "alarm: redis refuses a script");
        } else {
            tracing::debug!(script = script.name, %error, "redis failed");
        }
        metrics::counter!("redis_failures_total", "script" => script.name, "why" => why).increment(1);
        if error.is_io_error() {
            self.silence();
        }
        NoAnswer
    }

    /// Counts an unanswered call; too many in a row of seconds and the shared connection is made anew.
    fn silence(&self) {
        let mut silences = self.0.silences.lock().unwrap_or_else(PoisonError::into_inner);
        if silences.since.elapsed() > SILENCE_WINDOW {
            *silences = Silences { since: Instant::now(), count: 0 };
        }
        silences.count += 1;
        if silences.count >= SILENCES_MAX {
            *silences = Silences { since: Instant::now(), count: 0 };
            self.0.renew.notify_one();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

pub(crate) fn settings(error: &dyn fmt::Display) -> RedisConfigError {
    RedisConfigError::Settings(error.to_string())
}

/// A client with our bounds, and with our trust.
pub(crate) fn builder(config: &RedisConfig) -> Result<ClusterClientBuilder, RedisConfigError> {
    let builder = ClusterClientBuilder::new(config.urls.iter().map(String::as_str))
        // Over RESP3 a lost connection is noticed and repaired at once, not at the next call.
        .use_protocol(ProtocolVersion::RESP3)
        .retries(config.retries)
        .min_retry_wait(10)
        .max_retry_wait(200)
        .connection_timeout(config.connect_timeout)
        .response_timeout(config.response_timeout)
        .overall_response_timeout(Some(config.overall_timeout));
    Ok(match authority(config)? {
        Some(pem) => builder.certs(TlsCertificates { client_tls: None, root_cert: Some(pem) }),
        None => builder,
    })
}

/// Who vouches for the nodes, where that is not left to the machine.
fn authority(config: &RedisConfig) -> Result<Option<Vec<u8>>, RedisConfigError> {
    if config.ca_file.as_os_str().is_empty() {
        return Ok(None);
    }
    let refused = |why: &dyn fmt::Display| settings(&format!("ca_file {}: {why}", config.ca_file.display()));
    let pem = std::fs::read_to_string(&config.ca_file).map_err(|error| refused(&error))?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(refused(&"holds no certificate"));
    }
    if !config.urls.iter().all(|url| url.starts_with("rediss://")) {
        return Err(refused(&"is of no use to an address that is not rediss://"));
    }
    Ok(Some(pem.into_bytes()))
}

/// Keeps one connection that works in everybody's reach.
async fn keep(pool: Pool<Bounded>, shared: watch::Sender<Option<ClusterConnection>>, renew: Arc<Notify>) {
    let (mut wait, mut reported) = (RECONNECT_MIN, false);
    loop {
        match pool.get().await {
            Ok(connection) => {
                // What failed while there was none says nothing about this one.
                let _ = renew.notified().now_or_never();
                shared.send_replace(Some(ClusterConnection::clone(&connection)));
                (wait, reported) = (RECONNECT_MIN, false);
                renew.notified().await;
                tracing::warn!("redis leaves calls unanswered: connecting anew");
                metrics::counter!("redis_reconnects_total").increment(1);
                // Out of the pool as well: its check asks any node, and this one may have the slots wrong.
                drop(Object::take(connection));
            }
            Err(error) => {
                if !reported {
                    tracing::warn!(%error, "redis cannot be connected to");
                    reported = true;
                }
                sleep(wait).await;
                wait = (wait * 2).min(RECONNECT_MAX);
            }
        }
    }
}

/// deadpool-redis' own manager makes its client without our bounds: connections are made here, and checked there.
struct Bounded {
    client: ClusterClient,
    checked: Checked,
}

impl managed::Manager for Bounded {
    type Type = ClusterConnection;
    type Error = RedisError;

    async fn create(&self) -> Result<ClusterConnection, RedisError> {
        self.client.get_async_connection().await
    }

    async fn recycle(&self, connection: &mut ClusterConnection, metrics: &Metrics) -> RecycleResult<RedisError> {
        managed::Manager::recycle(&self.checked, connection, metrics).await
    }
}
