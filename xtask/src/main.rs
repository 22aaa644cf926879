//! The list of commands: `cargo xtask <command>`.

// A command line speaks on its standard output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod beside;
mod compose;
mod crowd;
mod faults;
mod install;
mod lint;
mod observe;
mod planted;
mod run;
mod runbook;
mod scenarios;
mod servers;
mod steps;
mod terraform;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// What the project can do for you.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what the tests need, runs every test and cleans up.
    Test {
        /// Only the steps whose name contains one of these words; see `cargo xtask list`.
        only: Vec<String>,
    },
    /// The steps of `test`.
    List,
    /// Format, lints and dependency rules alone.
    Check,
    /// The one-process server in release mode; everything after `--` goes to it.
    Run { args: Vec<String> },
    /// The shop on real servers: starts what does not run, and says where it is.
    Up(servers::UpArgs),
    /// Stops what `up` started; what was stored stays for the next `up`.
    Down {
        /// Removes what was stored, too.
        #[arg(long)]
        wipe: bool,
    },
    /// How each server of `up` is.
    Status,
    /// The log of one server of `up`, or the last lines of all.
    Logs { name: Option<String> },
    /// Breaks the servers of a full stack in the middle of a sale, and reports what became of it.
    Faults(faults::FaultsArgs),
    /// Measures sockets and claims against the least that is possible and against other servers.
    Bench(bench::BenchArgs),
    /// Holds 300,000 sockets on this machine, on twenty publishers of a stack, and says what that costs.
    Crowd(crowd::CrowdArgs),
    /// Only installs what the tests need.
    Install,
    /// One step, for whoever runs it beside others.
    #[command(hide = true)]
    Step { name: String },
    /// Ends the stack of a folder when its standard input ends.
    #[command(hide = true)]
    Guard { folder: PathBuf },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test { only } => steps::test(&only),
        Command::Step { name } => steps::step(&name),
        Command::List => steps::list(),
        Command::Check => steps::check(),
        Command::Run { args } => run::server(&args),
        Command::Up(args) => servers::up(args),
        Command::Down { wipe } => servers::down(wipe),
        Command::Status => servers::status(),
        Command::Logs { name } => servers::logs(name.as_deref()),
        Command::Guard { folder } => servers::guard(&folder),
        Command::Faults(args) => faults::run(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Crowd(args) => crowd::crowd(&args),
        Command::Install => install::all().map(|_| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.is::<run::Skipped>() => {
            eprintln!("{error:#}");
            ExitCode::from(beside::SKIPPED)
        }
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
