//! The scenarios: what a crowd of one kind does for a while, and what must have come of it besides the laws.
//!
//! One file each. They differ in how many come, how fast, what they do and what is asked afterwards; the player is the same.

mod burst;
mod mixed;
mod options;
mod orders;
mod oversell;
mod player;
mod ratelimit;
mod report;
mod stress;

use std::collections::BTreeMap;

pub use self::{
    burst::BurstArgs, mixed::MixedArgs, options::Options, orders::OrdersArgs, oversell::OversellArgs, player::play,
    ratelimit::RatelimitArgs, stress::StressArgs,
};
use crate::{
    buyer::visit::Routine,
    tally::{Ends, Row},
    verdict::Counts,
};

/// One description for the player.
pub trait Scenario {
    const NAME: &'static str;

    fn options(&self) -> &Options;

    /// What everybody does. Errors: options that contradict each other.
    fn routine(&self) -> anyhow::Result<Routine>;

    /// What must hold besides the laws.
    fn criteria(&self, played: &Played) -> Vec<Criterion>;

    /// Settings of a server of our own; a stack has its own.
    fn settings(&self) -> Vec<(String, String)> {
        vec![]
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// What was asked for, by the name of the act.
    pub rows: BTreeMap<&'static str, Row>,
    /// What the crowd counted.
    pub counts: BTreeMap<String, u64>,
    /// What stands in the journal.
    pub stands: Counts,
}

impl Played {
    /// How the acts of this name ended; nothing where there were none.
    pub fn ends(&self, act: &str) -> Ends {
        self.rows.get(act).map(|row| row.ends).unwrap_or_default()
    }

    /// Those that nobody may give: no answer, a wrong one, or a server that was busy.
    pub fn unanswered(&self) -> u64 {
        self.rows.values().map(|row| row.ends.failed + row.ends.busy).sum()
    }
}

/// One thing that must hold, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Criterion {
    pub kept: bool,
    pub text: String,
}

impl Criterion {
    pub fn of(kept: bool, text: impl Into<String>) -> Self {
        Self { kept, text: text.into() }
    }

    /// Nothing was left without an answer.
    fn all_answered(played: &Played) -> Self {
        let left = played.unanswered();
        Self::of(left == 0, format!("requests without a good answer: {left} of exactly 0"))
    }
}

#[cfg(test)]
impl Played {
    /// For the tests of what is asked: acts of this name that ended so, within `span_s`.
    fn with(mut self, act: &'static str, ends: Ends, span_s: f64) -> Self {
        self.rows.insert(act, Row { ends, span_s, ..Row::default() });
        self
    }

    fn broken(&self, scenario: &impl Scenario) -> Vec<String> {
        let all = scenario.criteria(self);
        all.into_iter().filter(|criterion| !criterion.kept).map(|criterion| criterion.text).collect()
    }
}

/// The options of a scenario as they would be on its command line.
#[cfg(test)]
fn parse<A: clap::Args>(words: &[&str]) -> A {
    let command = A::augment_args(clap::Command::new("scenario").no_binary_name(true));
    A::from_arg_matches(&command.get_matches_from(words)).unwrap()
}
