//! The crowd: as many sockets as one machine can be asked to hold, on many publishers, and what that costs.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use stack::{Stack, apps};

use crate::{
    run::{command, root, run},
    servers,
};

/// Many systems let one process open 20,000 files.
const PER_PUBLISHER: u32 = 15_000;
const PER_SOURCE: u32 = 900;
/// Memory of the servers, their own and the kernel's, for 300,000 sockets.
const MEMORY_MOST_GIB: f64 = 1.9;
const TOLD_MOST_MS: f64 = 3_000.0;
const BARS_ARE_OF: f64 = 300_000.0;

#[derive(Clone, Debug, Args)]
pub struct CrowdArgs {
    /// Sockets to hold, in all.
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u32).range(1..=300_000))]
    sockets: u32,
    /// How often everybody is told something.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// What the crowd cost.
struct Cost {
    sockets: f64,
    own_gib: f64,
    kernel_gib: f64,
    told_ms: f64,
}

/// Holds them on a full stack of its own, tells them of an opening, and says what it took. Returns whether the bars are met.
pub fn crowd(args: &CrowdArgs) -> Result<bool> {
    stack::install()?;
    let programs = servers::build_optimised()?;
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let file = folder.join("crowd.json");
    let publishers = args.sockets.div_ceil(PER_PUBLISHER);
    servers::with_servers(servers::TEST, |stack| {
        apps::start(Stack::open(stack)?.running(), &plan(&programs, publishers)?)?;
        println!("{publishers} publishers");
        let mut sockets = command(&[&programs.join("load-test").to_string_lossy(), "sockets", "--stack"]);
        sockets.arg(stack).args(["--sockets", &args.sockets.to_string(), "--rounds", &args.rounds.to_string()]);
        sockets.args(["--clients", &publishers.to_string(), "--per-source", &PER_SOURCE.to_string()]);
        run(sockets.arg("--json").arg(&file)).inspect_err(|_| keep_logs(stack, &folder.join("crowd-logs")))
    })?;
    let cost = Cost::read(&file)?;
    println!("{}", cost.told());
    Ok(cost.meets_the_bars())
}

fn plan(programs: &Path, publishers: u32) -> Result<apps::Plan> {
    let plan =
        apps::Plan { publishers: publishers.try_into()?, consumers: 1, generals: 1, ..apps::Plan::new(programs) };
    Ok(plan
        .set("MIAOSHA_HTTP__MAX_CONNECTIONS", (PER_PUBLISHER + 2_000).to_string())
        .set("MIAOSHA_PUBLISHER__PUSH__SOCKETS_MAX", (PER_PUBLISHER + 1_000).to_string())
        .set("MIAOSHA_PUBLISHER__PUSH__SOCKETS_PER_ADDRESS", (PER_SOURCE + 200).to_string())
        // The sum over all nodes stays below what the database takes.
        .set("MIAOSHA_JOURNAL__WRITERS_MAX", "2")
        .set("MIAOSHA_JOURNAL__READERS_MAX", "2")
        // As many as there are processes already.
        .set("MIAOSHA_PUBLISHER__PUSH__REACTORS", "1"))
}

/// The stack is wiped at the end, and with it what its servers said.
fn keep_logs(stack: &Path, folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    match fs::rename(stack.join("log"), folder) {
        Ok(()) => println!("the servers' logs are in {}", folder.display()),
        Err(error) => println!("the servers' logs are lost: {error}"),
    }
}

impl Cost {
    fn read(file: &Path) -> Result<Self> {
        let report: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        Self::of(&report).with_context(|| format!("{} is no report of sockets", file.display()))
    }

    fn of(report: &Value) -> Option<Self> {
        let gib = |bytes: f64| bytes / f64::from(1 << 30);
        let sockets = report["sockets"].as_f64()?;
        Some(Self {
            sockets,
            own_gib: gib(report["resident_kib"].as_f64()? * 1024.0),
            // Both ends of a connection are on this machine, and one of them is ours.
            kernel_gib: gib(report["kernel_bytes_per_socket"].as_f64()? / 2.0 * sockets),
            told_ms: report["rounds"][0]["first_to_last_ms"].as_f64()?,
        })
    }

    fn meets_the_bars(&self) -> bool {
        let part = self.sockets / BARS_ARE_OF;
        self.own_gib + self.kernel_gib <= MEMORY_MOST_GIB * part && self.told_ms <= TOLD_MOST_MS * part
    }

    fn told(&self) -> String {
        format!(
            "{} sockets held: {:.2} GiB of the publishers' own and {:.2} GiB of the kernel's, together at most {MEMORY_MOST_GIB} for \
             300,000; told of the opening in {:.0} ms from the first to the last, at most {TOLD_MOST_MS}: {}",
            self.sockets,
            self.own_gib,
            self.kernel_gib,
            self.told_ms,
            if self.meets_the_bars() { "met" } else { "MISSED" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_bars_shrink_with_the_crowd() {
        let report = |sockets: f64, told_ms: f64| json!({"sockets": sockets, "resident_kib": 262_144, "kernel_bytes_per_socket": 10_240.0, "rounds": [{"first_to_last_ms": told_ms}]});
        let met = |sockets, told_ms| Cost::of(&report(sockets, told_ms)).unwrap().meets_the_bars();
        assert!(met(300_000.0, 2_999.0) && !met(300_000.0, 3_001.0) && !met(150_000.0, 2_000.0));
        assert!(!met(30_000.0, 10.0), "a quarter of a GiB is too much for so few");
        assert!(Cost::of(&json!({})).is_none());
    }
}
