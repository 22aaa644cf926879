//! The table: what each server takes, its ratio to the floor, and whether our bars are met.

use std::fmt::Write as _;

use serde_json::Value;

use super::bar::{Bar, Bound};

/// One figure of a report; less is better in all of them.
pub struct Figure {
    pub name: &'static str,
    pub unit: &'static str,
    pub of: fn(&Value) -> Option<f64>,
}

pub const MEMORY: Figure =
    Figure { name: "memory per socket", unit: "B", of: |r| r["memory_bytes_per_socket"].as_f64() };
pub const CONNECT: Figure = Figure { name: "CPU per connect", unit: "us", of: |r| r["connect_cpu_us"].as_f64() };
pub const DELIVERY: Figure = Figure { name: "CPU per delivery", unit: "us", of: |r| r["delivery_cpu_us"].as_f64() };
pub const OPENING: Figure =
    Figure { name: "first to last told", unit: "ms", of: |r| r["rounds"][0]["first_to_last_ms"].as_f64() };
pub const FIGURES: [Figure; 4] = [MEMORY, CONNECT, DELIVERY, OPENING];

/// What is not there yet at the floor cannot be a ratio of it.
const LEAST: f64 = 1e-9;

fn report<'a>(reports: &'a [(&str, Value)], name: &str) -> Option<&'a Value> {
    reports.iter().find(|(known, _)| *known == name).map(|(_, report)| report)
}

/// Our bars for sockets; none where the floor or ours is missing.
pub fn bars(reports: &[(&str, Value)]) -> Vec<Bar> {
    let (Some(floor), Some(ours)) = (report(reports, "floor"), report(reports, "ours")) else { return vec![] };
    let ratio = |figure: Figure, times: f64| {
        let (ours, floor) = ((figure.of)(ours)?, (figure.of)(floor)?);
        Some(Bar {
            name: figure.name,
            unit: figure.unit,
            ours,
            bound: Bound::AtMost(floor * times),
            why: format!("{times} times the floor"),
        })
    };
    let memory = |name, report: &Value, most, why: &str| {
        Some(Bar { name, unit: MEMORY.unit, ours: (MEMORY.of)(report)?, bound: Bound::AtMost(most), why: why.into() })
    };
    let signed_in = report(reports, super::SIGNED_IN);
    [
        memory(MEMORY.name, ours, 512.0, "0.5 KiB, all duties on board"),
        signed_in.and_then(|report| memory("the same, signed in", report, 1024.0, "1 KiB, another buyer behind each")),
        ratio(CONNECT, 3.0),
        ratio(DELIVERY, 1.2),
        ratio(OPENING, 1.3),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One row for each server.
pub fn table(reports: &[(&str, Value)]) -> String {
    let mut text = format!("{:<12}", "");
    for figure in &FIGURES {
        let _ = write!(text, "{:>22} {:<2} {:>7}", figure.name, figure.unit, "ratio");
    }
    let floor = report(reports, "floor");
    for (name, report) in reports {
        let _ = write!(text, "\n{name:<12}");
        for figure in &FIGURES {
            let value = (figure.of)(report);
            let ratio = ratio(value, floor.and_then(figure.of));
            let value = value.map_or("-".into(), |value| format!("{value:.1}"));
            let _ = write!(text, "{value:>22}    {ratio:>7}");
        }
    }
    text + "\n"
}

/// How many times the floor.
pub fn ratio(value: Option<f64>, floor: Option<f64>) -> String {
    match (value, floor) {
        (Some(value), Some(floor)) if floor > LEAST => format!("{:.2}", value / floor),
        _ => "-".into(),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::bench::bar::told;
    use serde_json::json;

    pub fn reports() -> Vec<(&'static str, Value)> {
        let one = |memory: f64, connect: f64, delivery: f64, opening: f64| {
            json!({
                "memory_bytes_per_socket": memory, "connect_cpu_us": connect, "delivery_cpu_us": delivery,
                "rounds": [{"first_to_last_ms": opening, "curve_ms": [0.0, opening / 2.0, opening]}],
            })
        };
        vec![
            ("floor", one(4.0, 10.0, 4.0, 50.0)),
            ("ws", one(5600.0, 77.0, 10.0, 150.0)),
            ("ours", one(170.0, 31.0, 4.4, 55.0)),
            ("signed-in", one(700.0, 90.0, 4.4, 55.0)),
        ]
    }

    #[test]
    fn bars_are_ratios_of_the_same_run() {
        let bars = bars(&reports());
        let met: Vec<(&str, bool)> = bars.iter().map(|bar| (bar.name, bar.is_met())).collect();
        assert_eq!(
            met,
            [
                ("memory per socket", true),
                ("the same, signed in", true),
                ("CPU per connect", false),
                ("CPU per delivery", true),
                ("first to last told", true)
            ]
        );
        assert!(told(&bars).contains("31.0 us, at most 30.0 (3 times the floor): MISSED"));
        assert!(super::bars(&reports()[1..]).is_empty(), "no floor, no ratio");
    }

    #[test]
    fn the_table_has_a_row_for_each_server() {
        let table = table(&reports());
        assert_eq!(table.lines().count(), 5);
        assert!(table.lines().any(|line| line.starts_with("ws") && line.contains("7.70")), "{table}");
    }
}
