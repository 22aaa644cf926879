//! The token bucket: how often somebody may do something.

use serde::{Deserialize, Serialize};

/// `burst` at once, then one every `period_ms / per_period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rate {
    pub burst: u32,
    pub per_period: u32,
    pub period_ms: i64,
}

impl Rate {
    /// Nobody is told to wait longer: one token comes within this.
    pub fn wait_max_ms(self) -> i64 {
        self.period_ms / i64::from(self.per_period.max(1)) + 1
    }
}

/// What a bucket answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub allowed: bool,
    /// Whole tokens left after this.
    pub remaining: u32,
    /// 0 where allowed.
    pub retry_after_ms: i64,
}

/// Takes one token at `now_ms` from a bucket whose only state is the instant at which it will be full again.
///
/// Shape: one integer in, the next one out. Because a refusal changes nothing, asking in vain neither mints nor burns tokens.
/// Units: microseconds inside, so that odd rates do not drift.
pub fn take(full_at_us: i64, rate: Rate, now_ms: i64) -> (i64, Answer) {
    let now = now_ms * 1000;
    let step = rate.period_ms * 1000 / i64::from(rate.per_period.max(1));
    let depth = step * i64::from(rate.burst.max(1));
    // No bucket is ever further from full than its depth: what says so was written before the clock stepped back, and who
    // asks must not wait until it is that late again.
    let full_at_us = full_at_us.min(now + depth);
    let next = full_at_us.max(now) + step;
    let spare = depth - (next - now);
    if spare < 0 {
        let retry_after_ms = (-spare + 999) / 1000;
        return (full_at_us, Answer { allowed: false, remaining: 0, retry_after_ms });
    }
    (next, Answer { allowed: true, remaining: (spare / step) as u32, retry_after_ms: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 10, per_period: 1, period_ms: 1000 };

    #[test]
    fn a_minute_of_hammering_passes_the_burst_and_one_a_second_and_not_one_more() {
        let (mut state, mut passed) = (0, 0);
        for now_ms in 0..60_000 {
            let (next, answer) = take(state, RATE, now_ms);
            state = next;
            passed += u32::from(answer.allowed);
        }
        assert_eq!(passed, 10 + 59);
    }

    #[test]
    fn a_clock_that_steps_back_locks_nobody_out_and_gives_nothing_away() {
        let hour_ms = 3_600_000;
        let (mut state, mut passed) = (0, 0);
        for _ in 0..10 {
            state = take(state, RATE, hour_ms).0;
        }
        for now_ms in 0..60_000 {
            let (next, answer) = take(state, RATE, now_ms);
            state = next;
            passed += u32::from(answer.allowed);
        }
        assert_eq!(passed, 59, "an empty bucket stays empty, and fills from now on");
    }

    #[test]
    fn the_promised_wait_is_enough_and_not_too_long() {
        let mut state = 0;
        for _ in 0..10 {
            state = take(state, RATE, 5).0;
        }
        let (_, no) = take(state, RATE, 5);
        assert!(!no.allowed);
        assert!(!take(state, RATE, 5 + no.retry_after_ms - 1).1.allowed);
        assert!(take(state, RATE, 5 + no.retry_after_ms).1.allowed);
    }
}
