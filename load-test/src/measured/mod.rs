//! What was measured: one report of any scenario, as a file that programs read, a table and a page that people do.

mod meter;
mod page;
mod table;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

pub use meter::{Meter, Metered, Sample};

use crate::sockets::Machine;

/// The quantiles of a curve: as many as can be told apart in a picture.
const QUANTILES: [f64; 12] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Scenario and how it was asked for, in a few words.
    pub name: String,
    /// Where: `one process`, `stack`, or a peer's name.
    pub house: String,
    pub machine: Machine,
    pub seconds: f64,
    /// What there is one of, as `claims a second`.
    pub figures: BTreeMap<String, f64>,
    pub outcomes: BTreeMap<String, u64>,
    pub waits: Vec<Wait>,
    /// What happened a second, over time.
    pub rates: Vec<Series>,
    pub processes: Vec<Metered>,
    /// The verdict over everything; `None` where there is nothing to judge.
    pub passed: Option<bool>,
    pub wrong: Vec<String>,
}

/// One latency. Units: microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    pub name: String,
    pub count: u64,
    pub p50_us: u64,
    pub p99_us: u64,
    pub p999_us: u64,
    pub max_us: u64,
    /// Quantile and value.
    pub curve: Vec<(f64, u64)>,
}

/// Seconds from the beginning, and a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

impl Wait {
    pub fn of(name: &str, all: &Histogram<u64>) -> Self {
        let at = |quantile| all.value_at_quantile(quantile);
        Self {
            name: name.into(),
            count: all.len(),
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: all.max(),
            curve: QUANTILES.iter().map(|quantile| (*quantile, at(*quantile))).collect(),
        }
    }
}

impl Report {
    pub fn new(name: String, house: &str) -> Self {
        Self {
            name,
            house: house.into(),
            machine: Machine::this(),
            seconds: 0.0,
            figures: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            waits: vec![],
            rates: vec![],
            processes: vec![],
            passed: None,
            wrong: vec![],
        }
    }

    pub fn figure(&mut self, name: &str, value: f64) {
        self.figures.insert(name.into(), value);
    }

    /// A latency, where there was any.
    pub fn wait(&mut self, name: &str, all: Option<&Histogram<u64>>) {
        self.waits.extend(all.map(|all| Wait::of(name, all)));
    }

    pub fn table(&self) -> String {
        table::table(self)
    }

    /// Writes it where it was asked for.
    pub fn write(&self, files: &Files) -> anyhow::Result<()> {
        let write = |path: &Path, text: String| {
            fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
        };
        if let Some(path) = &files.json {
            write(path, serde_json::to_string_pretty(self)? + "\n")?;
        }
        if let Some(path) = &files.html {
            write(path, page::page(self))?;
        }
        Ok(())
    }
}

/// Where a report goes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Files {
    /// Where the report goes, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<std::path::PathBuf>,
    /// Where the report goes, as a page with plots.
    #[arg(long, value_name = "FILE")]
    pub html: Option<std::path::PathBuf>,
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A report with something of everything in it.
    pub fn example() -> Report {
        let mut all = Histogram::new_with_bounds(1, 60_000_000, 3).unwrap();
        (1..=1000u64).for_each(|ms| all.record(ms * 1000).unwrap());
        let mut report = Report::new("rush <accepted>".into(), "one process");
        report.wait("claim -> answer", Some(&all));
        report.figure("claims a second", 1234.5);
        report.outcomes.insert("accepted".into(), 1000);
        report.rates.push(Series { name: "answers".into(), points: vec![(0.0, 10.0), (1.0, 20.0)] });
        let samples = vec![Sample { at_s: 0.5, cpu: 0.5, mib: 30.0 }, Sample { at_s: 1.0, cpu: 1.5, mib: 31.0 }];
        report.processes.push(Metered { name: "server".into(), cpu_us: 2_000_000.0, peak_mib: 31.0, samples });
        report
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { json: Some(folder.path().join("a.json")), html: Some(folder.path().join("a.html")) };
        example().write(&files).unwrap();
        let read: Report = serde_json::from_str(&fs::read_to_string(files.json.unwrap()).unwrap()).unwrap();
        assert_eq!((&read.waits, &read.rates), (&example().waits, &example().rates));
        assert!((read.waits[0].p99_us as f64 / 990_000.0 - 1.0).abs() < 0.01);
        assert!(fs::read_to_string(files.html.unwrap()).unwrap().starts_with("<!doctype html>"));
    }
}
