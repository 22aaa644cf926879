//! The buckets of this process alone, while Redis does not answer: bounded, and forgotten when full.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sale::{
    bucket::{self, Answer, Rate},
    time::UnixMs,
};

/// When a bucket will be full again, in microseconds, by its name.
#[derive(Debug)]
pub(super) struct LocalBuckets {
    full_at: Mutex<HashMap<Box<str>, i64>>,
    max: usize,
}

impl LocalBuckets {
    pub(super) fn new(max: usize) -> Self {
        Self { full_at: Mutex::default(), max: max.max(8) }
    }

    pub(super) fn take(&self, key: &str, rate: Rate, now: UnixMs) -> Answer {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(key) {
            let (next, answer) = bucket::take(*full_at, rate, now.0);
            *full_at = next;
            return answer;
        }
        if buckets.len() >= self.max {
            make_room(&mut buckets, now.0 * 1000);
        }
        // A bucket that was never seen is full, and was full long ago.
        let (next, answer) = bucket::take(0, rate, now.0);
        buckets.insert(key.into(), next);
        answer
    }
}

/// Forgets the full ones, and always at least the eighth that is soonest full: it loses least by it.
fn make_room(buckets: &mut HashMap<Box<str>, i64>, now_us: i64) {
    let mut ends: Vec<i64> = buckets.values().copied().collect();
    let eighth = ends.len() / 8;
    let (_, cut, _) = ends.select_nth_unstable(eighth);
    let cut = now_us.max(*cut);
    buckets.retain(|_, full_at| *full_at > cut);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 2, per_period: 1, period_ms: 1000 };

    #[test]
    fn strangers_do_not_fill_the_memory_and_who_is_deepest_in_debt_is_remembered() {
        let (buckets, now) = (LocalBuckets::new(800), UnixMs(1_000_000));
        let deep = Rate { burst: 1000, per_period: 1, period_ms: 1000 };
        for _ in 0..1000 {
            assert!(buckets.take("the robot", deep, now).allowed);
        }
        for stranger in 0..10_000 {
            assert!(buckets.take(&format!("stranger {stranger}"), RATE, now).allowed);
            assert!(buckets.full_at.lock().unwrap_or_else(PoisonError::into_inner).len() <= 800);
        }
        assert!(!buckets.take("the robot", deep, now).allowed);
    }
}
