//! The list of commands: `cargo xtask <command>`.

// A command line speaks on its standard output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod install;
mod run;
mod steps;

use std::process::ExitCode;

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
    /// Only installs what the tests need.
    Install,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test { only } => steps::test(&only),
        Command::List => steps::list(),
        Command::Check => steps::check(),
        Command::Run { args } => run::server(&args),
        Command::Install => install::all().map(|_| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
