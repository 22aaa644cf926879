//! Installing the servers: only what is missing, and nothing started by the package manager.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    aws, postgres,
    progress::say,
    setup::{am_root, run, which},
};

/// Whether a server is there.
type IsThere = fn() -> bool;

/// The servers, and the packages that bring each.
const SERVERS: &[(IsThere, &[&str])] = &[
    (|| which("redis-server").is_some() && which("redis-cli").is_some(), &["redis-server", "redis-tools"]),
    (|| Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server").is_file(), &["rabbitmq-server"]),
    (|| postgres::program("postgres").is_ok(), &["postgresql-15"]),
    (|| which("nginx").is_some(), &["nginx"]),
    (|| which("nft").is_some(), &["nftables"]),
    // What stands in for AWS comes from Python's index, into an environment of its own.
    (|| run(&["python3", "-c", "import venv, ensurepip"], Path::new("/")).is_ok(), &["python3", "python3-venv"]),
];

/// Makes the package manager start nothing. One that is there is somebody's own and is kept.
const POLICY: (&str, &str) = ("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
/// Makes PostgreSQL's package create no database of its own.
const NO_CLUSTER: (&str, &str) = ("/etc/postgresql-common/createcluster.conf", "create_main_cluster = false\n");

/// Brings the servers. Repeat: what is there is left alone. Errors say what to do by hand.
pub fn install() -> Result<()> {
    let missing: Vec<&str> =
        SERVERS.iter().filter(|(is_there, _)| !is_there()).flat_map(|(_, packages)| *packages).copied().collect();
    if !missing.is_empty() {
        bring(&missing).with_context(|| {
            format!(
                "could not install the servers; do it by hand, as root, and run again: apt-get install {}",
                missing.join(" ")
            )
        })?;
    }
    aws::install()
}

/// Brings Debian packages; nothing of theirs is started. Errors: whatever the package manager said.
pub fn bring(packages: &[&str]) -> Result<()> {
    ensure!(which("apt-get").is_some(), "this is not a Debian machine: there is no apt-get");
    say(&format!("installing: {}", packages.join(" ")));
    let policy_is_ours = place(POLICY.0, POLICY.1, "755")?;
    place(NO_CLUSTER.0, NO_CLUSTER.1, "644")?;
    // Stale lists answer 404.
    let installed = as_root(&["apt-get", "update", "-qq"]).and_then(|()| as_root(&apt_install(packages)));
    if policy_is_ours {
        as_root(&["rm", "-f", POLICY.0])?;
    }
    installed
}

fn apt_install<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    for option in ["DPkg::Lock::Timeout=120", "Acquire::Retries=3", "Dpkg::Options::=--force-unsafe-io"] {
        words.extend(["-o", option]);
    }
    words.extend(packages);
    words
}

/// Writes a file where there is none. Returns whether it did.
fn place(file: &str, text: &str, mode: &str) -> Result<bool> {
    if Path::new(file).exists() {
        return Ok(false);
    }
    let draft = std::env::temp_dir().join(format!("stack-install-{}", std::process::id()));
    fs::write(&draft, text)?;
    let placed = as_root(&["install", "-D", "-m", mode, &draft.to_string_lossy(), file]);
    fs::remove_file(&draft)?;
    placed.map(|()| true)
}

fn as_root(words: &[&str]) -> Result<()> {
    let sudo: &[&str] = match (am_root(), which("sudo").is_some()) {
        (true, _) => &[],
        (false, true) => &["sudo", "--preserve-env=DEBIAN_FRONTEND"],
        (false, false) => bail!("installing needs root or sudo"),
    };
    let words = [sudo, words].concat();
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1)).env("DEBIAN_FRONTEND", "noninteractive");
    // What it says goes to our error output: ours is for answers.
    let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status()?;
    ensure!(status.success(), "`{}` ended with {status}", words.join(" "));
    Ok(())
}
