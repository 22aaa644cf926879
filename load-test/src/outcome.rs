//! The outcome: what a run came to: its figures, the complaints of the crowd and the violations of the laws.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use crate::{
    run::{self, Run},
    scene::Scene,
};

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
        let mut wrong: Vec<String> = complaints.into_iter().map(|text| format!("complaint: {text}")).collect();
        wrong.extend(missing(must_happen, &scene.counts.named()));
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
