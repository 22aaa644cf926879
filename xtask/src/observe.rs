//! Observing: rules, alarms and pictures say what they should, and every name in them is a number that a server exports.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};

use crate::run::{command, output, root, run};

mod promql;
mod served;
mod written;

use written::{Asked, Listed};

/// Where all of it lies.
const FOLDER: &str = "infra/observe";
/// The programs that read it, and the Debian packages that bring them.
const TOOLS: [(&str, &str); 2] = [("promtool", "prometheus"), ("amtool", "prometheus-alertmanager")];
/// Numbers that Prometheus itself makes.
const OWN: [&str; 2] = ["up", "ALERTS"];
/// Labels that a scrape or a rule adds.
const ADDED_LABELS: [&str; 6] = ["instance", "job", "le", "alertname", "alertstate", "severity"];
/// How the broker's numbers begin.
const BROKER: &str = "rabbitmq_";

/// Checks everything that needs no server; then against one that runs.
pub fn check() -> Result<()> {
    tools()?;
    syntax()?;
    alarms_are_shown()?;
    let pictures_ask = written::pictures()?;
    pictures(&pictures_ask)?;
    let (listed, asked) = (written::listed()?, written::asked(pictures_ask)?);
    names(&listed, &asked)?;
    let exported = served::exported(&expected(&listed, &asked))?;
    agree(&listed, &exported)?;
    broker(&asked)
}

/// Brings what is missing; nothing of it is started.
fn tools() -> Result<()> {
    let missing: Vec<&str> = TOOLS
        .into_iter()
        .filter(|(program, _)| output(&[program, "--version"]).is_none())
        .map(|(_, package)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    stack::bring(&missing).with_context(|| {
        format!("could not install them; do it by hand, as root, and run again: apt-get install {}", missing.join(" "))
    })
}

fn syntax() -> Result<()> {
    let tool = |words: &[&str], files: Vec<String>| run(command(words).args(files));
    tool(&["promtool", "check", "config"], vec![format!("{FOLDER}/prometheus.yml")])?;
    tool(&["promtool", "check", "rules", "--lint=all", "--lint-fatal"], written::files("rules", "yml")?)?;
    tool(&["promtool", "test", "rules"], written::files("tests", "yml")?)?;
    tool(&["amtool", "check-config"], vec![format!("{FOLDER}/alertmanager.yml")])?;
    for (labels, receiver) in [("severity=page", "pager"), ("severity=ticket", "tickets")] {
        let config = format!("--config.file={FOLDER}/alertmanager.yml");
        let to = format!("--verify.receivers={receiver}");
        run(&mut command(&["amtool", "config", "routes", "test", &config, &to, "alertname=Any", labels]))?;
    }
    Ok(())
}

/// What pictures ask is no file of Prometheus's: it is written as rules for the one look.
fn pictures(asked: &[(String, String)]) -> Result<()> {
    let rule = |(number, (_, expression)): (usize, &(String, String))| {
        let expression = expression.replace("$__rate_interval", "1m").replace('\'', "''");
        format!("      - record: picture:n{number}\n        expr: '{expression}'\n")
    };
    let rules: String = asked.iter().enumerate().map(rule).collect();
    let file = root().join("target/observe-pictures.yml");
    std::fs::write(&file, format!("groups:\n  - name: pictures\n    rules:\n{rules}"))?;
    run(command(&["promtool", "check", "rules", "--lint=none"]).arg(&file))?;
    Ok(std::fs::remove_file(&file)?)
}

/// Every alarm has a history in which it fires, and one in which it does not.
fn alarms_are_shown() -> Result<()> {
    let (alarms, shown) = (written::alarms()?, written::shown()?);
    for alarm in &alarms {
        for fires in [true, false] {
            let how = if fires { "fires" } else { "is quiet" };
            ensure!(shown.contains(&(alarm.clone(), fires)), "no test shows how {alarm} {how}");
        }
    }
    println!("{} alarms, each shown as it fires and as it does not", alarms.len());
    Ok(())
}

/// Every name that a rule or a picture asks for is listed or recorded, with labels that it has.
fn names(listed: &[Listed], asked: &[Asked]) -> Result<()> {
    let recorded = written::recorded()?;
    let mut wrong = vec![];
    for Asked { place, number } in asked {
        let name = number.name.as_str();
        if recorded.contains(name) || OWN.contains(&name) || name.starts_with(BROKER) {
            continue;
        }
        let Some(known) = written::find(listed, name) else {
            wrong.push(format!("{place}: nobody exports {name}"));
            continue;
        };
        for label in number.labels.iter().filter(|label| !ADDED_LABELS.contains(&label.as_str())) {
            if !known.labels.contains(label) {
                wrong.push(format!("{place}: {name} has no label {label}"));
            }
        }
        for (label, value) in &number.values {
            let values = known.values.iter().find(|(known, _)| known == label);
            if values.is_some_and(|(_, values)| !values.contains(value)) {
                wrong.push(format!("{place}: {name} never has {label}={value}"));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("rules and pictures ask for what is not there:\n  {}", wrong.join("\n  "));
    }
    let names: BTreeSet<&str> = asked.iter().map(|asked| asked.number.name.as_str()).collect();
    println!("{} names in rules and pictures, {} in the list", names.len(), listed.len());
    let unused = listed.iter().filter(|known| !asked.iter().any(|asked| known.is(&asked.number.name)));
    let unused: Vec<&str> = unused.map(|known| known.name.as_str()).collect();
    ensure!(unused.is_empty(), "no rule and no picture shows {}", unused.join(", "));
    Ok(())
}

/// What the one-process server must export, because somebody asks for it: all but what only the real parts count, and what
/// begins with a word of others.
fn expected(listed: &[Listed], asked: &[Asked]) -> BTreeSet<String> {
    let here = |known: &&Listed| !known.only_cluster() && (known.kind == "gauge" || !known.has_open_label());
    let asked_for = |known: &&Listed| asked.iter().any(|asked| known.is(&asked.number.name));
    listed.iter().filter(here).filter(asked_for).map(|known| known.name.clone()).collect()
}

/// What the server exports is listed as it is.
fn agree(listed: &[Listed], exported: &[served::Exported]) -> Result<()> {
    let mut wrong = vec![];
    for number in exported {
        let Some(known) = listed.iter().find(|known| known.name == number.name) else {
            wrong.push(format!("{} is exported and not listed", number.name));
            continue;
        };
        if known.kind != number.kind {
            wrong.push(format!("{} is a {} and listed as a {}", number.name, number.kind, known.kind));
        }
        if number.labels != known.labels {
            wrong.push(format!("{} has the labels {:?} and listed are {:?}", number.name, number.labels, known.labels));
        }
    }
    if !wrong.is_empty() {
        bail!("the server and the list disagree:\n  {}", wrong.join("\n  "));
    }
    println!("{} numbers of a running server are as they are listed", exported.len());
    Ok(())
}

/// The broker's own names, where one runs to be asked.
fn broker(asked: &[Asked]) -> Result<()> {
    let names: BTreeSet<&str> =
        asked.iter().map(|asked| asked.number.name.as_str()).filter(|name| name.starts_with(BROKER)).collect();
    let Ok(running) = stack::Running::from_env() else {
        println!("{} names of the broker are NOT checked: no stack runs ({})", names.len(), stack::STACK_ENV);
        return Ok(());
    };
    let text = served::get(&running.rabbit_metrics)?;
    for name in &names {
        ensure!(text.lines().any(|line| line.starts_with(&format!("# TYPE {name} "))), "the broker has no {name}");
    }
    println!("{} names of the broker are exported by it", names.len());
    Ok(())
}

/// A folder of the project as it is written in commands that run from the root.
fn folder(name: &str) -> std::path::PathBuf {
    root().join(FOLDER).join(name)
}
