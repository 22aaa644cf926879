//! The verdict: collects what everybody wrote down about a house's sales, and judges it by the laws.

mod broker;
mod collect;
mod ledger;
pub mod letters;
mod log;
mod papers;
mod provider;
mod report;
mod share;

use std::{io::Write as _, path::PathBuf};

use clap::Args;
use sale::verdict::{Record, Violation, check};

use crate::house::Stack;
pub use broker::BrokerAt;
pub use collect::{collect, saw};
pub use ledger::LedgerAt;
pub use papers::Papers;
pub use report::Counts;
pub use share::Share;

/// Judges the sales of a data folder or of a stack, stopped or running.
#[derive(Clone, Debug, Args)]
pub struct VerdictArgs {
    /// The server's data folder: journal, provider record and mails.
    #[arg(long, value_name = "FOLDER", default_value = "./var")]
    pub data_dir: PathBuf,
    /// The folder of a full stack, instead.
    #[arg(long, value_name = "FOLDER", conflicts_with = "data_dir")]
    pub stack: Option<PathBuf>,
    /// What clients saw, one JSON object a line; may be given several times.
    #[arg(long = "seen", value_name = "FILE")]
    pub seen: Vec<PathBuf>,
    /// A log of the server, searched for what must never stand in one; may be given several times.
    #[arg(long = "log", value_name = "FILE")]
    pub logs: Vec<PathBuf>,
    /// How far the clients' clocks may have been off the server's, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 50)]
    pub clock_error_ms: i64,
    /// One JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What the laws say of a record.
#[derive(Clone, Debug)]
pub struct Judgement {
    pub counts: Counts,
    pub violations: Vec<Violation>,
}

impl Judgement {
    pub fn of(record: &Record) -> Self {
        Self { counts: Counts::of(record), violations: check(record) }
    }

    pub fn passed(&self) -> bool {
        self.violations.is_empty()
    }

    /// For people: a table of the laws, then each violation.
    pub fn table(&self) -> String {
        report::table(self)
    }

    pub fn json(&self) -> String {
        report::json(self)
    }
}

/// Collects and judges. Errors: a part that is there and cannot be read; a part that is missing is left unjudged.
pub async fn judge(args: &VerdictArgs) -> anyhow::Result<Judgement> {
    let papers = match &args.stack {
        Some(folder) => Papers::of_stack(&Stack::read(folder)?)?,
        None => Papers::in_folder(&args.data_dir, args.logs.clone()),
    };
    let mut record = collect(&papers).await?;
    saw(&args.seen, args.clock_error_ms, &mut record)?;
    Ok(Judgement::of(&record))
}

/// Prints the verdict; true if no law was broken.
pub async fn run(args: VerdictArgs) -> anyhow::Result<bool> {
    let judgement = judge(&args).await?;
    let text = if args.json { judgement.json() } else { judgement.table() };
    // A closed pipe changes nothing about the verdict.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(judgement.passed())
}
