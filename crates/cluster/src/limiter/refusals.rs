//! The refusals that still stand: whoever was told to wait is not asked about again until then. No node gives a token back, so
//! nobody waits longer by it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sale::{
    bucket::{Answer, Rate},
    time::UnixMs,
};

/// When the next token comes, by the bucket's name.
#[derive(Debug)]
pub(super) struct Refusals {
    until: Mutex<HashMap<Box<str>, UnixMs>>,
    max: usize,
}

impl Refusals {
    pub(super) fn new(max: usize) -> Self {
        Self { until: Mutex::default(), max: max.max(8) }
    }

    pub(super) fn remember(&self, key: &str, now: UnixMs, retry_after_ms: i64) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.len() >= self.max {
            until.retain(|_, until| *until > now);
            // Where nearly all still stand, looking through them for each newcomer would cost more than asking again.
            if until.len() > self.max / 8 * 7 {
                until.clear();
            }
        }
        until.insert(key.into(), UnixMs(now.0 + retry_after_ms));
    }

    pub(super) fn standing(&self, key: &str, rate: Rate, now: UnixMs) -> Option<Answer> {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let retry_after_ms = *until.get(key)? - now;
        // What says that it takes longer was remembered before the clock stepped back.
        let stands = (1..=rate.wait_max_ms()).contains(&retry_after_ms);
        stands.then_some(Answer { allowed: false, remaining: 0, retry_after_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 2, per_period: 1, period_ms: 1000 };

    #[test]
    fn a_refusal_stands_until_its_token_comes_and_not_when_the_clock_steps_back() {
        let refusals = Refusals::new(8);
        refusals.remember("robot", UnixMs(5_000), 700);
        let wait = |now_ms| refusals.standing("robot", RATE, UnixMs(now_ms)).map(|answer| answer.retry_after_ms);
        assert_eq!([wait(5_000), wait(5_699), wait(5_700)], [Some(700), Some(1), None]);
        assert_eq!(wait(3_000), None);
        assert_eq!(refusals.standing("somebody", RATE, UnixMs(5_000)), None);
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let refusals = Refusals::new(800);
        for stranger in 0..10_000 {
            refusals.remember(&stranger.to_string(), UnixMs(stranger / 100), 700);
            assert!(refusals.until.lock().unwrap_or_else(PoisonError::into_inner).len() <= 800);
            assert!(refusals.standing(&stranger.to_string(), RATE, UnixMs(stranger / 100)).is_some());
        }
    }
}
