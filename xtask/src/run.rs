//! Running other programs: from the project's root, with the reason when one fails.

use std::{
    collections::VecDeque,
    fmt, panic,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, bail, ensure};

/// So many at a time: a provider of terraform's takes 600 MB of memory, a linter a whole processor.
const PARALLEL: usize = 2;

/// No failure and no success: what a step needs is not to be had on this machine. It is said loudly, and counted.
#[derive(Debug)]
pub struct Skipped(pub String);

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skipped {}

/// The project's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A command of these words, started from the root.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1)).current_dir(root());
    command
}

/// A cargo command whose compiler is Clippy with warnings denied, as `cargo clippy` would start it: one build compiles and
/// lints, where a lint of its own would compile every dependency once more. Whoever builds for the tests builds with this,
/// for cargo keeps what this compiler made apart from what rustc made.
pub fn linted(words: &[&str]) -> Command {
    let mut cargo = command(&["cargo"]);
    cargo.args(words).env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    cargo.env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
    cargo
}

/// Runs to the end; an exit code other than 0 is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let words = words(command);
    let status = command.status().with_context(|| format!("cannot start `{words}`"))?;
    if !status.success() {
        bail!("`{words}` ended with {status}");
    }
    Ok(())
}

/// What it prints; where it fails, that is the error.
pub fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start `{}`", words(command)))?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(output.status.success(), "{text}");
    Ok(text)
}

/// Does work for each, some at a time; returns what each has to say.
pub fn at_once<T: Send, R: Send>(jobs: VecDeque<T>, work: impl Fn(&T) -> Option<R> + Sync) -> Vec<R> {
    let jobs = Mutex::new(jobs);
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || std::iter::from_fn(next).filter_map(|job| work(&job)).collect::<Vec<_>>();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..PARALLEL).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .collect()
    })
}

/// Every file in a folder of that tree that is, or would be, committed; `.` is all of it.
pub fn committed(tree: &Path, folder: &str) -> Result<Vec<String>> {
    let words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder];
    let output = command(&words).current_dir(tree).output().context("cannot ask git")?;
    ensure!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// What a command prints, or `None` where it cannot be started or fails.
pub fn output(words: &[&str]) -> Option<String> {
    let output = command(words).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn words(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into_owned()));
    words.join(" ")
}

/// `cargo run --release` with these arguments.
pub fn server(args: &[String]) -> Result<bool> {
    let mut cargo = command(&["cargo", "run", "--release", "--package", "standalone", "--"]);
    run(cargo.args(args))?;
    Ok(true)
}
