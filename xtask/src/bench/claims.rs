//! Claims, measured: which runs of `load-test` are made, in which house, and where their reports lie.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{
    bar::{Bar, told},
    rows::rows,
};
use crate::{
    run::{command, run},
    servers,
};

/// Seconds of each run: long enough for a tail, short enough for a coffee.
const FOR_S: &str = "8";
/// A rate that the bars name.
pub const CHAIN_RATE: f64 = 2_000.0;
/// Each needs a buyer; no server of ours takes more within the time.
const CLAIMS_MAX: &str = "60000";

/// So many claims wait for their decision at one time: enough for full batches, and few enough to be told within the second
/// that the verdict grants.
const DECIDED_AT_ONCE: u32 = 1_500;
const DECIDED_MAX: u32 = DECIDED_AT_ONCE * 20;

/// Everything that was measured in one house, by the names below.
pub type Reports = Vec<(&'static str, Value)>;

pub const AXUM: &str = "axum";
pub const REFUSED: &str = "refused";
pub const REFUSED_SOCKET: &str = "refused-socket";
pub const ACCEPTED: &str = "accepted";
pub const HALF: &str = "accepted-half";
pub const HTTP: &str = "accepted-http";
pub const SOCKET: &str = "accepted-socket";
pub const DECIDED: &str = "decided";
pub const CHAIN: &str = "chain";
pub const STANDBY: &str = "standby";

/// One process of ours, in its own folder. Returns whether every bar is met.
pub fn in_one_process(programs: &Path, folder: &Path, only: &[String]) -> Result<bool> {
    let house = House { name: "one process", programs, stack: None, folder: folder.join("claims"), only };
    house.measure()
}

/// The real parts: a cluster of Redis, RabbitMQ, PostgreSQL with a replica, two nodes of each role, all on this machine.
pub fn on_a_stack(folder: &Path, only: &[String]) -> Result<bool> {
    let programs = servers::build_optimised()?;
    let mut met = false;
    servers::with_measured_shop(&programs, |stack| {
        let folder = folder.join("claims-on-a-stack");
        let house = House { name: "stack", programs: &programs, stack: Some(stack), folder, only };
        met = house.measure()?;
        Ok(())
    })?;
    Ok(met)
}

struct House<'a> {
    name: &'static str,
    programs: &'a Path,
    stack: Option<&'a Path>,
    folder: PathBuf,
    /// The names of these runs alone; all where none is named.
    only: &'a [String],
}

impl House<'_> {
    fn measure(&self) -> Result<bool> {
        fs::create_dir_all(&self.folder)?;
        let mut all: Reports = vec![];
        let at_2k = format!("--rate {CHAIN_RATE}");
        self.add(&mut all, AXUM, "rush --against axum --rate 0");
        self.add(&mut all, REFUSED, "rush --kind sold-out --rate 0");
        self.add(&mut all, REFUSED_SOCKET, "rush --kind sold-out --over socket --rate 0");
        self.add(&mut all, ACCEPTED, &format!("rush --rate 0 --claims {CLAIMS_MAX}"));
        if let Some(half) = half_rate(&all) {
            self.add(&mut all, HALF, &format!("rush --rate {half:.0}"));
        }
        self.add(&mut all, HTTP, &format!("rush {at_2k} --items 8"));
        self.add(&mut all, SOCKET, &format!("rush {at_2k} --over socket"));
        self.add(
            &mut all,
            DECIDED,
            &format!("rush --over socket --until-decided --rate 0 --claims {DECIDED_MAX} --lines {DECIDED_AT_ONCE}"),
        );
        self.add(&mut all, CHAIN, &format!("chain {at_2k}"));
        self.add(&mut all, STANDBY, "standby");
        let rows = rows(&all);
        println!("\nclaims, {}:\n{}", self.name, told(&rows));
        self.write(&all, &rows)?;
        Ok(!rows.is_empty() && rows.iter().all(Bar::is_met))
    }

    /// One that fails is no reason to say nothing of the others; it is missing in the rows.
    fn add(&self, all: &mut Reports, name: &'static str, words: &str) {
        if !(self.only.is_empty() || self.only.iter().any(|word| word == name)) {
            return;
        }
        println!("\n{name}, {}", self.name);
        match self.run(name, words) {
            Ok(report) => all.push((name, report)),
            Err(error) => println!("{name} is not measured: {error:#}"),
        }
    }

    fn run(&self, name: &str, words: &str) -> Result<Value> {
        let (json, html) = (self.folder.join(format!("{name}.json")), self.folder.join(format!("{name}.html")));
        // A figure of yesterday is none of today.
        let _ = fs::remove_file(&json);
        let mut load = command(&[&self.programs.join("load-test").to_string_lossy()]);
        load.args(words.split_whitespace());
        if !words.starts_with(STANDBY) {
            load.args(["--for", FOR_S]);
        }
        match self.stack {
            Some(stack) => load.arg("--stack").arg(stack),
            None => load.arg("--server").arg(self.programs.join("miaosha")),
        };
        run(load.arg("--json").arg(&json).arg("--html").arg(&html))?;
        let text = fs::read_to_string(&json).with_context(|| format!("cannot read {}", json.display()))?;
        serde_json::from_str(&text).context("the report does not read")
    }

    fn write(&self, all: &Reports, rows: &[Bar]) -> Result<()> {
        let reports: Vec<Value> = all.iter().map(|(name, report)| json!({"name": name, "report": report})).collect();
        let bars: Vec<Value> = rows.iter().map(Bar::json).collect();
        let text = serde_json::to_string_pretty(&json!({"house": self.name, "bars": bars, "reports": reports}))?;
        fs::write(self.folder.join("claims.json"), text + "\n")?;
        let links: String =
            all.iter().map(|(name, _)| format!("<li><a href=\"{name}.html\">{name}</a></li>\n")).collect();
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Claims, measured</title>\n\
             <h1>Claims, measured: {}</h1>\n<pre>{}</pre>\n<ul>\n{links}</ul></html>\n",
            self.name,
            told(rows)
        );
        fs::write(self.folder.join("claims.html"), page)?;
        println!("written to {}", self.folder.display());
        Ok(())
    }
}

/// Half of what is promised, where that much is reached; else half of what is.
fn half_rate(all: &Reports) -> Option<f64> {
    let rate = |name| super::rows::figure(all, name, super::rows::RATE);
    Some(rate(ACCEPTED)?.min(rate(AXUM)? * super::rows::ACCEPTED_TIMES) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_measured_at_half_of_what_is_reached_and_promised() {
        let report = |rate: f64| json!({"figures": {super::super::rows::RATE: rate}});
        let all = |ours: f64| -> Reports { vec![(AXUM, report(100_000.0)), (ACCEPTED, report(ours))] };
        assert_eq!(half_rate(&all(50_000.0)), Some(15_000.0));
        assert_eq!(half_rate(&all(10_000.0)), Some(5_000.0));
        assert_eq!(half_rate(&vec![]), None);
    }
}
