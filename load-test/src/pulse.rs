//! The pulse: what the crowd does and hears, tenth of a second by tenth of a second.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use kit::clock::SystemClock;
use sale::{port::clock::Clock, time::UnixMs};
use serde::{Deserialize, Serialize};

/// One thing that happened to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// A claim went out.
    Asked,
    Receipt,
    /// A first decided state was told.
    Decided,
    /// A buyer was told that the unit is theirs.
    Paid,
    /// 503, or `unavailable` on the socket.
    Busy,
    /// A call without an answer, or a socket cut.
    Lost,
}

/// What happened within one tenth of a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenth {
    /// Its beginning.
    pub at: UnixMs,
    pub asked: u32,
    pub receipts: u32,
    pub decided: u32,
    pub paid: u32,
    pub busy: u32,
    pub lost: u32,
    /// The earliest result of a claim that went out within this tenth.
    pub first_told: Option<UnixMs>,
    /// The longest that an answer took to a claim that went out within this tenth by HTTP.
    pub slowest_answer_ms: Option<i64>,
}

/// Shared by the crowd. Bound: one entry for each tenth of a second of the run.
#[derive(Debug, Default)]
pub struct Pulse(Mutex<BTreeMap<i64, Tenth>>);

const TENTH_MS: i64 = 100;

impl Pulse {
    pub fn beat(&self, beat: Beat) {
        self.change(SystemClock.now(), |tenth| {
            let count = match beat {
                Beat::Asked => &mut tenth.asked,
                Beat::Receipt => &mut tenth.receipts,
                Beat::Decided => &mut tenth.decided,
                Beat::Paid => &mut tenth.paid,
                Beat::Busy => &mut tenth.busy,
                Beat::Lost => &mut tenth.lost,
            };
            *count += 1;
        });
    }

    /// A claim was decided, and its buyer has waited for so long.
    pub fn decided(&self, took: Duration) {
        self.beat(Beat::Decided);
        let now = SystemClock.now();
        self.change(now + -(took.as_millis() as i64), |tenth| {
            tenth.first_told = Some(tenth.first_told.map_or(now, |first| first.min(now)));
        });
    }

    /// A claim by HTTP was answered, or its answer given up, after so long.
    pub fn answered(&self, took: Duration) {
        let ms = took.as_millis() as i64;
        self.change(SystemClock.now() + -ms, |tenth| tenth.slowest_answer_ms = tenth.slowest_answer_ms.max(Some(ms)));
    }

    /// All of it, oldest first; tenths in which nothing happened are left out.
    pub fn tenths(&self) -> Vec<Tenth> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn change(&self, at: UnixMs, change: impl FnOnce(&mut Tenth)) {
        let n = at.0.div_euclid(TENTH_MS);
        let mut tenths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(tenths.entry(n).or_insert_with(|| Tenth { at: UnixMs(n * TENTH_MS), ..Tenth::default() }));
    }
}

/// The longest that an answer took to a claim that went out between these.
pub fn slowest_answer(tenths: &[Tenth], from: UnixMs, to: UnixMs) -> Option<i64> {
    tenths.iter().filter(|tenth| tenth.at >= from && tenth.at < to).filter_map(|tenth| tenth.slowest_answer_ms).max()
}

/// When the first claim that went out at `from` or later was decided; `None` where none was.
pub fn first_decision(tenths: &[Tenth], from: UnixMs) -> Option<UnixMs> {
    tenths.iter().filter(|tenth| tenth.at >= from).filter_map(|tenth| tenth.first_told).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_claims_that_went_out_afterwards_show_that_decisions_are_back() {
        let tenth = |at, told: Option<i64>| Tenth { at: UnixMs(at), first_told: told.map(UnixMs), ..Tenth::default() };
        let tenths =
            [tenth(900, Some(5_000)), tenth(1_000, None), tenth(1_100, Some(7_000)), tenth(1_200, Some(6_500))];
        assert_eq!(first_decision(&tenths, UnixMs(1_000)), Some(UnixMs(6_500)));
        assert_eq!(first_decision(&tenths, UnixMs(2_000)), None);
    }

    #[test]
    fn an_answer_belongs_to_the_moment_of_its_question() {
        let tenth = |at, ms: Option<i64>| Tenth { at: UnixMs(at), slowest_answer_ms: ms, ..Tenth::default() };
        let tenths = [tenth(900, Some(5_000)), tenth(1_000, Some(40)), tenth(1_100, Some(70)), tenth(1_200, Some(900))];
        assert_eq!(slowest_answer(&tenths, UnixMs(1_000), UnixMs(1_200)), Some(70));
        assert_eq!(slowest_answer(&tenths, UnixMs(2_000), UnixMs(3_000)), None);
    }

    #[test]
    fn beats_are_counted_where_they_fall() {
        let pulse = Pulse::default();
        [Beat::Asked, Beat::Asked, Beat::Busy].into_iter().for_each(|beat| pulse.beat(beat));
        pulse.decided(Duration::from_secs(5));
        let tenths = pulse.tenths();
        assert_eq!(
            tenths.iter().map(|t| (t.asked, t.decided, t.busy)).fold((0, 0, 0), |a, b| (
                a.0 + b.0,
                a.1 + b.1,
                a.2 + b.2
            )),
            (2, 1, 1)
        );
        assert!(tenths[0].first_told.is_some_and(|told| told - tenths[0].at >= 5_000));
    }
}
