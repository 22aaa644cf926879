//! The report: a line for each law, the violations under them, and how much was looked at.

use std::fmt::Write as _;

use sale::verdict::{LAWS, Law, Record, ended};
use serde::Serialize;
use serde_json::json;

use super::Judgement;

/// Violations of one law that are shown; the rest is counted.
const SHOWN_MAX: usize = 10;

/// How much a verdict rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub sales: usize,
    pub changes: usize,
    pub claims: usize,
    pub holds: usize,
    pub standby: usize,
    pub orders: usize,
    /// Units of all orders.
    pub units_sold: u64,
    pub receipts: usize,
    pub told: usize,
    pub answers: usize,
    pub attacks: usize,
    pub mails: Option<usize>,
    pub provider_events: Option<usize>,
    /// Nothing was in flight: completeness was judged too.
    pub still: bool,
    /// The sales had ended, with all their promises: quiescence was judged too.
    pub ended: bool,
}

impl Counts {
    pub fn of(record: &Record) -> Self {
        Self {
            sales: record.sales.len(),
            changes: record.changes.len(),
            claims: record.claims.len(),
            holds: record.holds.len(),
            standby: record.standby.len(),
            orders: record.orders.len(),
            units_sold: record.orders.iter().map(|order| u64::from(order.quantity)).sum(),
            receipts: record.receipts.len(),
            told: record.told.len(),
            answers: record.answers.len(),
            attacks: record.http.len(),
            mails: record.mails.as_ref().map(Vec::len),
            provider_events: record.provider.as_ref().map(Vec::len),
            still: record.still,
            ended: ended(record),
        }
    }
}

pub fn table(judgement: &Judgement) -> String {
    let mut text = String::new();
    for law in &LAWS {
        let broken: Vec<_> = broken(judgement, law).collect();
        let state = if broken.is_empty() { "kept".to_owned() } else { format!("BROKEN {}", broken.len()) };
        let _ = writeln!(text, "{:>4}  {:<52} {state}", law.number, law.name);
        for violation in broken.iter().take(SHOWN_MAX) {
            let _ = writeln!(text, "        {violation}");
        }
        if broken.len() > SHOWN_MAX {
            let _ = writeln!(text, "        and {} more", broken.len() - SHOWN_MAX);
        }
    }
    text + &foot(judgement)
}

fn foot(judgement: &Judgement) -> String {
    let c = &judgement.counts;
    let or_none = |n: Option<usize>| n.map_or("no".to_owned(), |n| n.to_string());
    let mut text = format!(
        "{} sales, {} changes, {} claims, {} holds, {} standby entries, {} orders\n",
        c.sales, c.changes, c.claims, c.holds, c.standby, c.orders
    );
    let (mails, events) = (or_none(c.mails), or_none(c.provider_events));
    let _ =
        writeln!(text, "{} receipts, {} states told, {} answers, {} attacks", c.receipts, c.told, c.answers, c.attacks);
    let _ = writeln!(text, "{mails} mails, {events} provider events");
    if !c.still {
        text.push_str("something was in flight: that all had arrived could not be judged\n");
    }
    if !c.ended {
        text.push_str("the last promise had not run out: the end could not be judged\n");
    }
    text.push_str(if judgement.passed() { "passed" } else { "FAILED" });
    text
}

pub fn json(judgement: &Judgement) -> String {
    let laws: Vec<_> = LAWS
        .iter()
        .map(|law| {
            let violations: Vec<_> = broken(judgement, law).collect();
            json!({"number": law.number, "name": law.name, "elsewhere": law.elsewhere, "violations": violations})
        })
        .collect();
    json!({"passed": judgement.passed(), "counts": judgement.counts, "laws": laws}).to_string()
}

fn broken<'a>(judgement: &'a Judgement, law: &Law) -> impl Iterator<Item = &'a str> {
    let number = law.number;
    judgement.violations.iter().filter(move |v| v.law == number).map(|v| v.text.as_str())
}
