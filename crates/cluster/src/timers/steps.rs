//! Steps: the waits that have a queue each.
//!
//! Every whole second up to 20 s; from there each step is a twentieth longer than the one before (rounded down to seconds),
//! until one is longer than a day. So a knock is late by at most 5 % or 1 s, whichever is more.

use std::time::Duration;

const DAY_S: u64 = 24 * 60 * 60;

/// All of them, shortest first.
pub(super) fn all() -> impl Iterator<Item = Duration> {
    let next = |step_s: &u64| (*step_s < DAY_S).then_some(step_s + (step_s / 20).max(1));
    std::iter::successors(Some(1), next).map(Duration::from_secs)
}

/// The shortest step that is long enough; the longest where none is; `None` for what is due.
pub(super) fn step_of(wait_ms: i64) -> Option<Duration> {
    let wait = Duration::from_millis(u64::try_from(wait_ms).ok().filter(|ms| *ms > 0)?);
    all().find(|step| *step >= wait).or_else(|| all().last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knock_is_late_by_a_twentieth_or_a_second_at_most() {
        let longest_ms = all().last().map_or(0, |step| step.as_millis() as i64);
        assert!(longest_ms > DAY_S as i64 * 1000);
        for wait_ms in (1..longest_ms).step_by(997) {
            let late_ms = step_of(wait_ms).map_or(-1, |step| step.as_millis() as i64 - wait_ms);
            assert!((0..=(wait_ms / 20).max(1_000)).contains(&late_ms), "{wait_ms} ms wait, {late_ms} ms late");
        }
    }

    #[test]
    fn what_is_due_waits_nowhere_and_what_is_far_away_waits_in_rounds() {
        assert_eq!([step_of(0), step_of(-5)], [None, None]);
        assert_eq!(step_of(i64::MAX), all().last());
        assert!((150..250).contains(&all().count()), "{} queues", all().count());
    }
}
