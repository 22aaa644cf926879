//! Claims, measured: which runs of `load-test` are made, in which house, and where their reports lie.

use std::{fs, path::Path};

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    bar::{Bar, told},
    load::Load,
    rows::{beside, rows},
};
use crate::servers;

/// Seconds of each run: long enough for a tail, short enough for a coffee.
const FOR: &str = "--for 8";
/// A rate that the bars name.
pub const CHAIN_RATE: f64 = 2_000.0;
/// Each needs a buyer; no server of ours takes more within the time.
const CLAIMS_MAX: &str = "60000";

/// So many claims wait for their receipt at one time: a crowd, so that batches are full. RabbitMQ alone is measured so, too.
const ACCEPTED_AT_ONCE: u32 = 512;

/// So many claims wait for their decision at one time: enough for full batches, and few enough to be told within the second
/// that the verdict grants.
const DECIDED_AT_ONCE: u32 = 1_500;
const DECIDED_MAX: u32 = DECIDED_AT_ONCE * 20;

/// Enough to take some seconds wherever they are decided; as many holds end together later, and no law excuses a sweeper that
/// falls behind.
const LAID: u32 = 20_000;
/// Low enough for a house to keep up, so that what differs is the number of sales.
const SALES_RATE: u32 = 1_000;

/// Everything that was measured in one house, by the names below.
pub type Reports = Vec<(&'static str, Value)>;

pub const AXUM: &str = "axum";
pub const REFUSED: &str = "refused";
pub const REFUSED_SOCKET: &str = "refused-socket";
pub const CLOSED: &str = "closed";
pub const TOO_FAST: &str = "too-fast";
pub const ACCEPTED: &str = "accepted";
pub const HALF: &str = "accepted-half";
pub const HTTP: &str = "accepted-http";
pub const SOCKET: &str = "accepted-socket";
pub const DECIDED: &str = "decided";
/// Claims that no door took in: they were laid on the queue.
pub const DECIDE: &str = "decide";
/// The same for one item alone, as at most sales: one partition, one consumer.
pub const DECIDE_ONE: &str = "decide-one-item";
/// The same claims a second, spread over so many sales that are open at the same time.
pub const SALES: [(&str, u32); 4] = [("sales-1", 1), ("sales-4", 4), ("sales-16", 16), ("sales-64", 64)];
pub const CHAIN: &str = "chain";
pub const STANDBY: &str = "standby";

/// One process of ours, in its own folder. Returns whether every bar is met.
pub fn in_one_process(programs: &Path, folder: &Path, only: &[String]) -> Result<bool> {
    let load = Load { programs, stack: None, folder: folder.join("claims") };
    House { name: "one process", load, only }.measure()
}

/// The real parts: a cluster of Redis, RabbitMQ, PostgreSQL with a replica, two nodes of each role, all on this machine.
pub fn on_a_stack(folder: &Path, only: &[String]) -> Result<bool> {
    let programs = servers::build_optimised()?;
    let mut met = false;
    servers::with_measured_shop(&programs, |stack| {
        let load = Load { programs: &programs, stack: Some(stack), folder: folder.join("claims-on-a-stack") };
        met = House { name: "stack", load, only }.measure()?;
        Ok(())
    })?;
    Ok(met)
}

struct House<'a> {
    name: &'static str,
    load: Load<'a>,
    /// The names of these runs alone; all where none is named.
    only: &'a [String],
}

impl House<'_> {
    fn measure(&self) -> Result<bool> {
        fs::create_dir_all(&self.load.folder)?;
        let mut all: Reports = vec![];
        let at_2k = format!("--rate {CHAIN_RATE} {FOR}");
        self.add(&mut all, AXUM, &format!("rush --against axum --rate 0 {FOR}"));
        self.add(&mut all, REFUSED, &format!("rush --kind sold-out --rate 0 {FOR}"));
        self.add(&mut all, REFUSED_SOCKET, &format!("rush --kind sold-out --over socket --rate 0 {FOR}"));
        self.add(&mut all, CLOSED, &format!("rush --kind closed --rate 0 {FOR}"));
        self.add(&mut all, TOO_FAST, &format!("rush --kind too-fast --rate 0 {FOR}"));
        self.add(&mut all, ACCEPTED, &format!("rush --rate 0 --claims {CLAIMS_MAX} --lines {ACCEPTED_AT_ONCE} {FOR}"));
        if let Some(half) = half_rate(&all) {
            self.add(&mut all, HALF, &format!("rush --rate {half:.0} --lines {ACCEPTED_AT_ONCE} {FOR}"));
        }
        self.add(&mut all, HTTP, &format!("rush {at_2k} --items 8"));
        self.add(&mut all, SOCKET, &format!("rush {at_2k} --over socket"));
        self.add(
            &mut all,
            DECIDED,
            &format!(
                "rush --over socket --until-decided --rate 0 --claims {DECIDED_MAX} --lines {DECIDED_AT_ONCE} {FOR}"
            ),
        );
        self.add(&mut all, DECIDE, &format!("decide --claims {LAID}"));
        self.add(&mut all, DECIDE_ONE, &format!("decide --claims {LAID} --items 1"));
        for (name, sales) in SALES {
            self.add(&mut all, name, &format!("rush --rate {SALES_RATE} --sales {sales} --lines 256 {FOR}"));
        }
        self.add(&mut all, CHAIN, &format!("chain {at_2k}"));
        self.add(&mut all, STANDBY, "standby");
        let rows = rows(&all);
        println!("\nclaims, {}:\n{}\n{}", self.name, told(&rows), beside(&all));
        self.write(&all, &rows)?;
        Ok(!rows.is_empty() && rows.iter().all(Bar::is_met))
    }

    /// One that fails is no reason to say nothing of the others; it is missing in the rows.
    fn add(&self, all: &mut Reports, name: &'static str, words: &str) {
        if !(self.only.is_empty() || self.only.iter().any(|word| word == name)) {
            return;
        }
        println!("\n{name}, {}", self.name);
        match self.load.run(name, words) {
            Ok(report) => all.push((name, report)),
            Err(error) => println!("{name} is not measured: {error:#}"),
        }
    }

    fn write(&self, all: &Reports, rows: &[Bar]) -> Result<()> {
        let reports: Vec<Value> = all.iter().map(|(name, report)| json!({"name": name, "report": report})).collect();
        let bars: Vec<Value> = rows.iter().map(Bar::json).collect();
        let text = serde_json::to_string_pretty(&json!({"house": self.name, "bars": bars, "reports": reports}))?;
        fs::write(self.load.folder.join("claims.json"), text + "\n")?;
        let links: String =
            all.iter().map(|(name, _)| format!("<li><a href=\"{name}.html\">{name}</a></li>\n")).collect();
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Claims, measured</title>\n\
             <h1>Claims, measured: {}</h1>\n<pre>{}\n{}</pre>\n<ul>\n{links}</ul></html>\n",
            self.name,
            told(rows),
            beside(all)
        );
        fs::write(self.load.folder.join("claims.html"), page)?;
        println!("written to {}", self.load.folder.display());
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
