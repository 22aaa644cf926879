//! Programs that run once while a server is set up: to their end, their words kept for the error.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// Runs to the end and returns what it printed. Errors: an exit code other than 0, with what it said.
pub fn run(words: &[&str], folder: &Path) -> Result<String> {
    let line = words.join(" ");
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1)).current_dir(folder).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("cannot start `{line}`"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !output.status.success() {
        bail!("`{line}` ended with {}:\n{}\n{}", output.status, said(&output.stdout), said(&output.stderr));
    }
    Ok(said(&output.stdout))
}

/// Where a program is: on the path, or where Debian keeps what only root calls.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|folder| folder.join(program)).find(|file| file.is_file())
}

pub fn am_root() -> bool {
    rustix::process::geteuid().is_root()
}
