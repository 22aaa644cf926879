//! The tally: what scenarios ask for, how often, how it ended and how long that took.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use crate::buyer::http::{Answer, Lost};

/// Longer answers are counted as this one.
const MOST_US: u64 = 120_000_000;

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Passed,
    /// By a rule of the shop: sold out, already claimed, a wrong answer.
    Refused,
    /// Too fast: the limiter's own word.
    Limited,
    /// 503: nothing happened, and it was said so.
    Busy,
    /// No answer, or one that nobody may give.
    Failed,
}

impl End {
    pub fn of(answer: &Result<Answer, Lost>) -> Self {
        match answer {
            Ok(answer) if answer.is_ok() => Self::Passed,
            Ok(answer) => match answer.status {
                429 => Self::Limited,
                503 => Self::Busy,
                400..=499 => Self::Refused,
                _ => Self::Failed,
            },
            Err(_) => Self::Failed,
        }
    }
}

/// One row for each kind of act, shared by the crowd.
pub struct Tally {
    /// What the figures of a new row begin with. Units: microseconds, three digits kept.
    empty: Histogram<u64>,
    rows: Mutex<BTreeMap<&'static str, Kept>>,
}

struct Kept {
    ends: Ends,
    first: Instant,
    last: Instant,
    answers_us: Histogram<u64>,
    /// What being turned away by the limiter takes is a figure of its own.
    limited_us: Histogram<u64>,
}

/// How many ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ends {
    pub passed: u64,
    pub refused: u64,
    pub limited: u64,
    pub busy: u64,
    pub failed: u64,
}

impl Ends {
    pub fn all(&self) -> u64 {
        self.passed + self.refused + self.limited + self.busy + self.failed
    }

    fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            refused: self.refused + other.refused,
            limited: self.limited + other.limited,
            busy: self.busy + other.busy,
            failed: self.failed + other.failed,
        }
    }

    fn count(&mut self, end: End) {
        *match end {
            End::Passed => &mut self.passed,
            End::Refused => &mut self.refused,
            End::Limited => &mut self.limited,
            End::Busy => &mut self.busy,
            End::Failed => &mut self.failed,
        } += 1;
    }
}

/// One kind of act in figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    #[serde(flatten)]
    pub ends: Ends,
    /// From the beginning of the first to the end of the last.
    pub span_s: f64,
    /// Of all answers but those of the limiter.
    pub answers: Took,
    pub limited: Took,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Took {
    pub mean_ms: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Tally {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { empty: Histogram::new_with_bounds(1, MOST_US, 3)?, rows: Mutex::default() })
    }

    pub fn note(&self, act: &'static str, end: End, begun: Instant, ended: Instant) {
        let mut rows = self.kept();
        let kept = rows.entry(act).or_insert_with(|| Kept::new(begun, &self.empty));
        kept.ends.count(end);
        (kept.first, kept.last) = (kept.first.min(begun), kept.last.max(ended));
        let histogram = if end == End::Limited { &mut kept.limited_us } else { &mut kept.answers_us };
        histogram.saturating_record((ended - begun).as_micros().clamp(1, MOST_US.into()) as u64);
    }

    pub fn rows(&self) -> BTreeMap<&'static str, Row> {
        self.kept().iter().map(|(act, kept)| (*act, kept.row())).collect()
    }

    /// All acts together: for the progress line.
    pub fn ends(&self) -> Ends {
        self.kept().values().fold(Ends::default(), |sum, kept| sum.and(kept.ends))
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<&'static str, Kept>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn new(begun: Instant, empty: &Histogram<u64>) -> Self {
        let (answers_us, limited_us) = (empty.clone(), empty.clone());
        Self { ends: Ends::default(), first: begun, last: begun, answers_us, limited_us }
    }

    fn row(&self) -> Row {
        Row {
            ends: self.ends,
            span_s: (self.last - self.first).as_secs_f64(),
            answers: Took::of(&self.answers_us),
            limited: Took::of(&self.limited_us),
        }
    }
}

impl Took {
    fn of(us: &Histogram<u64>) -> Self {
        let ms = |us: u64| Duration::from_micros(us).as_secs_f64() * 1e3;
        let at = |q| ms(us.value_at_quantile(q));
        Self { mean_ms: us.mean() / 1e3, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: ms(us.max()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_limiter_turned_away_is_timed_by_itself() {
        let tally = Tally::new().unwrap();
        let begun = Instant::now();
        let after = |ms| begun + Duration::from_millis(ms);
        tally.note("claim", End::Limited, begun, after(3));
        tally.note("claim", End::Passed, begun, after(10));
        tally.note("profile", End::Refused, begun, begun);
        let rows = tally.rows();
        let claim = &rows["claim"];
        assert_eq!((claim.ends.passed, claim.ends.limited, claim.ends.all()), (1, 1, 2));
        assert!((claim.limited.max_ms - 3.0).abs() < 0.1 && (claim.answers.max_ms - 10.0).abs() < 0.1);
        assert!((claim.span_s - 0.010).abs() < 1e-6);
        assert_eq!(tally.ends().all(), 3);
    }

    #[test]
    fn an_answer_that_nobody_may_give_is_a_failure() {
        let answer = |status| {
            let (body, text) = (serde_json::Value::Null, String::new());
            Ok(Answer { status, code: None, retry_after: None, body, text })
        };
        assert_eq!(
            [202, 429, 409, 503, 500].map(|status| End::of(&answer(status))),
            [End::Passed, End::Limited, End::Refused, End::Busy, End::Failed]
        );
        assert_eq!(End::of(&Err(Lost::Unknown)), End::Failed);
    }
}
