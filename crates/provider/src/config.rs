//! Config: the provider's own section. `defaults.toml` is the manual.

use std::path::PathBuf;

use kit::config::{ConfigError, Dur, ensure};
use serde::Deserialize;

pub const MANUAL: &str = include_str!("../defaults.toml");

/// No `Debug`: the key is a secret.
#[derive(Deserialize)]
pub struct Config {
    pub provider: ProviderConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    pub record: PathBuf,
    pub key: String,
    pub silence: Dur,
    pub webhook_late: Dur,
    pub poll_wait: Dur,
}

impl ProviderConfig {
    /// Whether it can be run so.
    pub fn check(&self) -> Result<(), ConfigError> {
        ensure(!self.key.is_empty(), "provider.key", "must be set, to what the shop has as cluster.pay.key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_is_whole_and_without_a_key_nothing_starts() {
        let config: Config = kit::config::load(MANUAL, None, "NOBODYS_", Default::default()).unwrap();
        assert!(config.provider.check().unwrap_err().to_string().contains("provider.key"));
    }
}
