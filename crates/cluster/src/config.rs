//! Config: where the real parts are, and how long anybody waits for them. `defaults.toml` is the manual.

use std::time::Duration;

use journal::PgConfig;
use serde::Deserialize;

use crate::{amqp::RabbitConfig, capacity::CapacityConfig, mail::MailConfig, pay::PayConfig, redis::RedisConfig};

/// The sections `[journal]` and `[cluster.*]` of the manual, for whoever puts a whole manual together.
pub const MANUAL: &str = include_str!("../defaults.toml");

/// The sections `[cluster.*]`; what is left out is as in the manual. No `Debug`: addresses carry passwords.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub redis: RedisConfig,
    pub rabbit: RabbitConfig,
    pub mail: MailConfig,
    pub capacity: CapacityConfig,
    pub pay: PayConfig,
}

/// The section `[journal]`. No `Debug`: addresses carry passwords.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalConfig {
    pub url: String,
    pub replica_url: String,
    pub writers_max: u32,
    pub readers_max: u32,
    #[serde(with = "humantime_serde")]
    pub acquire_wait: Duration,
    #[serde(with = "humantime_serde")]
    pub statement_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub lock_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub idle_in_transaction_timeout: Duration,
    /// How long a start waits for a journal that does not answer.
    #[serde(with = "humantime_serde")]
    pub start_wait: Duration,
}

impl JournalConfig {
    /// The same, as the journal takes it; `as_whom` is how the server lists us.
    pub(crate) fn postgres(&self, as_whom: &str) -> PgConfig {
        PgConfig {
            primary: self.url.clone(),
            replica: Some(self.replica_url.clone()).filter(|url| !url.is_empty()),
            writers_max: self.writers_max,
            readers_max: self.readers_max,
            acquire_wait: self.acquire_wait,
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
            idle_in_transaction_timeout: self.idle_in_transaction_timeout,
            application_name: as_whom.to_owned(),
        }
    }
}
