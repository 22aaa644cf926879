//! The timetable: when each request should be sent, whatever became of the ones before it.

use std::time::Duration;

/// An open loop has a rate that no slow answer can lower; a closed one sends as soon as a connection is free.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timetable {
    /// 0: as fast as it goes.
    per_s: f64,
    lasts: Duration,
    /// There are buyers and items for so many requests.
    most: u64,
}

impl Timetable {
    pub fn new(per_s: f64, lasts: Duration, most: u64) -> Self {
        Self { per_s, lasts, most }
    }

    pub fn is_open_loop(&self) -> bool {
        self.per_s > 0.0
    }

    /// When request `n`, counted from 0, should be sent, from the beginning on; `None` where there is no such request.
    ///
    /// Shape: `now` is how long the run has lasted; a closed loop has no time of its own for any request but this.
    pub fn due(&self, n: u64, now: Duration) -> Option<Duration> {
        let due = if self.is_open_loop() { Duration::from_secs_f64(n as f64 / self.per_s) } else { now };
        (n < self.most && due < self.lasts).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_open_loop_sends_at_its_rate_however_late_it_is() {
        let table = Timetable::new(2_000.0, SECOND * 3, u64::MAX);
        assert_eq!(table.due(0, SECOND), Some(Duration::ZERO), "a late request keeps the time at which it was due");
        assert_eq!(table.due(2_000, Duration::ZERO), Some(SECOND));
        assert_eq!((0..).take_while(|n| table.due(*n, Duration::ZERO).is_some()).count(), 6_000);
    }

    #[test]
    fn a_closed_loop_is_due_at_once_until_its_time_is_over() {
        let table = Timetable::new(0.0, SECOND, u64::MAX);
        assert!(!table.is_open_loop());
        assert_eq!(table.due(1_000_000, SECOND / 2), Some(SECOND / 2));
        assert_eq!(table.due(0, SECOND), None);
    }

    #[test]
    fn nobody_asks_twice_for_want_of_buyers() {
        let table = Timetable::new(1_000.0, SECOND, 10);
        assert!(table.due(9, Duration::ZERO).is_some() && table.due(10, Duration::ZERO).is_none());
    }
}
