//! Latency: how long people waited, counted from when their request should have been sent.

use hdrhistogram::Histogram;
use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Longer waits are counted as this one.
const MOST_US: u64 = 120_000_000;

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// From the intended claim to its receipt or refusal.
    Receipt,
    /// From the intended claim to the first decided state.
    Result,
    /// From the scheduled opening to the frame that told it.
    Opening,
    /// From the checkout to its first answer.
    Checkout,
}

impl Wait {
    pub const ALL: [Wait; 4] = [Wait::Receipt, Wait::Result, Wait::Opening, Wait::Checkout];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "claim -> answer",
            Self::Result => "claim -> result",
            Self::Opening => "opening -> told",
            Self::Checkout => "checkout -> answer",
        }
    }
}

/// One histogram for each kind of wait, shared by the crowd. Units: microseconds inside, three digits kept.
pub struct Latencies(Mutex<Vec<Histogram<u64>>>);

impl Latencies {
    pub fn new() -> anyhow::Result<Self> {
        let all = Wait::ALL.iter().map(|_| Histogram::new_with_bounds(1, MOST_US, 3)).collect::<Result<_, _>>()?;
        Ok(Self(Mutex::new(all)))
    }

    pub fn note(&self, wait: Wait, took: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all[wait as usize].saturating_record(took.as_micros().clamp(1, MOST_US as u128) as u64);
    }

    pub fn summary(&self, wait: Wait) -> Summary {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = &all[wait as usize];
        let at = |q| Duration::from_micros(one.value_at_quantile(q));
        Summary {
            count: one.len(),
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_micros(one.max()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub count: u64,
    pub p50: Duration,
    pub p99: Duration,
    pub p999: Duration,
    pub max: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let Self { count, p50, p99, p999, max } = *self;
        let (p50, p99, p999, max) = (ms(p50), ms(p99), ms(p999), ms(max));
        write!(f, "p50 {p50:>8.1} ms  p99 {p99:>8.1} ms  p99.9 {p999:>8.1} ms  max {max:>8.1} ms  of {count}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_kept_apart_and_an_endless_one_is_the_longest() {
        let waits = Latencies::new().unwrap();
        (1..=100).for_each(|ms| waits.note(Wait::Result, Duration::from_millis(ms)));
        waits.note(Wait::Checkout, Duration::from_secs(100_000));
        let result = waits.summary(Wait::Result);
        assert_eq!(result.count, 100);
        assert!(result.p50.as_millis().abs_diff(50) <= 1 && result.max.as_millis().abs_diff(100) <= 1);
        assert!(waits.summary(Wait::Checkout).max >= Duration::from_micros(MOST_US));
        assert_eq!(waits.summary(Wait::Receipt).count, 0);
    }
}
