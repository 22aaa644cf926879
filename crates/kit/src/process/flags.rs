//! Flags: the command line that every server of ours understands.

use std::path::PathBuf;

use clap::{Args, Command, FromArgMatches};

use crate::config::Overrides;

/// To be flattened into a command line.
#[derive(Debug, Default, Args)]
pub struct Flags {
    /// A file with settings; see --manual.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Any setting, as in --set server.log_filter=debug.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
    /// Prints every setting with its default and meaning, and ends.
    #[arg(long)]
    pub manual: bool,
}

/// The command line of a server on the real parts.
#[derive(Debug, Args)]
pub(super) struct Cli {
    #[command(flatten)]
    pub flags: Flags,
    /// Prints a new key ring for [keys], and ends.
    #[arg(long)]
    pub new_keys: bool,
    /// Asks the server that runs with these settings whether it is ready; the exit code says so. For health checks.
    #[arg(long)]
    pub is_ready: bool,
}

impl Cli {
    /// Ends the process where help, the version or nonsense is asked for.
    pub fn of(name: &'static str, about: &'static str, version: &'static str) -> Self {
        let command = Self::augment_args(Command::new(name).about(about).version(version));
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

impl Flags {
    /// What stands above file and environment.
    pub fn over(&self, overrides: Overrides) -> Overrides {
        self.set.iter().fold(overrides, |all, (key, value)| all.set(key, value))
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
