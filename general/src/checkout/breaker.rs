//! The breaker: when the provider fails again and again, nobody new is sent to it for a while.

use std::sync::{Mutex, PoisonError};

use sale::time::UnixMs;

use super::CheckoutConfig;

#[derive(Debug)]
pub struct Breaker {
    failures_max: u32,
    rest_ms: i64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Nobody is let through before; then one, to try.
    closed_until: Option<UnixMs>,
}

impl Breaker {
    pub fn new(config: &CheckoutConfig) -> Self {
        metrics::gauge!("payment_breaker_open").set(0.0);
        Self { failures_max: config.breaker_failures, rest_ms: config.breaker_rest.ms(), state: Mutex::default() }
    }

    /// Whether a new payment may go to the provider. Errors: how long to wait, in milliseconds.
    pub fn admit(&self, now: UnixMs) -> Result<(), i64> {
        let mut state = self.lock();
        match state.closed_until {
            None => Ok(()),
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                // One goes and tries; the others wait for what it finds.
                state.closed_until = Some(now + self.rest_ms);
                Ok(())
            }
        }
    }

    /// What the provider did: answered, whatever the answer; or not.
    pub fn heard(&self, answered: bool, now: UnixMs) {
        let mut state = self.lock();
        if answered {
            if state.closed_until.is_some() {
                tracing::info!("the payment provider answers again");
            }
            *state = State::default();
            metrics::gauge!("payment_breaker_open").set(0.0);
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.failures_max {
            if state.closed_until.is_none() {
                metrics::counter!("payment_breaker_trips_total").increment(1);
                metrics::gauge!("payment_breaker_open").set(1.0);
                tracing::error!(failures = state.failures, "the payment provider does not answer: new payments wait");
            }
            state.closed_until = Some(now + self.rest_ms);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::config::Dur;

    #[test]
    fn after_so_many_failures_in_a_row_nobody_goes_for_a_while_and_then_one() {
        let config = CheckoutConfig { breaker_failures: 3, breaker_rest: Dur::of_s(10), ..Default::default() };
        let (breaker, now) = (Breaker::new(&config), UnixMs(0));
        breaker.heard(false, now);
        breaker.heard(false, now);
        breaker.heard(true, now);
        breaker.heard(false, now);
        breaker.heard(false, now);
        assert_eq!(breaker.admit(now), Ok(()), "an answer in between forgives");
        breaker.heard(false, now);
        assert_eq!(breaker.admit(now + 1), Err(9_999));
        assert_eq!(breaker.admit(now + 10_000), Ok(()));
        assert_eq!(breaker.admit(now + 10_001), Err(9_999), "only one tries");
        breaker.heard(true, now + 10_002);
        assert_eq!(breaker.admit(now + 10_003), Ok(()));
    }
}
