//! The runbook: every alarm that can wake somebody has a section in it, every section an alarm, and what CloudWatch is to judge by is
//! a number that our servers export.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::run::committed;

const RUNBOOK: &str = "docs/runbook.md";
const RULES: &str = "infra/observe/rules";
/// The list of every number; a test keeps it equal to what the servers describe.
const NUMBERS: &str = "infra/observe/README.md";
/// Which numbers nodes send to CloudWatch at all, each in quotes on a line of its own.
const SENT: &str = "infra/aws/modules/service/agent.tf";
/// Under this heading each section is an alarm's.
const ALARMS: &str = "## Alarms";
/// Modules that have alarms in a table: `Name = {` or `"Name-${of}" = {`, each on a line of its own.
const TABLES: [&str; 2] = ["infra/aws/modules/observability", "infra/aws/modules/edge"];

/// Compares them in this tree.
pub fn check(tree: &Path) -> Result<()> {
    let mut alarms = BTreeSet::new();
    for file in files(tree, RULES, "yml")? {
        alarms.extend(file.lines().filter_map(|line| line.trim_start().strip_prefix("- alert: ")).map(str::to_owned));
    }
    let (mut tables, mut judged) = (BTreeSet::new(), BTreeSet::new());
    for folder in TABLES {
        for file in files(tree, folder, "tf")?.iter().filter(|file| file.contains("namespace")) {
            tables.extend(file.lines().filter_map(alarm));
            judged.extend(own_numbers(file));
        }
    }
    ensure!(!alarms.is_empty() && !tables.is_empty() && !judged.is_empty(), "no alarms were found");
    let count = (alarms.len(), tables.len());
    alarms.extend(tables);
    let runbook = read(tree, RUNBOOK)?;
    let mut wrong = disagreements(&alarms, &sections(&runbook));
    let numbers = read(tree, NUMBERS)?;
    let sent = read(tree, SENT)?;
    let unsent = judged.iter().filter(|name| !sent.contains(&format!("\"{name}\",")));
    wrong.extend(unsent.map(|name| format!("CloudWatch waits for {name}, which {SENT} does not send")));
    let unknown = judged.iter().filter(|name| !numbers.contains(&format!("| `{name}` |")));
    wrong.extend(unknown.map(|name| format!("CloudWatch waits for {name}, which nobody exports")));
    if !wrong.is_empty() {
        bail!("{RUNBOOK} and the alarms disagree:\n  {}", wrong.join("\n  "));
    }
    println!("  runbook: {} alarms of Prometheus and {} of CloudWatch, each with its section", count.0, count.1);
    Ok(())
}

fn read(tree: &Path, file: &str) -> Result<String> {
    fs::read_to_string(tree.join(file)).with_context(|| file.to_owned())
}

/// The texts of all files of a kind in a folder.
fn files(tree: &Path, folder: &str, ending: &str) -> Result<Vec<String>> {
    let listed = committed(tree, folder)?;
    let of_kind = listed.iter().filter(|file| file.ends_with(&format!(".{ending}")));
    of_kind.map(|file| read(tree, file)).collect()
}

/// The alarm that a line of a table begins, without whom it is of.
fn alarm(line: &str) -> Option<String> {
    let name = line.trim_start().strip_suffix(" = {")?.trim_matches('"');
    let name = name.split("-${").next().unwrap_or(name);
    let fits = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    fits.then(|| name.to_owned())
}

/// Numbers of ours that a table asks CloudWatch for.
fn own_numbers(file: &str) -> Vec<String> {
    let of_ours = file.lines().filter(|line| line.contains("namespace = local.own"));
    of_ours.filter_map(|line| Some(line.split_once("metric = \"")?.1.split_once('"')?.0.to_owned())).collect()
}

/// The sections under the alarms' heading.
fn sections(runbook: &str) -> BTreeSet<String> {
    let under = runbook.split_once(ALARMS).map_or("", |(_, under)| under);
    let under = under.split("\n## ").next().unwrap_or_default();
    under.lines().filter_map(|line| line.strip_prefix("### ")).map(|name| name.trim().to_owned()).collect()
}

fn disagreements(alarms: &BTreeSet<String>, sections: &BTreeSet<String>) -> Vec<String> {
    let missing = alarms.difference(sections).map(|name| format!("{name} has no section"));
    let gone = sections.difference(alarms).map(|name| format!("{name} is no alarm"));
    missing.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_table_is_read() {
        assert_eq!(alarm("      BalancerErrors = {").as_deref(), Some("BalancerErrors"));
        assert_eq!(alarm("    \"NodesFail-${role}\" = {").as_deref(), Some("NodesFail"));
        assert_eq!(alarm("  alarms = {"), None);
        assert_eq!(
            own_numbers(
                "  namespace = local.own, metric = \"x_total\", of = {}\n  namespace = \"AWS/SQS\", metric = \"y\""
            ),
            ["x_total"]
        );
    }

    #[test]
    fn an_alarm_without_a_section_and_a_section_without_an_alarm_are_named() {
        let alarms = BTreeSet::from(["A".to_owned(), "B".to_owned()]);
        let runbook = "# Runbook\n### No\n## Alarms\n### A\ntext\n### C\n## After\n### D\n";
        assert_eq!(disagreements(&alarms, &sections(runbook)), ["B has no section", "C is no alarm"]);
    }
}
