//! The sweep: every slot's turn once a period, without a timer for any of them.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

/// Goes over all slots once a period, a part of them each time it is asked.
pub(super) struct Sweep {
    period: Duration,
    since: Instant,
    next: usize,
}

impl Sweep {
    pub(super) fn new(period: Duration, now: Instant) -> Self {
        Self { period, since: now, next: 0 }
    }

    /// The slots whose turn has come by `now`, of so many. Asked rarely, it is late and skips nobody.
    pub(super) fn due(&mut self, now: Instant, slots: usize) -> Range<usize> {
        let passed = now.saturating_duration_since(self.since);
        let first = self.next;
        if passed >= self.period {
            // Behind by more than a round: the rounds that were missed are not made up for.
            self.since = if passed >= self.period * 2 { now } else { self.since + self.period };
            self.next = 0;
            return first..slots.max(first);
        }
        let part = passed.as_secs_f64() / self.period.as_secs_f64();
        self.next = first.max((slots as f64 * part) as usize);
        first..self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(25);

    #[test]
    fn every_slot_has_its_turn_once_a_period_whatever_the_rhythm() {
        for (slots, step_ms) in [(1, 250), (7, 250), (1000, 250), (1000, 3_333), (3, 24_999), (50_000, 10)] {
            let begun = Instant::now();
            let (mut sweep, mut turns) = (Sweep::new(PERIOD, begun), vec![0; slots]);
            let mut at = Duration::ZERO;
            while at < PERIOD * 4 {
                at += Duration::from_millis(step_ms);
                sweep.due(begun + at, slots).for_each(|slot| turns[slot] += 1);
            }
            assert!(turns.iter().all(|turns| (3..=4).contains(turns)), "{slots} slots every {step_ms} ms: {turns:?}");
        }
    }

    #[test]
    fn turns_are_spread_over_the_period() {
        let begun = Instant::now();
        let mut sweep = Sweep::new(PERIOD, begun);
        let most = (1..=100).map(|quarter| sweep.due(begun + Duration::from_millis(250) * quarter, 1000).len()).max();
        assert!(most <= Some(11), "{most:?}");
    }

    #[test]
    fn a_house_that_shrinks_or_is_late_harms_nothing() {
        let begun = Instant::now();
        let mut sweep = Sweep::new(PERIOD, begun);
        assert_eq!(sweep.due(begun + PERIOD / 2, 1000), 0..500);
        assert_eq!(sweep.due(begun + PERIOD, 10), 500..500);
        assert_eq!(sweep.due(begun + PERIOD * 10, 10), 0..10);
        assert_eq!(sweep.due(begun + PERIOD * 10, 10), 0..0);
    }
}
