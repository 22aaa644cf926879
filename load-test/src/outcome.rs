//! The outcome: what a run came to: its figures, the complaints of the crowd and the violations of the laws.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use sale::verdict::check;
use tokio::time::sleep;

use crate::{
    run::{self, Run},
    scene::Scene,
    verdict::{Counts, Judgement, VerdictArgs, collect},
};

/// A journal whose heart has not beaten for this long is that of a stopped house: only then completeness is judged.
const HEART_STILL: Duration = Duration::from_millis(6_000);
/// How far a journal that can no longer change is looked at into the future: past the end of every promise.
const FAR_MS: i64 = 600_000;
/// Server and crowd share one machine and its clock; what remains is how late a busy crowd looks.
const CLOCK_ERROR_MS: i64 = 50;
/// Lines of each kind that are shown; the rest is counted.
const SHOWN_MAX: usize = 25;

#[derive(Clone, Debug)]
pub struct Outcome {
    /// Figures for people.
    pub report: String,
    /// Everything that is wrong; empty for a run that passed.
    pub wrong: Vec<String>,
}

impl Outcome {
    /// Judges a finished run: the server has stopped, the crowd has left.
    ///
    /// Shape: `must_happen` names counts without which the run proves nothing. Errors: a record that cannot be read.
    pub async fn judge(run: &Run, scene: &Arc<Scene>, took: Duration, must_happen: &[&str]) -> anyhow::Result<Self> {
        let (lines, complaints) = scene.notebook.close()?;
        let mut report = run::report(scene, took);
        let _ = writeln!(report, "  {lines:>7}  observations");
        sleep(HEART_STILL).await;
        let judgement = judge(run).await?;
        let _ = writeln!(report, "\n{}", judgement.table());
        let mut wrong: Vec<String> = complaints.into_iter().map(|text| format!("complaint: {text}")).collect();
        wrong.extend(missing(must_happen, &scene.counts.named()));
        wrong.extend(judgement.violations.iter().map(|v| format!("law {}: {}", v.law, v.text)));
        if !(judgement.counts.still && judgement.counts.ended) {
            wrong.push("nothing was proved: the record is not of a stopped house after its sales".into());
        }
        Ok(Self { report, wrong })
    }

    pub fn passed(&self) -> bool {
        self.wrong.is_empty()
    }

    /// What is wrong, one thing a line.
    pub fn wrong_lines(&self) -> String {
        let mut text = String::new();
        for line in self.wrong.iter().take(SHOWN_MAX) {
            let _ = writeln!(text, "  {line}");
        }
        if self.wrong.len() > SHOWN_MAX {
            let _ = writeln!(text, "  and {} more", self.wrong.len() - SHOWN_MAX);
        }
        text
    }
}

/// Judges a stopped house whose sales are quiet.
///
/// The journal stands as it is for ever: it is judged as of an instant at which every promise has run out, so that
/// what is still open counts as broken and nobody has to wait for it.
async fn judge(run: &Run) -> anyhow::Result<Judgement> {
    let args = VerdictArgs {
        data_dir: run.server.data_dir.clone(),
        seen: vec![run.observations()],
        logs: vec![run.server.log.clone()],
        clock_error_ms: CLOCK_ERROR_MS,
        json: false,
    };
    let mut record = collect(&args).await?;
    record.at = record.at + FAR_MS;
    Ok(Judgement { counts: Counts::of(&record), violations: check(&record) })
}

/// The names that were never counted.
fn missing(must_happen: &[&str], counts: &BTreeMap<String, u64>) -> Vec<String> {
    let never = must_happen.iter().filter(|name| !counts.keys().any(|counted| counted.starts_with(**name)));
    never.map(|name| format!("nothing was proved: {name:?} never happened")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_which_nobody_paid_proves_nothing() {
        let counts = BTreeMap::from([("became held".to_owned(), 3), ("became refused sold_out".to_owned(), 1)]);
        assert!(missing(&["became held", "became refused"], &counts).is_empty());
        assert_eq!(missing(&["became paid"], &counts).len(), 1);
    }

    #[test]
    fn many_wrongs_are_shown_in_part_and_counted() {
        let outcome = Outcome { report: String::new(), wrong: vec!["x".into(); SHOWN_MAX + 3] };
        assert!(!outcome.passed() && outcome.wrong_lines().ends_with("and 3 more\n"));
    }
}
