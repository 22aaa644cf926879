//! Limits: how many files this process, and the server it starts, may hold open.

use anyhow::{Context, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beside sockets: logs, the observation file, the runtime's own.
const SPARE_FILES: u64 = 200;

/// Raises the soft limit to the hard one; a child inherits it.
///
/// Units: open files of one process. Errors: where even the hard limit is below what `buyers` need.
pub fn raise_open_files(buyers: u64) -> anyhow::Result<()> {
    // One socket and one connection for calls; a second device has both again, and few buyers have one.
    raise_to_hold(buyers * 2 + buyers / 4).with_context(|| format!("for {buyers} buyers"))
}

/// As [`raise_open_files`], for so many sockets.
pub fn raise_to_hold(sockets: u64) -> anyhow::Result<()> {
    let need = sockets + SPARE_FILES;
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.unwrap_or(u64::MAX);
    ensure!(most >= need, "{need} open files are needed and this machine allows {most}: ask for fewer");
    setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum })
        .context("cannot raise the limit of open files")
}
