//! The steps of `cargo xtask test`, in the order in which a failure is cheapest to find.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result};

use crate::{
    beside::{self, Beside},
    compose, faults,
    install::{self, Tools},
    lint, observe,
    run::{Skipped, command, linted, root, run},
    scenarios, servers, terraform,
};

/// One step: its name, what it shows, and how.
struct Step {
    name: &'static str,
    shows: &'static str,
    run: fn(&Tools) -> Result<()>,
}

/// Needs time more than processors, and what the other builds: it begins when that has ended, and is heard at its own place.
const BESIDE: &str = "infra";
const AFTER: &str = "build";

const STEPS: &[Step] = &[
    Step { name: "format", shows: "the code is formatted", run: |_| cargo(&["fmt", "--all", "--check"]) },
    Step { name: "deny", shows: "dependencies keep our rules", run: deny },
    Step {
        name: "build",
        shows: "everything builds, tests and programs, and no lint complains",
        run: |_| servers::build().map(drop),
    },
    Step {
        name: "rust",
        shows: "unit, contract and property tests, also on real servers that die and come back",
        run: |_| rust(),
    },
    Step {
        name: "mutants",
        shows: "each law switched off is noticed",
        run: |_| cargo(&["test", "--package", "sale", "--features", "mutants", "--quiet"]),
    },
    Step {
        name: "observe",
        shows: "alarms fire when they should, and every name in them is exported",
        run: |_| observe::check(),
    },
    Step {
        name: "compose",
        shows: "docker-compose.yml can be read, and has whom Prometheus asks",
        run: |_| compose::check(),
    },
    Step {
        name: "infra",
        shows: "every module and environment of infra/aws is valid, its tests hold, and one comes up from nothing, sells and goes",
        run: terraform::check,
    },
    Step {
        name: "lint",
        shows: "nothing to say about infrastructure, workflows, images and scripts; every alarm is in the runbook",
        run: lint::check,
    },
    Step { name: "client", shows: "the client library's own tests", run: client },
    Step {
        name: "optimise",
        shows: "the one process and the load test build, optimised",
        run: |_| run(&mut optimise(&["cargo"])),
    },
    Step {
        name: "faults",
        shows: "no law is broken while servers die, stop, forget and are cut off in the middle of a sale",
        run: |_| faults::check(),
    },
    Step { name: "story", shows: "1,000 buyers, 50 units, and the verdict", run: |_| load_test("story") },
    Step {
        name: "scenarios",
        shows: "exactly the units are sold, exactly the bucket passes, and a mixed crowd is served; each with the verdict",
        run: |_| scenarios::check(),
    },
    Step { name: "crash", shows: "30 times kill -9 in one sale, and the verdict", run: |_| load_test("crash") },
    Step {
        name: "browser",
        shows: "the journey in Chromium, phone and desktop",
        run: |tools| node(tools, "static/e2e", &[]),
    },
    Step {
        name: "parts",
        shows: "the same story and the same journey on real servers, two nodes of each role",
        run: parts,
    },
];

pub fn list() -> Result<bool> {
    for step in STEPS {
        println!("{:10} {}", step.name, step.shows);
    }
    Ok(true)
}

/// Format, lints and dependency rules.
pub fn check() -> Result<bool> {
    test(&["format".into(), "deny".into(), "build".into()])
}

/// Runs the chosen steps (all where none is named); goes on after a failure, so that one run shows everything.
pub fn test(only: &[String]) -> Result<bool> {
    let started = Instant::now();
    let tools = install::all()?;
    let chosen: Vec<&Step> = STEPS
        .iter()
        .filter(|step| only.is_empty() || only.iter().any(|word| step.name.contains(word.as_str())))
        .collect();
    let ahead = chosen.iter().any(|step| step.name == "optimise").then(Ahead::start).transpose()?;
    let (mut failed, mut skipped) = (vec![], vec![]);
    let mut beside = None;
    for (number, step) in chosen.iter().enumerate() {
        println!("\n[{}/{}] {}: {}", number + 1, chosen.len(), step.name, step.shows);
        let begun = Instant::now();
        let done = match beside.take_if(|begun: &mut Beside| begun.name == step.name) {
            Some(begun) => begun.end(),
            None => (step.run)(&tools),
        };
        if step.name == AFTER && done.is_ok() && chosen.iter().any(|later| later.name == BESIDE) {
            // Where it cannot be begun it is done at its own place.
            beside = Beside::start(BESIDE).ok();
        }
        match done {
            Ok(()) => println!("[{}/{}] {} ok in {:.0?}", number + 1, chosen.len(), step.name, begun.elapsed()),
            Err(error) if error.is::<Skipped>() => {
                println!("[{}/{}] {} SKIPPED: {error:#}", number + 1, chosen.len(), step.name);
                skipped.push(step.name);
            }
            Err(error) => {
                println!("[{}/{}] {} FAILED: {error:#}", number + 1, chosen.len(), step.name);
                failed.push(step.name);
            }
        }
    }
    drop(ahead);
    println!("\nall steps in {:.0?}{}", started.elapsed(), if failed.is_empty() { "" } else { "; failed:" });
    for name in &failed {
        println!("  {name}");
    }
    if !skipped.is_empty() {
        println!("SKIPPED, so nobody knows: {}", skipped.join(", "));
    }
    let passed = chosen.len() - failed.len() - skipped.len();
    println!("{passed} passed, {} failed, {} skipped", failed.len(), skipped.len());
    Ok(failed.is_empty() && !chosen.is_empty())
}

/// One step, for whoever runs it beside others and holds our input.
pub fn step(name: &str) -> Result<bool> {
    beside::end_with_parent();
    let step = STEPS.iter().find(|step| step.name == name).with_context(|| format!("there is no step {name}"))?;
    let (tools, begun) = (install::all()?, Instant::now());
    (step.run)(&tools)?;
    println!("{name} took {:.0?}, beside other steps", begun.elapsed());
    Ok(true)
}

fn cargo(words: &[&str]) -> Result<()> {
    run(command(&["cargo"]).args(words))
}

/// Builds the one process and the load test, by these words for cargo.
pub fn optimise(cargo: &[&str]) -> Command {
    let mut build = command(cargo);
    build.args(["build", "--release", "--package", "standalone", "--package", "load-test"]);
    build
}

/// The step `optimise` begun early: it takes the processors when nobody else wants them, and the step itself waits at cargo's own lock.
struct Ahead(Child);

impl Ahead {
    fn start() -> Result<Self> {
        // A session is weighed as one by the kernel, so it needs one of its own, with the least weight.
        let quietly = "echo 19 2>/dev/null >/proc/self/autogroup; exec nice -n 19 \"$@\"";
        let mut build = optimise(&["setsid", "sh", "-c", quietly, "sh", "cargo"]);
        // What it has to say, the step says again.
        build.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(build.spawn().context("cannot start building the optimised programs")?))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn rust() -> Result<()> {
    servers::with_servers(servers::TEST, |folder| {
        let mut tests =
            linted(&["test", "--workspace", "--features", "contract/real,stack/real", "--quiet", "--no-fail-fast"]);
        run(tests.env(stack::STACK_ENV, folder))
    })
}

/// The advisory database needs a network that CI may not have; bans, licences and sources do not.
fn deny(_: &Tools) -> Result<()> {
    cargo(&["deny", "--all-features", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"])
}

fn client(tools: &Tools) -> Result<()> {
    node(tools, "static/test", &[])
}

fn parts(tools: &Tools) -> Result<()> {
    servers::with_shop(&servers::build()?, |stack| {
        // Two cores for twenty servers and unoptimised programs: fewer people than elsewhere, the same laws.
        let mut story = command(&["target/release/load-test", "story", "--buyers", "60", "--units", "12", "--stack"]);
        // A story that went wrong does not keep the browsers from showing what they show.
        let story = run(story.arg(stack));
        let journey = node(tools, "static/e2e", &[(stack::STACK_ENV, stack)]);
        story.and(journey)
    })
}

/// Node's own test runner over the `*.test.js` files of a folder.
fn node(tools: &Tools, folder: &str, env: &[(&str, &Path)]) -> Result<()> {
    let mut files = vec![];
    for entry in std::fs::read_dir(root().join(folder))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.js") {
            files.push(path);
        }
    }
    files.sort();
    anyhow::ensure!(!files.is_empty(), "there are no tests in {folder}");
    // In a stack one file at a time, for they look at the same shop and stop and start it; else each has a server of its own.
    let at_once = if env.is_empty() { 2 } else { 1 };
    let mut tests = command(&[&tools.node.to_string_lossy(), "--test", &format!("--test-concurrency={at_once}")]);
    run(tests.args(files).envs(env.iter().copied()))
}

fn load_test(scenario: &str) -> Result<()> {
    run(command(&["target/release/load-test"]).arg(scenario))
}
