//! The outcome: what a run came to: its figures, the complaints of the crowd and the violations of the laws.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use sale::{
    ids::SaleId,
    verdict::{Record, record::Left},
};
use tokio::time::{Instant, sleep};

use crate::{
    house::House,
    run::{self, Run},
    scene::Scene,
    verdict::{Counts, Judgement, Papers, Share, collect, saw},
};

/// A journal whose heart has not beaten for this long is that of a stopped house: only then completeness is judged.
const HEART_STILL: Duration = Duration::from_millis(6_000);
/// A stack goes on: where its papers are the same after so long, nothing of the run is in flight.
const SETTLED_FOR: Duration = Duration::from_millis(3_000);
/// A stack that does not come to rest within this long never will.
const SETTLE_MAX: Duration = Duration::from_secs(45);
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
    /// How much the laws were judged by.
    pub counts: Counts,
}

impl Outcome {
    /// Judges a finished run: our own server has stopped, or the stack is quiet; the crowd has left.
    ///
    /// Shape: `must_happen` names counts without which the run proves nothing. Errors: a record that cannot be read.
    pub async fn judge(run: &Run, scene: &Arc<Scene>, took: Duration, must_happen: &[&str]) -> anyhow::Result<Self> {
        Self::judge_all(run, std::slice::from_ref(scene), took, must_happen).await
    }

    /// The same of several sales, one after the other, each with a crowd of its own.
    pub async fn judge_all(
        run: &Run,
        scenes: &[Arc<Scene>],
        took: Duration,
        must_happen: &[&str],
    ) -> anyhow::Result<Self> {
        let sales: Vec<SaleId> = scenes.iter().map(|scene| scene.facts.sale_id).collect();
        Self::judge_sales(run, scenes, &sales, took, must_happen).await
    }

    /// The same of several sales, some of which may share a crowd and what it wrote down.
    pub async fn judge_sales(
        run: &Run,
        scenes: &[Arc<Scene>],
        sales: &[SaleId],
        took: Duration,
        must_happen: &[&str],
    ) -> anyhow::Result<Self> {
        let last = scenes.last().context("there is no sale to judge")?;
        let (mut report, mut wrong) = (run::report(last, took), vec![]);
        let mut lines = 0;
        for scene in scenes {
            let (more, complaints) = scene.notebook.close()?;
            lines += more;
            wrong.extend(complaints.into_iter().map(|text| format!("complaint: {text}")));
            wrong.extend(missing(must_happen, &scene.counts.named()));
        }
        let _ = writeln!(report, "  {lines:>7}  observations");
        let seen: Vec<PathBuf> = scenes.iter().map(|scene| scene.notebook.path().to_owned()).collect();
        let judgement = judge(run, sales, &seen).await?;
        let _ = writeln!(report, "\n{}", judgement.table());
        wrong.extend(judgement.violations.iter().map(|v| format!("law {}: {}", v.law, v.text)));
        if !(judgement.counts.still && judgement.counts.ended) {
            wrong.push("nothing was proved: the record is not of a house at rest after its sales".into());
        }
        Ok(Self { report, wrong, counts: judgement.counts })
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

/// Judges a house whose sales are quiet.
///
/// The journal stands as it is for ever: it is judged as of an instant at which every promise has run out, so that
/// what is still open counts as broken and nobody has to wait for it.
async fn judge(run: &Run, sales: &[SaleId], seen: &[PathBuf]) -> anyhow::Result<Judgement> {
    let papers = run.house.papers()?;
    let mut record = match &run.house {
        House::Own(_) => {
            sleep(HEART_STILL).await;
            collect(&papers).await?
        }
        House::Stack(_) => {
            let share = Share { sales: sales.to_vec(), since: run.since, run: run.name.clone() };
            settled(&papers, &share).await?
        }
    };
    saw(seen, CLOCK_ERROR_MS, &mut record)?;
    record.at = record.at + FAR_MS;
    Ok(Judgement::of(&record))
}

/// Reads a house that goes on until our share of it no longer changes: only then completeness is judged.
async fn settled(papers: &Papers, share: &Share) -> anyhow::Result<Record> {
    let give_up = Instant::now() + SETTLE_MAX;
    let mut before = shared(papers, share).await?;
    loop {
        sleep(SETTLED_FOR).await;
        let now = shared(papers, share).await?;
        let same = Record { at: before.at, ..now.clone() } == before;
        let still = same && now.left == Left::default();
        if still || Instant::now() >= give_up {
            return Ok(Record { still, ..now });
        }
        before = now;
    }
}

async fn shared(papers: &Papers, share: &Share) -> anyhow::Result<Record> {
    let mut record = collect(papers).await?;
    share.narrow(&mut record);
    Ok(record)
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
        let outcome =
            Outcome { report: String::new(), wrong: vec!["x".into(); SHOWN_MAX + 3], counts: Counts::default() };
        assert!(!outcome.passed() && outcome.wrong_lines().ends_with("and 3 more\n"));
    }
}
