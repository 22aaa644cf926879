//! The limiter in memory: a bucket is one integer, kept only while it is not full.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use sale::{
    bucket::{self, Answer, Rate},
    port::{clock::Clock, limiter::Limiter},
};

const SHARDS: usize = 64;
/// So many buckets that are not full are kept; above it those that are soonest full again are forgotten first.
pub const BUCKETS_DEFAULT: usize = 1_000_000;
/// A shard holds so many in any case, and below that it is not looked for full ones.
const SHARD_MIN: usize = 8;

#[derive(Default)]
struct Shard {
    /// When a bucket will be full again, in microseconds, by its name.
    full_at: HashMap<Box<str>, i64>,
    /// At so many the full ones are forgotten. Twice as many as were left the last time: a taker pays for two looks.
    swept_at: usize,
}

/// Buckets by name, in shards so that cores do not wait for each other.
pub struct MemoryLimiter {
    clock: Arc<dyn Clock>,
    shards: Vec<Mutex<Shard>>,
    // Seeded anew in each process: nobody outside can aim at one shard.
    hasher: RandomState,
    shard_max: usize,
}

impl MemoryLimiter {
    /// `buckets_max`: how many that are not full are remembered in all.
    pub fn new(clock: Arc<dyn Clock>, buckets_max: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { clock, shards, hasher: RandomState::new(), shard_max: (buckets_max / SHARDS).max(SHARD_MIN) }
    }

    /// How many buckets are remembered.
    pub fn buckets(&self) -> usize {
        let held = |shard: &Mutex<Shard>| shard.lock().unwrap_or_else(PoisonError::into_inner).full_at.len();
        self.shards.iter().map(held).sum()
    }

    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[self.hasher.hash_one(key) as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn take(&self, key: &str, rate: Rate) -> Answer {
        let now = self.clock.now();
        let mut shard = self.shard(key);
        if let Some(full_at) = shard.full_at.get_mut(key) {
            let (next, answer) = bucket::take(*full_at, rate, now.0);
            *full_at = next;
            return answer;
        }
        if shard.full_at.len() >= shard.swept_at.max(SHARD_MIN) {
            shard.make_room(self.shard_max, now.0 * 1000);
        }
        // A bucket that was never seen is full, and was full long ago.
        let (next, answer) = bucket::take(0, rate, now.0);
        shard.full_at.insert(key.into(), next);
        answer
    }

    fn refused(&self, key: &str, rate: Rate) -> Option<Answer> {
        let shard = self.shard(key);
        let (_, answer) = bucket::take(*shard.full_at.get(key)?, rate, self.clock.now().0);
        (!answer.allowed).then_some(answer)
    }
}

impl Shard {
    /// Forgets the full ones; where that leaves more than seven eighths of `max`, also the eighth that loses least by it.
    fn make_room(&mut self, max: usize, now_us: i64) {
        self.full_at.retain(|_, full_at| *full_at > now_us);
        let held = self.full_at.len();
        if held > max - max / 8 {
            let mut ends: Vec<i64> = self.full_at.values().copied().collect();
            let (_, cut, _) = ends.select_nth_unstable(max / 8);
            let cut = *cut;
            self.full_at.retain(|_, full_at| *full_at > cut);
            metrics::counter!("limiter_buckets_forgotten_total").increment((held - self.full_at.len()) as u64);
        }
        self.swept_at = (self.full_at.len() * 2).clamp(SHARD_MIN, max);
        self.full_at.shrink_to(self.swept_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::time::UnixMs;
    use std::sync::atomic::{AtomicI64, Ordering};

    struct Hand(AtomicI64);
    impl Clock for Hand {
        fn now(&self) -> UnixMs {
            UnixMs(self.0.load(Ordering::SeqCst))
        }
    }

    const RATE: Rate = Rate { burst: 2, per_period: 1, period_ms: 1000 };

    #[tokio::test]
    async fn a_million_strangers_do_not_fill_the_memory_and_full_buckets_are_forgotten() {
        let clock = Arc::new(Hand(AtomicI64::new(1_000_000)));
        let limiter = MemoryLimiter::new(clock.clone(), 6_400);
        for stranger in 0..50_000 {
            assert!(limiter.take(&format!("stranger {stranger}"), RATE).await.allowed);
            assert!(limiter.buckets() <= 6_400);
        }
        clock.0.fetch_add(60_000, Ordering::SeqCst);
        for stranger in 0..6_400 {
            limiter.take(&format!("late {stranger}"), RATE).await;
        }
        assert!(limiter.buckets() <= 6_400);
    }

    #[tokio::test]
    async fn those_that_are_full_again_are_not_kept_until_the_bound() {
        let clock = Arc::new(Hand(AtomicI64::new(1_000_000)));
        let limiter = MemoryLimiter::new(clock.clone(), BUCKETS_DEFAULT);
        for stranger in 0..100_000 {
            limiter.take(&format!("stranger {stranger}"), RATE).await;
            clock.0.fetch_add(1, Ordering::SeqCst);
        }
        // Each is full again after a second: a thousand of them are not, and no shard holds over twice its share of those.
        let held = limiter.buckets();
        assert!((1_000..4_000).contains(&held), "{held}");
    }

    #[tokio::test]
    async fn under_a_flood_of_strangers_who_is_deepest_in_debt_is_remembered_longest() {
        let clock = Arc::new(Hand(AtomicI64::new(1_000_000)));
        let limiter = MemoryLimiter::new(clock.clone(), 6_400);
        let deep = Rate { burst: 1000, per_period: 1, period_ms: 1000 };
        for _ in 0..1000 {
            assert!(limiter.take("the robot", deep).await.allowed);
        }
        for stranger in 0..50_000 {
            limiter.take(&format!("stranger {stranger}"), RATE).await;
        }
        assert!(!limiter.take("the robot", deep).await.allowed);
    }
}
