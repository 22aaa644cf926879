//! What is told of a fault run: the file for whoever sums up, the picture, and the lines of the report.

use std::{fmt::Write as _, fs};

use anyhow::Context;
use serde_json::json;

use super::{
    FaultArgs, Return,
    marks::{Mark, Span},
    note, picture,
};
use crate::{outcome::Outcome, pulse::Tenth, run::Run, scene::Scene};

/// Writes `result.json`, `timeline.svg` and the timeline; adds to the outcome what came back too late.
pub fn tell(
    args: &FaultArgs,
    run: &Run,
    scene: &Scene,
    marks: &[Mark],
    spans: &[Span],
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let tenths = scene.pulse.tenths();
    for tenth in &tenths {
        note(run, json!(tenth))?;
    }
    let returns: Vec<Return> = spans.iter().map(|span| Return::of(span, &tenths)).collect();
    add(marks, &returns, outcome);
    let result = json!({
        "name": args.name,
        "passed": outcome.passed(),
        "buyers": args.buyers,
        "units": args.units,
        "hold_s": args.hold_s,
        "totals": totals(&tenths),
        "faults": returns,
        "seen": marks.iter().filter_map(seen).collect::<Vec<_>>(),
        "wrong": outcome.wrong,
    });
    write(run, "result.json", &format!("{result:#}\n"))?;
    write(run, "timeline.svg", &picture::draw(&args.name, scene.facts.opens_at, &tenths, spans, &returns))
}

fn add(marks: &[Mark], returns: &[Return], outcome: &mut Outcome) {
    let _ = writeln!(
        outcome.report,
        "\nfault                                        whole after   decisions back   allowed"
    );
    for r in returns {
        let back = r.back_ms.map_or("never".to_owned(), |ms| format!("{ms} ms"));
        let _ = writeln!(
            outcome.report,
            "{:<42} {:>10} ms {back:>16} {:>6} ms",
            format!("{}. {}", r.n, r.what),
            r.healed_ms,
            r.back_within_ms
        );
    }
    marks.iter().filter_map(seen).for_each(|what| _ = writeln!(outcome.report, "seen: {what}"));
    outcome.wrong.extend(returns.iter().filter(|r| r.is_late()).map(|r| {
        let back = r.back_ms.map_or("never came back".to_owned(), |ms| format!("were back after {ms} ms"));
        format!("after {}: decisions {back}, {} ms are allowed", r.what, r.back_within_ms)
    }));
    outcome.wrong.extend(returns.iter().filter_map(Return::left_waiting));
    outcome.wrong.extend(marks.iter().filter_map(|mark| match mark {
        Mark::Wrong { what, .. } => Some(what.clone()),
        _ => None,
    }));
}

fn seen(mark: &Mark) -> Option<&str> {
    match mark {
        Mark::Seen { what, .. } => Some(what),
        _ => None,
    }
}

fn totals(tenths: &[Tenth]) -> serde_json::Value {
    let sum = |count: fn(&Tenth) -> u32| tenths.iter().map(|tenth| u64::from(count(tenth))).sum::<u64>();
    json!({
        "asked": sum(|t| t.asked),
        "receipts": sum(|t| t.receipts),
        "decided": sum(|t| t.decided),
        "paid": sum(|t| t.paid),
        "busy": sum(|t| t.busy),
        "lost": sum(|t| t.lost),
    })
}

fn write(run: &Run, name: &str, text: &str) -> anyhow::Result<()> {
    let file = run.folder.join(name);
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}
