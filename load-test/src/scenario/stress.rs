//! Stress: everybody claims the same product, again and again. Nobody pays, so that every unit comes back.

use clap::Args;

use super::{Criterion, Options, Played, Scenario};
use crate::buyer::visit::{Act, Routine};

/// 500 buyers, 100 more each second, all after one product; then the verdict.
#[derive(Clone, Debug, Args)]
#[command(
    mut_arg("buyers", |arg| arg.default_value("500")),
    mut_arg("per_s", |arg| arg.default_value("100")),
    mut_arg("units", |arg| arg.default_value("100")),
    mut_arg("standby", |arg| arg.default_value("200")),
    mut_arg("hold_s", |arg| arg.default_value("3"))
)]
pub struct StressArgs {
    #[command(flatten)]
    pub options: Options,
    /// Ninety-nine of a hundred answers take no longer, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    pub p99_ms: u32,
}

impl Scenario for StressArgs {
    const NAME: &'static str = "stress";

    fn options(&self) -> &Options {
        &self.options
    }

    fn routine(&self) -> anyhow::Result<Routine> {
        let rest_ms = self.options.rest_ms()?;
        Ok(Routine { acts: vec![(Act::Claim, 1)], rest_ms, rounds: None, pays: false })
    }

    fn criteria(&self, played: &Played) -> Vec<Criterion> {
        let held = played.stands.holds;
        let p99_ms = played.rows.get("claim").map_or(0.0, |row| row.answers.p99_ms);
        vec![
            Criterion::all_answered(played),
            Criterion::of(held > 0, format!("units that were held: {held} of at least 1")),
            Criterion::of(
                p99_ms <= f64::from(self.p99_ms),
                format!("p99 of the answers: {p99_ms:.1} ms of at most {} ms", self.p99_ms),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::parse, tally::Ends, verdict::Counts};

    #[test]
    fn a_claim_without_an_answer_is_no_success() {
        let stress: StressArgs = parse(&[]);
        let stands = Counts { holds: 5, ..Counts::default() };
        let played = |failed| {
            let ends = Ends { passed: 5, failed, ..Ends::default() };
            Played { stands: stands.clone(), ..Played::default() }.with("claim", ends, 1.0)
        };
        assert!(played(0).broken(&stress).is_empty());
        assert_eq!(played(1).broken(&stress), ["requests without a good answer: 1 of exactly 0"]);
        assert_eq!(Played::default().broken(&stress).len(), 1, "a run in which nobody got a unit proves nothing");
    }

    #[test]
    fn the_defaults_are_those_that_were_asked_for() {
        let stress: StressArgs = parse(&[]);
        let Options { buyers, per_s, seconds, rest_min_ms, rest_max_ms, .. } = stress.options;
        assert_eq!((buyers, per_s, seconds, rest_min_ms, rest_max_ms), (500, 100, 60, 500, 2_000));
    }
}
