//! The journal's time: what its clock shows at the least, and whether that may be judged by.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sale::time::UnixMs;
use tokio::time::Instant;

/// A lower bound of the journal's clock, kept from readings of it.
///
/// Why the lower bound: the clock was read somewhere between asking and hearing, so at the moment of hearing it showed
/// at least what was read. Who opens by this never opens before the journal does, and late by one round trip at most.
pub(super) struct JournalTime {
    trust: Duration,
    error_max: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// At this instant the clock showed at least this.
    base: Option<(Instant, UnixMs)>,
    /// When the last good confirmation was asked for.
    confirmed: Option<Instant>,
}

impl JournalTime {
    pub(super) fn new(trust: Duration, error_max: Duration) -> Self {
        Self { trust, error_max, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock was asked at `asked`, and `read` was heard at `heard`.
    pub(super) fn read(&self, asked: Instant, read: UnixMs, heard: Instant) {
        let mut state = self.state();
        let upper = read + ms(heard - asked) + 1;
        let kept = state.base.map(|base| at(base, heard)).filter(|known| (read..=upper).contains(known));
        // Of two lower bounds that may both be true the greater is nearer; one above the upper bound means that a clock stepped.
        if kept.is_none() {
            state.base = Some((heard, read));
        }
    }

    /// Everything was confirmed by questions asked at `asked`; the clock's answer took `round_trip`.
    ///
    /// Returns whether that counts: half the round trip is the offset's error.
    pub(super) fn confirm(&self, asked: Instant, round_trip: Duration) -> bool {
        let good = round_trip / 2 < self.error_max;
        if good {
            self.state().confirmed = Some(asked);
        }
        good
    }

    /// How long ago the last good confirmation was asked for; `None` where there never was one.
    pub(super) fn age(&self) -> Option<Duration> {
        self.state().confirmed.map(|confirmed| confirmed.elapsed())
    }

    /// Whether the clock was ever read.
    pub(super) fn is_known(&self) -> bool {
        self.state().base.is_some()
    }

    pub(super) fn estimate(&self) -> UnixMs {
        self.state().base.map_or(UnixMs(0), |base| at(base, Instant::now()))
    }

    pub(super) fn judged(&self) -> UnixMs {
        let state = *self.state();
        let (Some(base), Some(confirmed)) = (state.base, state.confirmed) else { return UnixMs(0) };
        at(base, Instant::now().min(confirmed + self.trust))
    }
}

fn at((instant, shown): (Instant, UnixMs), now: Instant) -> UnixMs {
    match now.checked_duration_since(instant) {
        Some(since) => shown + ms(since),
        None => shown + -ms(instant - now),
    }
}

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const NOW: UnixMs = UnixMs(1_000_000);

    fn time() -> JournalTime {
        JournalTime::new(Duration::from_secs(2), Duration::from_millis(20))
    }

    #[tokio::test(start_paused = true)]
    async fn time_goes_on_between_confirmations_and_stands_still_without_them() {
        let time = time();
        let asked = Instant::now();
        assert!(!time.is_known());
        time.read(asked, NOW, asked);
        assert!(time.is_known());
        assert_eq!(time.judged(), UnixMs(0), "a reading alone is no confirmation");
        assert!(time.confirm(asked, Duration::ZERO));
        advance(Duration::from_millis(1999)).await;
        assert_eq!(time.judged(), NOW + 1999);
        advance(Duration::from_secs(8)).await;
        assert_eq!(time.judged(), NOW + 2000, "judging waits");
        assert_eq!(time.estimate(), NOW + 9999, "telling the time goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_does_not_confirm() {
        let time = time();
        assert!(!time.confirm(Instant::now(), Duration::from_millis(40)));
        assert!(time.confirm(Instant::now(), Duration::from_millis(39)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_estimate_is_never_ahead_and_a_slow_answer_does_not_set_it_back() {
        let time = time();
        let asked = Instant::now();
        time.read(asked, NOW, asked);
        // The clock was read at once, the answer came 30 ms later: by itself it would say NOW.
        advance(Duration::from_millis(30)).await;
        time.read(asked, NOW, Instant::now());
        assert_eq!(time.estimate(), NOW + 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_steps_is_followed_both_ways() {
        let time = time();
        let now = Instant::now();
        for shown in [NOW, NOW + 60_000, NOW + 5, NOW] {
            time.read(now, shown, now);
            assert!((time.estimate() - shown).abs() <= 1);
        }
    }
}
