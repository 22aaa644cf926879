//! The report: a table of all faults, and under it what was broken, when it was whole again, and a picture.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

/// Wrongs of one fault that are shown; the rest stands in its log.
const WRONGS_MAX: usize = 12;

/// What one fault came to.
pub struct Line {
    name: &'static str,
    numbers: &'static str,
    shows: &'static str,
    rounds: u32,
    folder: PathBuf,
    /// The load test's own word; absent where it did not get so far.
    result: Option<Value>,
    failed: Option<String>,
}

impl Line {
    /// Reads what the run left in its folder.
    pub fn read(
        name: &'static str,
        numbers: &'static str,
        shows: &'static str,
        rounds: u32,
        folder: &Path,
        played: Result<bool>,
    ) -> Self {
        let text = fs::read_to_string(folder.join("result.json")).ok();
        let result: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
        let failed = match played {
            Ok(true) => None,
            Ok(false) if result.is_some() => None,
            Ok(false) => Some("the sale could not be played; see run.log".to_owned()),
            Err(error) => Some(format!("{error:#}")),
        };
        Self { name, numbers, shows, rounds, folder: folder.to_owned(), result, failed }
    }

    pub fn passed(&self) -> bool {
        self.failed.is_none() && self.result.as_ref().is_some_and(|result| result["passed"] == Value::Bool(true))
    }

    /// One line for a terminal, with what is wrong under it.
    pub fn short(&self) -> String {
        let mut text = if self.passed() { "passed".to_owned() } else { "FAILED".to_owned() };
        if let Some((slowest, _)) = self.slowest() {
            let _ = write!(text, ", decisions back after at most {slowest} ms");
        }
        for wrong in self.wrongs() {
            let _ = write!(text, "\n  {wrong}");
        }
        text
    }

    fn wrongs(&self) -> Vec<String> {
        let told = self.result.as_ref().and_then(|result| result["wrong"].as_array());
        let told = told.into_iter().flatten().filter_map(|wrong| wrong.as_str().map(str::to_owned));
        self.failed.clone().into_iter().chain(told).take(WRONGS_MAX).collect()
    }

    fn faults(&self) -> impl Iterator<Item = &Value> {
        self.result.iter().filter_map(|result| result["faults"].as_array()).flatten()
    }

    /// The longest return, and what was allowed for it.
    fn slowest(&self) -> Option<(i64, i64)> {
        self.faults().filter_map(|f| Some((f["back_ms"].as_i64()?, f["back_within_ms"].as_i64()?))).max()
    }

    fn total(&self, what: &str) -> String {
        let value = self.result.as_ref().and_then(|result| result["totals"][what].as_u64());
        value.map_or("-".to_owned(), |n| n.to_string())
    }
}

/// Writes `report.md` beside the folders of the runs.
pub fn write(folder: &Path, lines: &[Line]) -> Result<()> {
    let mut text = String::from(
        "# Faults\n\nEach fault strikes a sale under load, through the balancer, with two nodes of each role. Then the verdict compares\n\
         what every buyer saw with the journal, the provider's record and the letters. *Back* is the longest time from a\n\
         fault (or from its healing, where that is what the law speaks of) to the first decision of a claim made since.\n\n\
         | fault | F | struck | back | allowed | claims | receipts | decided | paid | 503 or lost | verdict |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for line in lines {
        let (back, allowed) = line.slowest().map_or(("-".into(), "-".into()), |(back, allowed)| {
            (format!("{:.1} s", back as f64 / 1e3), format!("{:.0} s", allowed as f64 / 1e3))
        });
        let troubles = match (line.total("busy").parse::<u64>(), line.total("lost").parse::<u64>()) {
            (Ok(busy), Ok(lost)) => format!("{busy} / {lost}"),
            _ => "-".into(),
        };
        let (asked, receipts, decided, paid) =
            (line.total("asked"), line.total("receipts"), line.total("decided"), line.total("paid"));
        let verdict = if line.passed() { "no law broken" } else { "**FAILED**" };
        let struck = line.faults().count();
        let _ = writeln!(
            text,
            "| [{0}](#{0}) | {1} | {struck} | {back} | {allowed} | {asked} | {receipts} | {decided} | {paid} | {troubles} | {verdict} |",
            line.name, line.numbers
        );
    }
    lines.iter().for_each(|line| section(&mut text, line));
    fs::create_dir_all(folder)?;
    let file = folder.join("report.md");
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn section(text: &mut String, line: &Line) {
    let _ = writeln!(text, "\n## {}\n\n{}; {} rounds.\n", line.name, line.shows, line.rounds);
    if line.folder.join("timeline.svg").is_file() {
        let _ = writeln!(text, "![claims, decisions and faults by the second]({}/timeline.svg)\n", line.name);
    }
    if line.faults().next().is_some() {
        text.push_str(
            "| | what was broken | whole again after | decisions back after | allowed |\n|---|---|---|---|---|\n",
        );
    }
    for fault in line.faults() {
        let back = fault["back_ms"].as_i64().map_or("never".to_owned(), |ms| format!("{ms} ms"));
        let _ = writeln!(
            text,
            "| {} | {} | {} ms | {back} | {} ms |",
            fault["n"],
            fault["what"].as_str().unwrap_or_default(),
            fault["healed_ms"],
            fault["back_within_ms"]
        );
    }
    for fault in line.faults().filter(|fault| fault["answers_within_ms"].is_number()) {
        let answer = fault["slowest_answer_ms"].as_i64().map_or("never".to_owned(), |ms| format!("within {ms} ms"));
        let (n, allowed) = (&fault["n"], &fault["answers_within_ms"]);
        let _ = writeln!(text, "\nDuring {n} whoever claimed was answered {answer} ({allowed} ms are allowed).");
    }
    let seen = line.result.iter().filter_map(|result| result["seen"].as_array()).flatten();
    seen.filter_map(Value::as_str).for_each(|seen| _ = writeln!(text, "\nSeen: {seen}."));
    let wrongs = line.wrongs();
    if !wrongs.is_empty() {
        text.push_str("\nWrong:\n\n");
        wrongs.iter().for_each(|wrong| _ = writeln!(text, "- {wrong}"));
    }
}
