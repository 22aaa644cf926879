//! The bench: our sockets against the floor and against what others would use, in one run on one machine.

mod bar;
mod claims;
mod growth;
mod load;
mod page;
mod parts;
mod rows;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use bar::Bar;
pub use parts::{Part, bench};

use crate::{
    install,
    run::{command, root, run},
    steps::optimise,
};

/// What is measured, ours last: by then the machine is warm for everybody.
const AGAINST: [&str; 7] = ["floor", "axum", "axum-tuned", "ws", "socketio", OURS, SIGNED_IN];
const OURS: &str = "ours";
/// Ours again, with another buyer behind every socket.
const SIGNED_IN: &str = "signed-in";
/// Those that are written for Node.
const NODE_PEERS: [&str; 2] = ["ws", "socketio"];
const PEERS: &str = "load-test/peers";

#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// What to measure; everything where nothing is named.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Sockets to hold on each server.
    #[arg(long, default_value_t = 15_000)]
    sockets: u32,
    /// How often everybody is told something.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Of the sockets only these servers, beside the floor and ours; of the claims only the runs of these
    /// names; of growth only these ladders.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// A folder with `miaosha` and `load-test` built already; without it they are built for release.
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
}

/// Measures everybody, prints one table and leaves JSON and a page in `target/bench`. Returns whether every bar is met.
fn sockets(args: &BenchArgs) -> Result<bool> {
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let programs = match &args.programs {
        Some(programs) => programs.clone(),
        None => build()?,
    };
    let chosen = chosen(&args.only);
    let node =
        if chosen.iter().any(|name| NODE_PEERS.contains(name)) { install::node_with(PEERS)? } else { "node".into() };
    let mut reports = vec![];
    for name in chosen {
        let file = folder.join(format!("{name}.json"));
        println!("\n{name}");
        // A figure of yesterday is none of today.
        let _ = fs::remove_file(&file);
        match measure(args, &programs, &node, name, &file) {
            Ok(report) => reports.push((name, report)),
            // One peer that does not run is no reason to say nothing of the others.
            Err(error) => println!("{name} is not measured: {error:#}"),
        }
    }
    let (table, bars) = (table::table(&reports), table::bars(&reports));
    println!("\n{table}\n{}", bar::told(&bars));
    let all = json!({
        "sockets": args.sockets,
        "bars": bars.iter().map(Bar::json).collect::<Vec<_>>(),
        "reports": reports.iter().map(|(name, report)| json!({"name": name, "report": report})).collect::<Vec<_>>(),
    });
    fs::write(folder.join("bench.json"), serde_json::to_string_pretty(&all)? + "\n")?;
    fs::write(folder.join("bench.html"), page::page(&reports, &table, &bars))?;
    println!("written to {}", folder.display());
    Ok(!bars.is_empty() && bars.iter().all(Bar::is_met))
}

/// The floor and ours always, both kinds of it: a figure without them is no ratio.
fn chosen(only: &[String]) -> Vec<&'static str> {
    let wanted = |name: &&str| {
        only.is_empty() || only.iter().any(|word| word == name) || ["floor", OURS, SIGNED_IN].contains(name)
    };
    AGAINST.into_iter().filter(wanted).collect()
}

fn build() -> Result<PathBuf> {
    run(&mut optimise(&["cargo"]))?;
    Ok(root().join("target/release"))
}

fn measure(args: &BenchArgs, programs: &Path, node: &Path, name: &str, file: &Path) -> Result<Value> {
    let against = if name == SIGNED_IN { OURS } else { name };
    let mut sockets = command(&[&programs.join("load-test").to_string_lossy(), "sockets", "--against", against]);
    if name == SIGNED_IN {
        sockets.arg("--signed-in");
    }
    sockets.args(["--sockets", &args.sockets.to_string(), "--rounds", &args.rounds.to_string()]);
    sockets.arg("--server").arg(programs.join("miaosha"));
    sockets.arg("--peers").arg(root().join(PEERS)).arg("--node").arg(node).arg("--json").arg(file);
    run(&mut sockets)?;
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).context("the report does not read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_and_ours_are_always_measured() {
        assert_eq!(chosen(&[]), AGAINST);
        assert_eq!(chosen(&["ws".into()]), ["floor", "ws", "ours", "signed-in"]);
    }
}
