//! The report of a scenario: a table for people, an object for programs.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context;
use serde_json::json;

use super::{Criterion, Played};
use crate::{
    outcome::Outcome,
    tally::{Ends, Took},
};

/// Where it stands, in one line.
pub fn line(ends: Ends) -> String {
    let Ends { passed, refused, limited, busy, failed } = ends;
    let all = ends.all();
    format!("{all} asked, {passed} passed, {refused} refused, {limited} too fast, {busy} busy, {failed} failed")
}

pub fn table(played: &Played, criteria: &[Criterion]) -> String {
    let mut text = format!(
        "\n{:<10} {:>8} {:>8} {:>7} {:>8} {:>9} {:>6} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "", "asked", "passed", "%", "refused", "too fast", "busy", "failed", "avg ms", "p50", "p95", "p99", "max"
    );
    for (act, row) in &played.rows {
        let Ends { passed, refused, limited, busy, failed } = row.ends;
        let all = row.ends.all();
        let percent = passed as f64 * 100.0 / all.max(1) as f64;
        let _ = write!(
            text,
            "{act:<10} {all:>8} {passed:>8} {percent:>7.2} {refused:>8} {limited:>9} {busy:>6} {failed:>7}"
        );
        took(&mut text, row.answers);
        if limited > 0 {
            let _ = write!(text, "{:<10} {:>60}", "", "of those who were too fast");
            took(&mut text, row.limited);
        }
    }
    for criterion in criteria {
        let _ = writeln!(text, "{:<6} {}", if criterion.kept { "kept" } else { "BROKEN" }, criterion.text);
    }
    text
}

fn took(text: &mut String, took: Took) {
    let Took { mean_ms, p50_ms, p95_ms, p99_ms, max_ms } = took;
    let _ = writeln!(text, " {mean_ms:>9.1} {p50_ms:>9.1} {p95_ms:>9.1} {p99_ms:>9.1} {max_ms:>9.1}");
}

/// Writes the figures to a file, passed or not.
pub fn write(
    file: &Path,
    name: &str,
    played: &Played,
    criteria: &[Criterion],
    outcome: &Outcome,
) -> anyhow::Result<()> {
    let object = json!({
        "scenario": name,
        "passed": outcome.passed(),
        "acts": played.rows,
        "criteria": criteria,
        "wrong": outcome.wrong,
        "counts": played.counts,
        "journal": played.stands,
    });
    let text = serde_json::to_string_pretty(&object)?;
    fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_each_act_and_what_was_broken() {
        let ends = Ends { passed: 3, limited: 7, ..Ends::default() };
        let played = Played::default().with("knock", ends, 1.0);
        let criteria = [Criterion::of(true, "this"), Criterion::of(false, "that")];
        let text = table(&played, &criteria);
        assert!(text.contains("knock") && text.contains("30.00") && text.contains("too fast"), "{text}");
        assert!(text.contains("kept   this") && text.contains("BROKEN that"), "{text}");
    }

    #[test]
    fn a_program_reads_the_figures_of_a_run_that_failed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("figures.json");
        let played = Played::default().with("claim", Ends { passed: 2, ..Ends::default() }, 1.0);
        let outcome = Outcome { report: String::new(), wrong: vec!["x".into()], counts: Default::default() };
        write(&file, "stress", &played, &[Criterion::of(false, "x")], &outcome).unwrap();
        let read: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!((&read["passed"], &read["acts"]["claim"]["passed"]), (&json!(false), &json!(2)));
    }
}
