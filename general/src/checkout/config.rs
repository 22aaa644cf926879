//! Config: the bounds of checkout.

use kit::config::{ConfigError, Dur, ensure};
use sale::rules;
use serde::Deserialize;

/// The section `[general.checkout]`; what is left out is as in the manual.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckoutConfig {
    pub authorise_wait: Dur,
    pub provider_wait: Dur,
    pub reconcile_every: Dur,
    pub capture_every: Dur,
    pub list_lookback: Dur,
    pub breaker_failures: u32,
    pub breaker_rest: Dur,
    pub outage_extension: Dur,
    pub answers_kept: Dur,
}

impl Default for CheckoutConfig {
    fn default() -> Self {
        Self {
            authorise_wait: Dur::of_s(10),
            provider_wait: Dur::of_s(5),
            reconcile_every: Dur::of_s(1),
            capture_every: Dur::of_s(1),
            list_lookback: Dur::of_s(86_400),
            breaker_failures: 20,
            breaker_rest: Dur::of_s(10),
            outage_extension: Dur::of_s(120),
            answers_kept: Dur::of_s(86_400),
        }
    }
}

impl CheckoutConfig {
    pub fn check(&self) -> Result<(), ConfigError> {
        let some = |dur: Dur, key| ensure(dur > Dur::default(), key, "must be more than nothing");
        some(self.provider_wait, "general.checkout.provider_wait")?;
        some(self.reconcile_every, "general.checkout.reconcile_every")?;
        some(self.capture_every, "general.checkout.capture_every")?;
        some(self.authorise_wait, "general.checkout.authorise_wait")?;
        ensure(
            self.authorise_wait < Dur::of_ms(rules::DOUBT_MS as u64),
            "general.checkout.authorise_wait",
            "must be shorter than a payment may be in doubt: less than 30s",
        )?;
        ensure(self.breaker_failures > 0, "general.checkout.breaker_failures", "must be at least 1")
    }
}
