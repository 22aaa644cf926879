//! Waiting: how long a buyer holds still before trying again.

use sale::port::chance::Chance;
use std::time::Duration;

const FIRST_MS: u64 = 100;
const MOST_MS: u64 = 2_000;

/// Back-off with full jitter: the ceiling doubles, the wait is anywhere below it.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    ceiling_ms: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { ceiling_ms: FIRST_MS }
    }
}

impl Backoff {
    pub fn next(&mut self, chance: &dyn Chance) -> Duration {
        let wait = between(chance, self.ceiling_ms / 4, self.ceiling_ms);
        self.ceiling_ms = (self.ceiling_ms * 2).min(MOST_MS);
        Duration::from_millis(wait)
    }

    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// A whole number from `low` to `high`, both included.
pub fn between(chance: &dyn Chance, low: u64, high: u64) -> u64 {
    low + chance.below(high.saturating_sub(low) + 1)
}

/// True `percent` times of a hundred.
pub fn happens(chance: &dyn Chance, percent: u64) -> bool {
    chance.below(100) < percent
}

/// One of these, each as often as it weighs. `None` where nothing weighs anything.
pub fn weighed<T: Copy>(kinds: &[(T, u64)], chance: &dyn Chance) -> Option<T> {
    let total: u64 = kinds.iter().map(|(_, weight)| weight).sum();
    let mut point = if total > 0 { chance.below(total) } else { return None };
    for (kind, weight) in kinds {
        match point.checked_sub(*weight) {
            Some(rest) => point = rest,
            None => return Some(*kind),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::clock::SeedChance;

    #[test]
    fn waits_grow_and_never_pass_the_bound() {
        let (chance, mut backoff) = (SeedChance::new(1), Backoff::default());
        for _ in 0..20 {
            assert!(backoff.next(&chance) <= Duration::from_millis(MOST_MS));
        }
        assert!(backoff.next(&chance) >= Duration::from_millis(MOST_MS / 4));
        backoff.reset();
        assert!(backoff.next(&chance) <= Duration::from_millis(FIRST_MS));
    }

    #[test]
    fn what_weighs_nothing_is_never_drawn() {
        let chance = SeedChance::new(1);
        let drawn = |kinds: &[(u8, u64)]| (0..200).map(|_| weighed(kinds, &chance)).collect::<Vec<_>>();
        let both = drawn(&[(1, 3), (2, 0), (3, 1)]);
        assert!(both.contains(&Some(1)) && both.contains(&Some(3)) && !both.contains(&Some(2)));
        assert_eq!(weighed::<u8>(&[(1, 0)], &chance), None);
    }
}
