//! Config: how the postman is told whom to serve. `defaults.toml` is the manual.

use kit::config::{ConfigError, Dur, Overrides, ensure, load};
use serde::Deserialize;

/// Every setting with its default and meaning.
pub const MANUAL: &str = include_str!("../../defaults.toml");
const PREFIX: &str = "MIAOSHA_";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    email: Config,
}

// No `Debug`: the URL carries a password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub from: String,
    pub carrier: Carrier,
    pub smtp_url: String,
    pub carry_max: Dur,
    pub log_filter: String,
    pub ledger: LedgerConfig,
}

/// Who carries the letters away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    Ses,
    Smtp,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    pub table: String,
    pub lease: Dur,
    pub keep: Dur,
    pub answer_max: Dur,
}

impl Config {
    /// From the function's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from(Overrides::new())
    }

    /// From the manual and what is laid over it.
    pub fn from(overrides: Overrides) -> Result<Self, ConfigError> {
        let Whole { email } = load(MANUAL, None, PREFIX, overrides)?;
        email.check()?;
        Ok(email)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let some = |dur: Dur, key| ensure(dur > Dur::default(), key, "must be more than nothing");
        let addressed = self.carrier != Carrier::Smtp || !self.smtp_url.is_empty();
        ensure(addressed, "email.smtp_url", "must say where the SMTP server is")?;
        some(self.carry_max, "email.carry_max")?;
        some(self.ledger.answer_max, "email.ledger.answer_max")?;
        ensure(!self.ledger.table.is_empty(), "email.ledger.table", "must name the table")?;
        ensure(self.ledger.keep > self.ledger.lease, "email.ledger.keep", "must be longer than the lease")?;
        let outlives = self.ledger.lease > self.carry_max;
        ensure(outlives, "email.ledger.lease", "must be longer than carry_max, or two may carry one letter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from(Overrides::new().env(env))
    }

    #[test]
    fn the_manual_alone_is_enough_on_aws() {
        assert!(with(&[]).unwrap().carrier == Carrier::Ses);
    }

    #[test]
    fn what_cannot_work_is_said_at_the_start() {
        for (env, named) in [
            ([("MIAOSHA_EMAIL__CARRIER", "smtp")], "smtp_url"),
            ([("MIAOSHA_EMAIL__CARRIER", "pigeon")], "carrier"),
            ([("MIAOSHA_EMAIL__LEDGER__LEASE", "1s")], "lease"),
            ([("MIAOSHA_EMAIL__CARRY_MAX", "8")], "carry_max"),
            ([("MIAOSHA_EMAIL__FORM", "x")], "form"),
        ] {
            let refused = with(&env).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refused.contains(named), "{env:?}: {refused}");
        }
    }
}
