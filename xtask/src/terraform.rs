//! The infrastructure: how it is written; what terraform says of every module and environment: whether it is valid, and whether
//! its tests hold, for which providers are mocked; and whether an environment comes up from nothing on the stand-in for AWS, sells, and
//! goes again.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result, anyhow, bail, ensure};

use applied::Applied;

use crate::{
    install::Tools,
    run::{Skipped, at_once, command, output, root, said},
    servers,
};

mod applied;
mod forgotten;
mod planted;

/// Where all of it lies.
const FOLDER: &str = "infra/aws";
/// What terraform keeps for itself.
const KEPT: &str = "target/terraform";
/// Names a folder that is laid out as a mirror of providers, for machines that reach no registry.
const PLUGINS: &str = "TERRAFORM_PLUGIN_DIR";
/// Where such a machine keeps what it was given besides its system, if nobody says where.
const ADDED: &str = "/opt";
/// How a mirror begins.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// Checks everything. Skipped, not passed, where there is no terraform: no package index that we use carries it.
pub fn check(tools: &Tools) -> Result<()> {
    if output(&["terraform", "version"]).is_none() {
        bail!(Skipped("there is no terraform here; install 1.11 or newer by hand to test infra/aws".into()));
    }
    let mut folders = folders()?;
    let count = folders.len();
    fs::create_dir_all(root().join(KEPT).join("plugins"))?;
    let terraform = Terraform { mirror: mirror(), aws: root().join(FOLDER), kept: root().join(KEPT) };
    terraform.formatted()?;
    let programs = servers::build()?;
    // Alone, so that where a registry is asked it is asked once: the others find the provider in the cache.
    let first = folders.pop_front().context("there is nothing to test")?;
    let mut wrong: Vec<String> = terraform.judge(&first).err().into_iter().collect();
    // An apply is nearly all waiting, so it does so while the others work.
    let (rest, applied) = thread::scope(|scope| {
        let applying = scope.spawn(|| Applied::from_nothing(&terraform, &programs));
        let rest = at_once(folders, |folder| terraform.judge(folder).err());
        (rest, applying.join().unwrap_or_else(|_| Err(anyhow!("the thread that applied"))))
    });
    wrong.extend(rest);
    ensure!(wrong.is_empty(), "{} of {count} folders: {}", wrong.len(), wrong.join(", "));
    println!("{count} folders are valid and their tests hold");
    let applied = applied?;
    applied.sells(&tools.node, &programs)?;
    applied.stays()?;
    applied.redraws()?;
    let (noticed, destroyed) = thread::scope(|scope| {
        let destroying = scope.spawn(|| applied.destroyed());
        (planted::noticed(&terraform), destroying.join().unwrap_or_else(|_| Err(anyhow!("the thread that destroyed"))))
    });
    println!("{} planted faults are noticed", noticed?);
    destroyed
}

/// Everything that has tests: what begins an account, the environments, the modules.
fn folders() -> Result<VecDeque<String>> {
    let mut found = VecDeque::from(["bootstrap".to_owned()]);
    for group in ["environments", "modules"] {
        let mut names = vec![];
        for entry in fs::read_dir(root().join(FOLDER).join(group))? {
            names.push(format!("{group}/{}", entry?.file_name().to_string_lossy()));
        }
        names.sort();
        found.extend(names);
    }
    Ok(found)
}

/// The mirror that the machine names, or one that lies where such things are kept.
fn mirror() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PLUGINS) {
        return Some(named.into());
    }
    let mut added = fs::read_dir(ADDED).ok()?.flatten().map(|entry| entry.path());
    added.find(|folder| folder.join(PROVIDER).is_dir())
}

struct Terraform {
    mirror: Option<PathBuf>,
    /// The folder that it looks at: ours, or a copy.
    aws: PathBuf,
    /// What it keeps for itself.
    kept: PathBuf,
}

impl Terraform {
    /// The same, looking at a copy of all of it.
    fn over(&self, tree: &Path) -> Self {
        Self { mirror: self.mirror.clone(), aws: tree.join(FOLDER), kept: tree.join("kept") }
    }

    fn formatted(&self) -> Result<()> {
        let place = format!("-chdir={}", self.aws.display());
        said(&mut command(&["terraform", &place, "fmt", "-check", "-recursive", "-diff", "-no-color"])).map(drop)
    }

    /// What terraform says of one folder; where it complains, all of it is shown and the folder's name is the error.
    fn judge(&self, folder: &str) -> Result<(), String> {
        let told = self.told(folder);
        let (word, text) = match &told {
            Ok(last) => ("ok", last.clone()),
            Err(error) => ("FAILED", format!("{error:#}")),
        };
        println!("  {folder}: {word} {text}");
        told.map(drop).map_err(|_| folder.to_owned())
    }

    /// The last line of its tests.
    fn told(&self, folder: &str) -> Result<String> {
        let place = self.aws.join(folder);
        ensure!(place.join("tests").is_dir(), "it has no tests");
        let mut init = self.command(folder, &["init", "-backend=false", "-input=false"]);
        // What is deployed is locked, and the lock must fit; a module is locked by whoever uses it.
        if is_root(folder) {
            init.arg("-lockfile=readonly");
        }
        init.args(self.plugins());
        said(&mut init).with_context(|| match &self.mirror {
            Some(_) => "cannot be initialised".to_owned(),
            None => format!("cannot be initialised; without a registry {PLUGINS} must name a mirror of providers"),
        })?;
        // With what is deployed every module is validated that it is made of; a module's own tests begin with the same.
        if is_root(folder) {
            said(&mut self.command(folder, &["validate"]))?;
        }
        let tests = said(&mut self.command(folder, &["test"]))?;
        let last = tests.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        // Green without a test would be no news.
        ensure!(last.starts_with("Success!") && !last.contains(" 0 passed"), "{tests}");
        Ok(last.trim_start_matches("Success! ").to_owned())
    }

    /// Where providers are found, for `init`.
    fn plugins(&self) -> Option<String> {
        self.mirror.as_ref().map(|mirror| format!("-plugin-dir={}", mirror.display()))
    }

    /// Terraform in that folder of ours.
    fn command(&self, folder: &str, words: &[&str]) -> Command {
        self.command_in(&self.aws.join(folder), &folder.replace('/', "-"), words)
    }

    /// Terraform anywhere; what it keeps lies by this name, and the provider once for all.
    fn command_in(&self, place: &Path, name: &str, words: &[&str]) -> Command {
        let mut terraform = command(&["terraform", &format!("-chdir={}", place.display())]);
        terraform.args(words).arg("-no-color");
        terraform.env("TF_DATA_DIR", self.kept.join(format!("data-{name}"))).env("TF_IN_AUTOMATION", "1");
        // Most of its time goes into reading the provider's schema again and again; with more memory a third of it is saved.
        terraform.env("GOGC", "400");
        match &self.mirror {
            // A mirror is used in place; settings of the machine would only lead elsewhere.
            Some(_) => terraform.env_remove("TF_CLI_CONFIG_FILE").env_remove("TF_PLUGIN_CACHE_DIR"),
            None => terraform
                .env("TF_PLUGIN_CACHE_DIR", root().join(KEPT).join("plugins"))
                .env("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE", "1"),
        };
        terraform
    }
}

/// Whether it is applied itself, and not only used by others.
fn is_root(folder: &str) -> bool {
    !folder.starts_with("modules/")
}
