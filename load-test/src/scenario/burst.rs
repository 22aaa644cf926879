//! Burst: many requests of one buyer at once. Exactly the bucket passes; after the wait that was asked for one more does.

use anyhow::ensure;
use clap::Args;

use super::{Criterion, Options, Played, Scenario, ratelimit::Bucket};
use crate::buyer::visit::{Act, Routine};

/// 10 requests of one buyer at once; then exactly the bucket's burst passed, after the stated wait one more, and the verdict.
#[derive(Clone, Debug, Args)]
#[command(
    mut_arg("buyers", |arg| arg.default_value("1")),
    mut_arg("per_s", |arg| arg.default_value("1")),
    mut_arg("seconds", |arg| arg.default_value("4")),
    mut_arg("units", |arg| arg.default_value("1"))
)]
pub struct BurstArgs {
    #[command(flatten)]
    pub options: Options,
    #[command(flatten)]
    pub bucket: Bucket,
    /// Requests at once, each on a connection of its own.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub requests: u32,
}

impl Scenario for BurstArgs {
    const NAME: &'static str = "burst";

    fn options(&self) -> &Options {
        &self.options
    }

    fn settings(&self) -> Vec<(String, String)> {
        self.bucket.settings()
    }

    fn routine(&self) -> anyhow::Result<Routine> {
        let (requests, capacity) = (self.requests, self.bucket.capacity);
        ensure!(requests > capacity, "{requests} requests do not exceed a bucket of {capacity}");
        let rest_ms = self.options.rest_ms()?;
        Ok(Routine { acts: vec![(Act::Burst(requests as usize), 1)], rest_ms, rounds: Some(1), pays: true })
    }

    fn criteria(&self, played: &Played) -> Vec<Criterion> {
        let (knocks, after) = (played.ends("knock"), played.ends("claim"));
        let buyers = u64::from(self.options.buyers);
        let span_s = played.rows.get("knock").map_or(0.0, |row| row.span_s);
        let least = u64::from(self.bucket.capacity) * buyers;
        // The same unless the burst took so long that the bucket was given something meanwhile.
        let most = self.bucket.most(span_s) * buyers;
        let limited = u64::from(self.requests) * buyers - knocks.passed.min(u64::from(self.requests) * buyers);
        vec![
            Criterion::all_answered(played),
            Criterion::of(
                (least..=most).contains(&knocks.passed),
                format!("passed at once: {} of exactly {least}", knocks.passed),
            ),
            Criterion::of(
                knocks.limited == limited,
                format!("the rest, each with its wait: {} of exactly {limited}", knocks.limited),
            ),
            Criterion::of(after.passed == buyers, format!("passed after the wait: {} of {buyers}", after.passed)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::parse, tally::Ends};

    fn played(passed: u64, limited: u64, after: u64, span_s: f64) -> Played {
        let knocks = Played::default().with("knock", Ends { passed, limited, ..Ends::default() }, span_s);
        knocks.with("claim", Ends { passed: after, ..Ends::default() }, 0.1)
    }

    #[test]
    fn exactly_the_bucket_passes_and_one_more_after_the_wait() {
        let burst: BurstArgs = parse(&[]);
        assert!(played(3, 7, 1, 0.1).broken(&burst).is_empty());
        assert_eq!(played(4, 6, 1, 0.1).broken(&burst), ["passed at once: 4 of exactly 3"]);
        assert_eq!(played(3, 7, 0, 0.1).broken(&burst), ["passed after the wait: 0 of 1"]);
        assert_eq!(played(3, 6, 1, 0.1).broken(&burst), ["the rest, each with its wait: 6 of exactly 7"]);
        assert!(played(4, 6, 1, 1.1).broken(&burst).is_empty(), "a slow machine's burst refills the bucket");
    }

    #[test]
    fn a_burst_that_fits_shows_nothing() {
        let burst: BurstArgs = parse(&["--capacity", "10"]);
        assert!(burst.routine().is_err());
    }
}
