//! Config: every bound of the counter, with its unit. `defaults.toml` is the manual.

use std::time::Duration;

use kit::config::{ConfigError, Dur, ensure};
use sale::{bucket::Rate, rules::BEAT_MAX_MS};
use serde::Deserialize;

/// The sections `[consumer.*]` of the manual, for whoever puts a whole manual together.
pub const MANUAL: &str = include_str!("../defaults.toml");

/// A door that hears nothing of an item for this long fails open.
const GATE_SILENCE_MS: i64 = 1000;

/// The section `[consumer]`; what is left out is as in the manual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub decide: DecideConfig,
    pub expire: ExpireConfig,
    pub relay: RelayConfig,
    pub ask: AskConfig,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecideConfig {
    pub messages_max: usize,
    pub commands_max: usize,
    pub retry_min: Dur,
    pub retry_max: Dur,
}

impl Default for DecideConfig {
    fn default() -> Self {
        Self { messages_max: 256, commands_max: 256, retry_min: Dur::of_ms(50), retry_max: Dur::of_s(2) }
    }
}

impl DecideConfig {
    /// How long to wait before try `n`, counted from 0.
    pub(crate) fn wait(&self, n: u32) -> Duration {
        let doubled = self.retry_min.get().saturating_mul(1 << n.min(16));
        doubled.min(self.retry_max.get())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpireConfig {
    pub sweep_every: Dur,
    pub sweep_gap: Dur,
    pub beat_every: Dur,
}

impl Default for ExpireConfig {
    fn default() -> Self {
        Self { sweep_every: Dur::of_s(1), sweep_gap: Dur::of_ms(20), beat_every: Dur::of_s(1) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelayConfig {
    pub reconcile_every: Dur,
    pub stock_every: Dur,
    pub stock_refresh: Dur,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self { reconcile_every: Dur::of_s(1), stock_every: Dur::of_ms(250), stock_refresh: Dur::of_ms(500) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AskConfig {
    pub requests_burst: u32,
    pub requests_per_s: u32,
}

impl Default for AskConfig {
    fn default() -> Self {
        Self { requests_burst: 20, requests_per_s: 10 }
    }
}

impl AskConfig {
    pub(crate) fn rate(&self) -> Rate {
        Rate { burst: self.requests_burst, per_period: self.requests_per_s, period_ms: 1000 }
    }
}

impl Config {
    /// Whether these bounds can be kept.
    pub fn check(&self) -> Result<(), ConfigError> {
        let (decide, expire, relay) = (&self.decide, &self.expire, &self.relay);
        let some = |dur: Dur, key| ensure(dur > Dur::default(), key, "must be more than nothing");
        ensure(decide.messages_max > 0, "consumer.decide.messages_max", "must be at least 1")?;
        ensure((1..=1000).contains(&decide.commands_max), "consumer.decide.commands_max", "must be 1 to 1000")?;
        some(decide.retry_min, "consumer.decide.retry_min")?;
        ensure(decide.retry_max >= decide.retry_min, "consumer.decide.retry_max", "must not be less than retry_min")?;
        some(expire.sweep_every, "consumer.expire.sweep_every")?;
        some(expire.sweep_gap, "consumer.expire.sweep_gap")?;
        some(expire.beat_every, "consumer.expire.beat_every")?;
        let beats = expire.beat_every.ms() * 2 <= BEAT_MAX_MS;
        ensure(beats, "consumer.expire.beat_every", "must beat twice within 5 s, or nobody judges time")?;
        some(relay.reconcile_every, "consumer.relay.reconcile_every")?;
        some(relay.stock_every, "consumer.relay.stock_every")?;
        let heard = relay.stock_refresh.ms() + relay.stock_every.ms() < GATE_SILENCE_MS;
        ensure(
            heard,
            "consumer.relay.stock_refresh",
            "with stock_every on top must stay below 1 s, or doors fail open",
        )?;
        ensure(self.ask.requests_per_s > 0, "consumer.ask.requests_per_s", "must be at least 1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::config::{Overrides, load};

    #[derive(Deserialize)]
    struct Whole {
        consumer: Config,
    }

    #[test]
    fn the_manual_says_what_the_code_does() {
        let whole: Whole = load(MANUAL, None, "NOBODYS_", Overrides::new().env(&[])).unwrap();
        assert_eq!(whole.consumer, Config::default());
        whole.consumer.check().unwrap();
    }

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        let config = DecideConfig::default();
        let waits: Vec<u128> = [0, 1, 2, 5, 6, 99].map(|n| config.wait(n).as_millis()).into();
        assert_eq!(waits, [50, 100, 200, 1600, 2000, 2000]);
    }
}
