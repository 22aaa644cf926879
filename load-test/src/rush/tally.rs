//! The tally: what one run of claims came to, as its driver counts it.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use sale::{ids::ClaimId, time::UnixMs};

use crate::buyer::frame::ClaimSeen;

/// Longer waits are counted as this one.
const MOST_US: u64 = 120_000_000;
/// One entry of a curve over time.
pub const TICK: Duration = Duration::from_millis(100);

/// How long something took, over and over.
#[derive(Clone, Debug)]
pub struct Waits(Option<Histogram<u64>>);

impl Default for Waits {
    fn default() -> Self {
        // Three digits of up to two minutes are within what a histogram can hold.
        Self(Histogram::new_with_bounds(1, MOST_US, 3).ok())
    }
}

impl Waits {
    pub fn note(&mut self, took: Duration) {
        if let Some(all) = &mut self.0 {
            all.saturating_record(took.as_micros().clamp(1, u128::from(MOST_US)) as u64);
        }
    }

    pub fn all(&self) -> Option<&Histogram<u64>> {
        self.0.as_ref().filter(|all| !all.is_empty())
    }
}

/// So much happened in each tenth of a second since the beginning. Bound: one entry for each.
#[derive(Clone, Debug, Default)]
pub struct Ticks(Vec<u32>);

impl Ticks {
    pub fn note(&mut self, since: Duration) {
        let tick = (since.as_millis() / TICK.as_millis()) as usize;
        if self.0.len() <= tick {
            self.0.resize(tick + 1, 0);
        }
        self.0[tick] += 1;
    }

    /// Seconds from the beginning, and how much a second.
    pub fn per_s(&self) -> Vec<(f64, f64)> {
        let tick_s = TICK.as_secs_f64();
        self.0.iter().enumerate().map(|(n, count)| ((n as f64 + 0.5) * tick_s, f64::from(*count) / tick_s)).collect()
    }
}

/// 202, or `accepted`.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    pub at: UnixMs,
    pub buyer: usize,
    pub item: usize,
    pub claim_id: ClaimId,
}

/// A state of a claim as it was told on the socket of `buyer`.
#[derive(Clone, Debug)]
pub struct Told {
    pub at: UnixMs,
    pub buyer: usize,
    pub claim: ClaimSeen,
}

#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub sent: u64,
    pub answered: u64,
    /// No connection was free when they were due: where this is most, the client was the limit or the server did not keep up.
    pub sent_late: u64,
    /// From when a claim should have been sent to its receipt or refusal.
    pub answers: Waits,
    /// From when a claim should have been sent to its first decided state.
    pub results: Waits,
    /// From the receipt to the first decided state.
    pub decisions: Waits,
    pub answered_at: Ticks,
    pub decided_at: Ticks,
    pub decided: u64,
    /// From the beginning to the last answer, and to the last result.
    pub answering: Duration,
    pub deciding: Duration,
    pub receipts: Vec<Receipt>,
    pub told: Vec<Told>,
    pub outcomes: BTreeMap<String, u64>,
    pub complaints: Vec<String>,
}

/// Complaints beyond this many say nothing new.
const COMPLAINTS_MAX: usize = 50;

impl Tally {
    pub fn count(&mut self, outcome: &str) {
        match self.outcomes.get_mut(outcome) {
            Some(count) => *count += 1,
            None => _ = self.outcomes.insert(outcome.to_owned(), 1),
        }
    }

    pub fn complain(&mut self, text: impl Into<String>) {
        if self.complaints.len() < COMPLAINTS_MAX {
            self.complaints.push(text.into());
        }
    }

    pub fn accepted(&self) -> u64 {
        self.outcomes.get(super::drive::ACCEPTED).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_counted_in_its_tenth_of_a_second() {
        let mut ticks = Ticks::default();
        [10, 20, 110, 350].into_iter().for_each(|ms| ticks.note(Duration::from_millis(ms)));
        let per_s: Vec<f64> = ticks.per_s().into_iter().map(|(_, per_s)| per_s).collect();
        assert_eq!(per_s, [20.0, 10.0, 0.0, 10.0]);
    }

    #[test]
    fn outcomes_are_counted_by_name_and_complaints_are_bounded() {
        let mut tally = Tally::default();
        (0..3).for_each(|_| tally.count("sold_out"));
        (0..1_000).for_each(|_| tally.complain("x"));
        assert_eq!((tally.outcomes["sold_out"], tally.complaints.len()), (3, COMPLAINTS_MAX));
    }
}
