//! The options that every scenario has: who comes, how fast, for how long, and to which sale. Each sets its own defaults.

use std::{path::PathBuf, time::Duration};

use anyhow::ensure;
use clap::Args;

use crate::{run::Place, staff::Planned};

/// No opening may be nearer than ten seconds.
const OPENS_IN: Duration = Duration::from_secs(11);

#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(flatten)]
    pub place: Place,
    /// Virtual buyers, each with an account, an address and a socket of their own.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub buyers: u32,
    /// So many arrive in a second, from the opening on.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub per_s: u32,
    /// Seconds from the opening until everybody stops.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,
    /// The shortest rest of a buyer after an act, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 500)]
    pub rest_min_ms: u64,
    /// The longest one.
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    pub rest_max_ms: u64,
    /// Units on sale.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub units: u32,
    /// Places on standby.
    #[arg(long, default_value_t = 0)]
    pub standby: u32,
    /// Units that one buyer may buy.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub purchase_limit: u32,
    /// Seconds that a unit is held for.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..))]
    pub hold_s: u32,
    /// The same seed brings the same people with the same intentions.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Writes the figures down as one JSON object, too.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Options {
    pub fn rest_ms(&self) -> anyhow::Result<(u64, u64)> {
        let rest = (self.rest_min_ms, self.rest_max_ms);
        ensure!(rest.0 <= rest.1, "the shortest rest, {} ms, is longer than the longest, {} ms", rest.0, rest.1);
        Ok(rest)
    }

    pub fn lasts(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    /// The sale that everybody comes to: it closes a little after the last of them has stopped.
    pub(super) fn planned(&self) -> Planned {
        Planned {
            units: self.units,
            standby: self.standby,
            hold_s: self.hold_s,
            purchase_limit: self.purchase_limit.min(self.units),
            opens_in: OPENS_IN,
            // Staff close it; this is for the case that they cannot.
            open_for: self.lasts() + Duration::from_secs(60),
            comebacks: 0,
        }
    }
}
