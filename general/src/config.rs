//! Config: every bound of the shop behind the counter, with its unit. `defaults.toml` is the manual.

mod rate;

use kit::config::{ConfigError, Dur, Size, ensure};
use serde::Deserialize;

use crate::checkout::CheckoutConfig;

pub use rate::RateText;

/// The sections `[general.*]` of the manual, for whoever puts a whole manual together.
pub const MANUAL: &str = include_str!("../defaults.toml");

/// The section `[general]`; what is left out is as in the manual.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub body_max: Size,
    pub prune_every: Dur,
    pub reconcile_every: Dur,
    pub capacity_tell_every: Dur,
    pub live_every: Dur,
    pub lookups_parallel: usize,
    pub lookups_waiting_max: usize,
    pub tokens: TokenConfig,
    pub passwords: PasswordConfig,
    pub limits: LimitConfig,
    pub checkout: CheckoutConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            body_max: Size::kib(64),
            prune_every: Dur::of_s(600),
            reconcile_every: Dur::of_s(2),
            capacity_tell_every: Dur::of_s(600),
            live_every: Dur::of_s(1),
            lookups_parallel: 2,
            lookups_waiting_max: 2000,
            tokens: TokenConfig::default(),
            passwords: PasswordConfig::default(),
            limits: LimitConfig::default(),
            checkout: CheckoutConfig::default(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenConfig {
    pub access_ttl: Dur,
    pub refresh_ttl: Dur,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self { access_ttl: Dur::of_s(30 * 60), refresh_ttl: Dur::of_s(7 * 86_400) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordConfig {
    pub parallel: usize,
    pub waiting_max: usize,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self { parallel: 2, waiting_max: 64 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitConfig {
    pub login_per_account: RateText,
    pub login_per_address: RateText,
    pub sign_up_per_address: RateText,
    pub user_writes: RateText,
    pub anonymous_writes: RateText,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            login_per_account: RateText::per_minute(7),
            login_per_address: RateText::per_minute(30),
            sign_up_per_address: RateText::per_hour(3),
            user_writes: RateText::per_second(10),
            anonymous_writes: RateText::per_minute(10),
        }
    }
}

impl Config {
    /// Whether these bounds can be kept.
    pub fn check(&self) -> Result<(), ConfigError> {
        let some = |dur: Dur, key| ensure(dur > Dur::default(), key, "must be more than nothing");
        some(self.prune_every, "general.prune_every")?;
        some(self.reconcile_every, "general.reconcile_every")?;
        some(self.capacity_tell_every, "general.capacity_tell_every")?;
        self.checkout.check()?;
        ensure(self.lookups_parallel > 0, "general.lookups_parallel", "must be at least 1")?;
        ensure(self.body_max >= Size::kib(16), "general.body_max", "must hold a plan: at least 16KiB")?;
        ensure(self.tokens.access_ttl >= Dur::of_s(1), "general.tokens.access_ttl", "must be at least 1s")?;
        ensure(
            self.tokens.refresh_ttl > self.tokens.access_ttl,
            "general.tokens.refresh_ttl",
            "must be longer than access_ttl",
        )?;
        ensure(self.passwords.parallel > 0, "general.passwords.parallel", "must be at least 1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Manual {
        general: Config,
    }

    #[test]
    fn the_manual_names_every_key_and_says_what_is_so_without_it() {
        let manual: Manual = kit::config::load(MANUAL, None, "MIAOSHA_NOTHING_", Default::default()).unwrap();
        assert_eq!(manual.general, Config::default());
        manual.general.check().unwrap();
    }

    #[test]
    fn bounds_that_contradict_each_other_are_refused() {
        let mut config = Config::default();
        config.tokens.refresh_ttl = Dur::of_s(1);
        assert!(config.check().unwrap_err().to_string().contains("refresh_ttl"));
    }
}
