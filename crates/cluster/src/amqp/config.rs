//! The settings: where RabbitMQ is, how long we wait for it, and the bound of everything that is kept.

use std::{fmt, path::PathBuf, time::Duration};

use lapin::{tcp::OwnedTLSConfig, uri::AMQPUri};
use serde::Deserialize;

use super::RabbitError;

/// Seconds over which the heartbeat can range: it travels as a 16-bit number of them.
const HEARTBEAT_S: std::ops::RangeInclusive<u64> = 1..=60;

/// Larger messages go in several frames. The client keeps room for 32 frames each way for as long as a connection is open: with the
/// broker's own 128 KiB that was 16 MiB of every process.
const FRAME_MAX_BYTES: u32 = 16 * 1024;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RabbitConfig {
    /// `amqp://user:password@host:port/vhost`, or `amqps://`. Behind it, one broker or a balancer of a cluster.
    pub url: String,
    /// Whom an `amqps` broker must be vouched for by, in PEM, besides the machine's own list; empty: nobody else.
    pub ca_file: PathBuf,
    /// Stands before every queue's name, where shops share a vhost.
    pub prefix: String,
    /// A connection that was silent for two of these is dead.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// From the first packet to an open connection.
    #[serde(with = "humantime_serde")]
    pub connect_wait: Duration,
    /// For an answer to any one call.
    #[serde(with = "humantime_serde")]
    pub call_wait: Duration,
    /// For the confirms of one batch; after it nobody knows whether they are stored.
    #[serde(with = "humantime_serde")]
    pub put_wait: Duration,
    /// Between two tries to connect, growing from `retry_min` to `retry_max`.
    #[serde(with = "humantime_serde")]
    pub retry_min: Duration,
    #[serde(with = "humantime_serde")]
    pub retry_max: Duration,
    /// How long a process that starts waits for a broker that is not there.
    #[serde(with = "humantime_serde")]
    pub start_wait: Duration,
    pub claims: ClaimsBounds,
    pub timers: TimersBounds,
}

/// Bounds of the claims queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimsBounds {
    /// Queues, each with one active consumer. The same on every node and for ever: an item's partition follows from it.
    pub partitions: u32,
    /// Messages one partition stores before it sheds. Counted by the broker, roughly, and without those in hand.
    pub messages_max: u32,
    /// The same in bytes of commands.
    pub bytes_max: u64,
    /// Messages in hand of one partition's active consumer.
    // The same on every node, and lowered only while nobody consumes: a quorum queue puts what comes back behind what
    // came back before, so that the order holds only while a consumer can have all of it in hand at once.
    pub prefetch: u16,
    /// Messages put aside because nobody can read them; more push the oldest out.
    pub parked_max: u32,
    /// Messages of one partition that wait in this process for their turn to be put; above it `Full`.
    pub waiting_max: u32,
    /// Messages of one partition on their way without a confirm.
    pub in_flight_max: usize,
}

/// Bounds of the timers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimersBounds {
    /// Knocks stored per duration, and knocks that are due; more are dropped, the sweeper comes anyway.
    pub knocks_max: u32,
    /// Due knocks in the hands of one node.
    pub prefetch: u16,
    /// Knocks that wait in this process for their turn to be put; more are dropped.
    pub waiting_max: u32,
    /// Knocks on their way without a confirm.
    pub in_flight_max: usize,
}

impl Default for RabbitConfig {
    fn default() -> Self {
        Self {
            url: "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned(),
            ca_file: PathBuf::new(),
            prefix: String::new(),
            heartbeat: Duration::from_secs(5),
            connect_wait: Duration::from_secs(3),
            call_wait: Duration::from_secs(3),
            put_wait: Duration::from_secs(4),
            retry_min: Duration::from_millis(50),
            retry_max: Duration::from_millis(500),
            start_wait: Duration::from_secs(30),
            claims: ClaimsBounds::default(),
            timers: TimersBounds::default(),
        }
    }
}

impl Default for ClaimsBounds {
    fn default() -> Self {
        Self {
            partitions: 4,
            messages_max: 50_000,
            bytes_max: 256 << 20,
            prefetch: 1_000,
            parked_max: 10_000,
            waiting_max: 10_000,
            in_flight_max: 512,
        }
    }
}

impl Default for TimersBounds {
    fn default() -> Self {
        Self { knocks_max: 1_000_000, prefetch: 2_000, waiting_max: 20_000, in_flight_max: 512 }
    }
}

/// The address has a password in it: it is not shown.
impl fmt::Debug for RabbitConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitConfig")
            .field("prefix", &self.prefix)
            .field("heartbeat", &self.heartbeat)
            .field("claims", &self.claims)
            .field("timers", &self.timers)
            .finish_non_exhaustive()
    }
}

impl RabbitConfig {
    pub(super) fn check(&self) -> Result<(), RabbitError> {
        let (claims, timers) = (&self.claims, &self.timers);
        ensure(HEARTBEAT_S.contains(&self.heartbeat.as_secs()), "heartbeat", "must be from 1s to 60s")?;
        ensure(self.retry_min <= self.retry_max, "retry_min", "must not be above rabbit.retry_max")?;
        ensure(!self.retry_max.is_zero(), "retry_max", "must not be nothing")?;
        ensure(claims.partitions > 0, "claims.partitions", "must be at least 1")?;
        ensure(claims.messages_max > 0, "claims.messages_max", "must be at least 1")?;
        ensure(claims.prefetch > 0, "claims.prefetch", "must be at least 1: nothing means no bound")?;
        ensure(claims.in_flight_max > 0, "claims.in_flight_max", "must be at least 1")?;
        ensure(timers.knocks_max > 0, "timers.knocks_max", "must be at least 1")?;
        ensure(timers.prefetch > 0, "timers.prefetch", "must be at least 1: nothing means no bound")?;
        ensure(timers.in_flight_max > 0, "timers.in_flight_max", "must be at least 1")
    }

    /// The address, with our heartbeat and frames in it.
    pub(super) fn uri(&self) -> Result<AMQPUri, RabbitError> {
        // What is wrong with it is not said: a part of it may be the password.
        let mut uri: AMQPUri = self.url.parse().map_err(|_| refused("url", "is no amqp:// or amqps:// address"))?;
        uri.query.heartbeat = Some(self.heartbeat.as_secs().try_into().unwrap_or(u16::MAX));
        uri.query.frame_max = Some(FRAME_MAX_BYTES);
        Ok(uri)
    }

    pub(super) fn tls(&self) -> Result<OwnedTLSConfig, RabbitError> {
        if self.ca_file.as_os_str().is_empty() {
            return Ok(OwnedTLSConfig::default());
        }
        let pem = std::fs::read_to_string(&self.ca_file)
            .map_err(|error| refused("ca_file", &format!("{}: {error}", self.ca_file.display())))?;
        Ok(OwnedTLSConfig { identity: None, cert_chain: Some(pem) })
    }
}

fn ensure(holds: bool, key: &'static str, reason: &str) -> Result<(), RabbitError> {
    if holds { Ok(()) } else { Err(refused(key, reason)) }
}

fn refused(key: &'static str, reason: &str) -> RabbitError {
    RabbitError::Config { key, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_never_show_the_password() {
        let config = RabbitConfig { url: "amqp://shop:hunter2@broker/%2f".to_owned(), ..RabbitConfig::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
        let broken = RabbitConfig { url: "http://shop:hunter2@broker/".to_owned(), ..config };
        let why = broken.uri().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(why.contains("rabbit.url") && !why.contains("hunter2"), "{why}");
    }

    #[test]
    fn a_bare_number_is_no_duration_and_an_unknown_key_is_an_error() {
        let read = |text: &str| serde_json::from_str::<RabbitConfig>(text);
        assert!(read(r#"{"put_wait":"4s","claims":{"partitions":8}}"#).is_ok());
        assert!(read(r#"{"put_wait":4}"#).is_err());
        assert!(read(r#"{"put_wait_ms":"4s"}"#).is_err());
        assert!(read(r#"{"claims":{"partition":8}}"#).is_err());
    }
}
