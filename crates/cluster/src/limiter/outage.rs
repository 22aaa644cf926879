//! The outage: while Redis does not answer nobody waits for it, except one request now and then that asks whether it is back.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Failures closer together than this are one outage, with one line in the log.
const ONE_OUTAGE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Outage {
    retry: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Set while Redis is left alone: when it is asked next.
    ask_at: Option<Instant>,
    failed_at: Option<Instant>,
}

impl Outage {
    pub(super) fn new(retry: Duration) -> Self {
        Self { retry, state: Mutex::default() }
    }

    /// Whether this request asks Redis. During an outage one request does each time the pause is over.
    pub(super) fn may_ask(&self) -> bool {
        let mut state = self.state();
        match state.ask_at {
            None => true,
            Some(at) if Instant::now() < at => false,
            Some(_) => {
                state.ask_at = Some(Instant::now() + self.retry);
                true
            }
        }
    }

    pub(super) fn began(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let known = state.failed_at.is_some_and(|at| now.duration_since(at) < ONE_OUTAGE);
        *state = State { ask_at: Some(now + self.retry), failed_at: Some(now) };
        drop(state);
        metrics::gauge!("limiter_outage").set(1.0);
        if !known {
            tracing::warn!("redis does not answer the rate limiter: every process counts for itself");
        }
    }

    pub(super) fn ended(&self) {
        if self.state().ask_at.take().is_some() {
            metrics::gauge!("limiter_outage").set(0.0);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn during_an_outage_one_request_asks_after_each_pause() {
        let outage = Outage::new(Duration::from_secs(60));
        assert!(outage.may_ask() && outage.may_ask());
        outage.began();
        assert!(!outage.may_ask());
        outage.state().ask_at = Some(Instant::now());
        assert!(outage.may_ask(), "the pause is over");
        assert!(!outage.may_ask(), "one asks, the others do not wait for it");
        outage.ended();
        assert!(outage.may_ask() && outage.may_ask());
    }
}
