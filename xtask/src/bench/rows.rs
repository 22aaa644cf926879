//! Our bars for claims, each with the figures of the same runs that it is a ratio of.

use std::fmt::Write as _;

use serde_json::Value;

use super::bar::{Bar, Bound};
use super::claims::{
    ACCEPTED, AXUM, CHAIN, CHAIN_RATE, CLOSED, DECIDE, DECIDE_ONE, DECIDED, HALF, HTTP, REFUSED, Reports, SALES,
    SOCKET, STANDBY, TOO_FAST,
};

pub const RATE: &str = "answers a second";
pub const CPU: &str = "CPU us a claim, everything";
pub const IDLE: &str = "CPU us a second with nobody claiming";
const DECIDED_RATE: &str = "decided a second";
const BATCH: &str = "commands a batch";
const DOOR_CPU: &str = "CPU us a claim, publishers alone";
const RESULTS: &str = "results a second";

const REFUSED_TIMES: f64 = 0.8;
pub const ACCEPTED_TIMES: f64 = 0.3;
const SOCKET_TIMES: f64 = 0.7;
const DECIDED_PER_S: f64 = 10_000.0;
const ACCEPTED_P99_MS: f64 = 50.0;
const RESULT_P50_MS: f64 = 20.0;
const RESULT_P99_MS: f64 = 100.0;
const PROMOTION_P99_MS: f64 = 1_000.0;

/// A figure of one run; `None` where it was not measured, or did not count because its verdict failed.
pub fn figure(all: &Reports, run: &str, name: &str) -> Option<f64> {
    report(all, run)?["figures"][name].as_f64()
}

fn report<'a>(all: &'a Reports, run: &str) -> Option<&'a Value> {
    let report = all.iter().find(|(known, _)| *known == run).map(|(_, report)| report)?;
    (report["passed"] != false).then_some(report)
}

/// Milliseconds.
fn wait(all: &Reports, run: &str, name: &str, quantile: &str) -> Option<f64> {
    let waits = report(all, run)?["waits"].as_array()?;
    waits.iter().find(|wait| wait["name"] == name)?[quantile].as_f64().map(|us| us / 1e3)
}

/// Our bars for claims; what was not measured has no row.
pub fn rows(all: &Reports) -> Vec<Bar> {
    let raw = |run, times: f64, name| {
        let (ours, axum) = (figure(all, run, RATE)?, figure(all, AXUM, RATE)?);
        let why = format!("{times} times raw axum, which is {axum:.0}; here {:.2}", ours / axum.max(1.0));
        Some(Bar { name, unit: "/s", ours, bound: Bound::AtLeast(axum * times), why })
    };
    let late = |run, wait_name, quantile, most, name, why: String| {
        let ours = wait(all, run, wait_name, quantile)?;
        Some(Bar { name, unit: "ms", ours, bound: Bound::AtMost(most), why })
    };
    let half = figure(all, HALF, RATE).unwrap_or(0.0);
    let at = |rate: f64| format!("at {rate:.0} claims/s");
    [
        raw(REFUSED, REFUSED_TIMES, "refused, HTTP: sold out"),
        raw(CLOSED, REFUSED_TIMES, "refused, HTTP: closed"),
        raw(TOO_FAST, REFUSED_TIMES, "refused, HTTP: too fast"),
        raw(ACCEPTED, ACCEPTED_TIMES, "accepted, HTTP"),
        late(HALF, "claim -> answer", "p99_us", ACCEPTED_P99_MS, "accepted, HTTP, p99", at(half)),
        socket(all),
        figure(all, DECIDED, RESULTS).map(|ours| Bar {
            name: "decided and told",
            unit: "/s",
            ours,
            bound: Bound::AtLeast(DECIDED_PER_S),
            why: "ledger, commit and push, everything on this machine".into(),
        }),
        figure(all, DECIDE, DECIDED_RATE).map(|ours| Bar {
            name: "decided, past the doors",
            unit: "/s",
            ours,
            bound: Bound::AtLeast(DECIDED_PER_S),
            why: format!(
                "ledger and commit alone, {:.0} a batch, {:.0} us each",
                figure(all, DECIDE, BATCH).unwrap_or(0.0),
                figure(all, DECIDE, CPU).unwrap_or(0.0)
            ),
        }),
        late(CHAIN, "receipt -> result", "p50_us", RESULT_P50_MS, "receipt to result, p50", at(CHAIN_RATE)),
        late(CHAIN, "receipt -> result", "p99_us", RESULT_P99_MS, "receipt to result, p99", at(CHAIN_RATE)),
        late(
            STANDBY,
            "hold due -> promotion",
            "p99_us",
            PROMOTION_P99_MS,
            "hold due to promotion, p99",
            "deadline and grace".into(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What has no bar: one line for claims of one item past the doors, and one for each number of sales. Empty where nothing of
/// it was measured.
pub fn beside(all: &Reports) -> String {
    let mut text = String::new();
    let of = |run, name| figure(all, run, name);
    if let (Some(decided), Some(cpu), Some(batch)) =
        (of(DECIDE_ONE, DECIDED_RATE), of(DECIDE_ONE, CPU), of(DECIDE_ONE, BATCH))
    {
        let _ = writeln!(
            text,
            "one item, past the doors: {decided:.0} decided a second, {cpu:.1} us a claim, {batch:.0} a batch"
        );
    }
    for (run, sales) in SALES {
        if let (Some(cpu), Some(idle), Some(decided)) = (of(run, CPU), of(run, IDLE), of(run, DECIDED_RATE)) {
            let _ = writeln!(
                text,
                "{sales:>3} sales at once: {cpu:>8.1} us a claim, {decided:>8.0} decided a second, {:>8.1} us a second and \
                 sale with nobody claiming",
                idle / f64::from(sales)
            );
        }
    }
    text
}

/// Of a stack the publishers alone are compared: what is behind them is the same.
fn socket(all: &Reports) -> Option<Bar> {
    let of = |name| Some((figure(all, SOCKET, name)?, figure(all, HTTP, name)?));
    let ((ours, http), whom) = match of(DOOR_CPU) {
        Some(both) => (both, "publishers"),
        None => (of(CPU)?, "the whole process, deciding and telling included"),
    };
    Some(Bar {
        name: "accepted, socket, CPU",
        unit: "us",
        ours,
        bound: Bound::AtMost(http * SOCKET_TIMES),
        why: format!("{SOCKET_TIMES} times HTTP, which is {http:.1}; {whom}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::bar::told;
    use serde_json::json;

    fn reports() -> Reports {
        let run = |rate: f64, cpu: f64| json!({"passed": true, "figures": {RATE: rate, CPU: cpu, RESULTS: rate}});
        let wait = |name: &str, p50: f64, p99: f64| json!({"passed": true, "figures": {}, "waits": [{"name": name, "p50_us": p50, "p99_us": p99}]});
        vec![
            (AXUM, json!({"passed": null, "figures": {RATE: 100_000.0}})),
            (REFUSED, run(85_000.0, 9.0)),
            (TOO_FAST, run(79_000.0, 9.0)),
            (ACCEPTED, run(20_000.0, 90.0)),
            (HTTP, run(2_000.0, 100.0)),
            (SOCKET, run(2_000.0, 80.0)),
            (DECIDED, run(9_000.0, 0.0)),
            (CHAIN, wait("receipt -> result", 8_000.0, 99_000.0)),
            (STANDBY, wait("hold due -> promotion", 8_000.0, 1_200_000.0)),
        ]
    }

    #[test]
    fn bars_are_ratios_of_the_same_runs_and_what_was_not_measured_has_none() {
        let met: Vec<(&str, bool)> = rows(&reports()).iter().map(|row| (row.name, row.is_met())).collect();
        assert_eq!(
            met,
            [
                ("refused, HTTP: sold out", true),
                ("refused, HTTP: too fast", false),
                ("accepted, HTTP", false),
                ("accepted, socket, CPU", false),
                ("decided and told", false),
                ("receipt to result, p50", true),
                ("receipt to result, p99", true),
                ("hold due to promotion, p99", false)
            ]
        );
        assert!(
            told(&rows(&reports()))
                .contains("85000.0 /s, at least 80000.0 (0.8 times raw axum, which is 100000; here 0.85): met")
        );
    }

    #[test]
    fn what_a_claim_costs_is_told_for_each_number_of_sales_that_was_measured() {
        let run = |cpu: f64| json!({"passed": true, "figures": {CPU: cpu, IDLE: 6_400.0, DECIDED_RATE: 990.0}});
        let told = beside(&vec![("sales-1", run(300.0)), ("sales-64", run(310.0))]);
        assert_eq!(told.lines().count(), 2);
        assert!(
            told.contains(" 64 sales at once:    310.0 us a claim") && told.contains("   100.0 us a second"),
            "{told}"
        );
    }

    #[test]
    fn figures_of_a_run_whose_verdict_failed_do_not_count() {
        let mut all = reports();
        all[1].1["passed"] = json!(false);
        assert!(rows(&all).iter().all(|row| row.name != "refused, HTTP: sold out"));
    }
}
