//! Ratelimit: one buyer who never stops. No more may pass than the bucket holds and is given meanwhile.

use clap::Args;

use super::{Criterion, Options, Played, Scenario};
use crate::buyer::visit::{Act, Routine};

/// The bucket of one buyer's claims, as `publisher.accept` has it. A server of our own is given these; of a stack they are told.
#[derive(Clone, Copy, Debug, Args)]
pub struct Bucket {
    /// Claims of one buyer at once.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub capacity: u32,
    /// And so many more in a second.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: u32,
}

impl Bucket {
    pub fn settings(self) -> Vec<(String, String)> {
        let name = |key| format!("MIAOSHA_PUBLISHER__ACCEPT__{key}");
        let (capacity, rate) = (self.capacity.to_string(), self.rate.to_string());
        // An address has a bucket of its own, which would answer first.
        vec![
            (name("CLAIMS_BURST"), capacity),
            (name("CLAIMS_PER_S"), rate),
            (name("ADDRESS_CLAIMS_PER_S"), "0".to_owned()),
        ]
    }

    /// The most that may pass in so many seconds.
    pub fn most(self, span_s: f64) -> u64 {
        u64::from(self.capacity) + (f64::from(self.rate) * span_s) as u64
    }
}

/// One buyer, a request every 0.05 s for 15 s; then no more passed than capacity + rate x time, and the verdict.
#[derive(Clone, Debug, Args)]
#[command(
    mut_arg("buyers", |arg| arg.default_value("1")),
    mut_arg("per_s", |arg| arg.default_value("1")),
    mut_arg("seconds", |arg| arg.default_value("15")),
    mut_arg("rest_min_ms", |arg| arg.default_value("50")),
    mut_arg("rest_max_ms", |arg| arg.default_value("50"))
)]
pub struct RatelimitArgs {
    #[command(flatten)]
    pub options: Options,
    #[command(flatten)]
    pub bucket: Bucket,
}

impl Scenario for RatelimitArgs {
    const NAME: &'static str = "ratelimit";

    fn options(&self) -> &Options {
        &self.options
    }

    fn settings(&self) -> Vec<(String, String)> {
        self.bucket.settings()
    }

    fn routine(&self) -> anyhow::Result<Routine> {
        let rest_ms = self.options.rest_ms()?;
        Ok(Routine { acts: vec![(Act::Knock, 1)], rest_ms, rounds: None, pays: false })
    }

    fn criteria(&self, played: &Played) -> Vec<Criterion> {
        let (ends, buyers) = (played.ends("knock"), u64::from(self.options.buyers));
        let span_s = played.rows.get("knock").map_or(0.0, |row| row.span_s);
        // Each has a bucket of their own.
        let (most, least) = (self.bucket.most(span_s) * buyers, u64::from(self.bucket.capacity) * buyers);
        vec![
            Criterion::all_answered(played),
            Criterion::of(ends.passed <= most, format!("passed in {span_s:.1} s: {} of at most {most}", ends.passed)),
            Criterion::of(ends.passed >= least, format!("passed: {} of at least {least}", ends.passed)),
            Criterion::of(ends.limited > 0, format!("too fast: {} of at least 1", ends.limited)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::parse, tally::Ends};

    #[test]
    fn no_more_pass_than_the_bucket_holds_and_is_given_meanwhile() {
        let limit: RatelimitArgs = parse(&[]);
        let broken = |passed| {
            let ends = Ends { passed, limited: 280, ..Ends::default() };
            Played::default().with("knock", ends, 15.2).broken(&limit)
        };
        assert!(broken(18).is_empty() && broken(3).is_empty());
        assert_eq!(broken(19), ["passed in 15.2 s: 19 of at most 18"]);
        assert_eq!(broken(2), ["passed: 2 of at least 3"]);
    }
}
