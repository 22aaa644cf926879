//! Growth: what one socket, claim or sale costs where there are ten times as many.

use std::{fs, path::Path};

use anyhow::Result;
use measure::{Chart, Curve};
use serde_json::{Value, json};

use super::{
    bar::{Bar, Bound, told},
    load::Load,
    rows::{CPU, IDLE},
};

/// One costs no more among ten times as many than this times what it cost before: linear, and a little for noise.
const MARGIN: f64 = 1.2;

/// Something of which there are more and more: how many, and how it is asked for.
struct Ladder {
    name: &'static str,
    steps: [u32; 3],
    words: fn(u32) -> String,
}

const LADDERS: [Ladder; 4] = [
    Ladder { name: SOCKETS, steps: [1_500, 5_000, 15_000], words: |n| format!("sockets --sockets {n} --rounds 3") },
    // One rate, far from the most, for six to sixty seconds: the journal grows, and nothing else is different.
    Ladder { name: CLAIMS, steps: [6_000, 20_000, 60_000], words: |n| format!("rush --rate 1000 --for {}", n / 1_000) },
    Ladder { name: RATES, steps: [200, 600, 2_000], words: |n| format!("rush --rate {n} --for 8") },
    Ladder { name: SALES, steps: [4, 12, 40], words: |n| format!("rush --rate 1000 --for 8 --lines 256 --sales {n}") },
];

/// A bar is of so many times as many.
const TIMES: f64 = 10.0;

const SOCKETS: &str = "sockets";
const CLAIMS: &str = "claims";
const RATES: &str = "claims-a-second";
const SALES: &str = "sales-at-once";

/// A cost of one, read from the report of a run with so many.
struct Cost {
    ladder: &'static str,
    name: &'static str,
    unit: &'static str,
    of: fn(&Value, f64) -> Option<f64>,
}

const COSTS: [Cost; 7] = [
    Cost { ladder: SOCKETS, name: "connect", unit: "us", of: |r, _| r["connect_cpu_us"].as_f64() },
    Cost { ladder: SOCKETS, name: "delivery", unit: "us", of: |r, _| r["delivery_cpu_us"].as_f64() },
    Cost {
        ladder: SOCKETS,
        name: "socket, memory",
        unit: "B",
        of: |r, n| Some(r["resident_kib"].as_f64()? * 1024.0 / n),
    },
    Cost { ladder: CLAIMS, name: "claim, of more", unit: "us", of: |r, _| r["figures"][CPU].as_f64() },
    Cost { ladder: RATES, name: "claim, of more a second", unit: "us", of: |r, _| r["figures"][CPU].as_f64() },
    Cost { ladder: SALES, name: "claim, over more sales", unit: "us", of: |r, _| r["figures"][CPU].as_f64() },
    Cost { ladder: SALES, name: "open sale, a second", unit: "us", of: |r, n| Some(r["figures"][IDLE].as_f64()? / n) },
];

/// The reports of one ladder, from few to many; a run that failed, or whose verdict did, has none.
type Climbed = Vec<(u32, Value)>;

/// Climbs every ladder in one process, draws what one costs, and says whether it stays the same. `only`: ladders of these names.
pub fn growth(programs: &Path, folder: &Path, only: &[String]) -> Result<bool> {
    let load = Load { programs, stack: None, folder: folder.join("growth") };
    fs::create_dir_all(&load.folder)?;
    let chosen = |ladder: &&Ladder| only.is_empty() || only.iter().any(|word| word == ladder.name);
    let climbed: Vec<(&str, Climbed)> =
        LADDERS.iter().filter(chosen).map(|ladder| (ladder.name, climb(&load, ladder))).collect();
    let (curves, bars) = (curves(&climbed), bars(&climbed));
    println!("\ngrowth, one process:\n{}", told(&bars));
    let reports: Vec<Value> = climbed
        .iter()
        .flat_map(|(name, steps)| steps.iter().map(move |(n, report)| json!({"name": name, "of": n, "report": report})))
        .collect();
    let all = json!({"bars": bars.iter().map(Bar::json).collect::<Vec<_>>(), "reports": reports});
    fs::write(load.folder.join("growth.json"), serde_json::to_string_pretty(&all)? + "\n")?;
    fs::write(load.folder.join("growth.svg"), picture(&curves))?;
    println!("written to {}", load.folder.display());
    Ok(!bars.is_empty() && bars.iter().all(Bar::is_met))
}

fn climb(load: &Load, ladder: &Ladder) -> Climbed {
    let step = |n: &u32| {
        let name = format!("{}-{n}", ladder.name);
        println!("\n{name}");
        match load.run(&name, &(ladder.words)(*n)) {
            Ok(report) if report["passed"] != false => Some((*n, report)),
            Ok(_) => None,
            Err(error) => {
                println!("{name} is not measured: {error:#}");
                None
            }
        }
    };
    ladder.steps.iter().filter_map(step).collect()
}

/// How many, and what one of them costs.
fn costs(climbed: &[(&str, Climbed)], cost: &Cost) -> Vec<(f64, f64)> {
    let steps = climbed.iter().filter(|(name, _)| *name == cost.ladder).flat_map(|(_, steps)| steps);
    steps.filter_map(|(n, report)| Some((f64::from(*n), (cost.of)(report, f64::from(*n))?))).collect()
}

/// What was measured among few and among ten times as many has a bar.
fn bars(climbed: &[(&str, Climbed)]) -> Vec<Bar> {
    let bar = |cost: &Cost| {
        let costs = costs(climbed, cost);
        let ((few, before), (many, after)) = (costs.first()?, costs.last()?);
        (*many >= few * TIMES).then(|| Bar {
            name: cost.name,
            unit: cost.unit,
            ours: *after,
            bound: Bound::AtMost(before * MARGIN),
            why: format!("{MARGIN} times one of {few:.0}, which is {before:.1}; here one of {many:.0}"),
        })
    };
    COSTS.iter().filter_map(bar).collect()
}

/// Each cost as a multiple of what it is where there are fewest; how many in powers of ten.
fn curves(climbed: &[(&str, Climbed)]) -> Vec<Curve> {
    let curve = |cost: &Cost| {
        let costs = costs(climbed, cost);
        let (few, least) = costs.first().copied().filter(|(_, least)| *least > 0.0)?;
        let points = costs.iter().map(|(n, each)| ((n / few).log10(), each / least)).collect();
        Some(Curve { name: cost.name.into(), points })
    };
    let linear = Curve { name: "linear".into(), points: vec![(0.0, 1.0), (TIMES.log10(), 1.0)] };
    COSTS.iter().filter_map(curve).chain([linear]).collect()
}

fn picture(curves: &[Curve]) -> String {
    let labels = [(0.0, "1x"), (0.5, "3x"), (1.0, "10x")].map(|(at, label)| (at, label.to_owned())).into();
    Chart { title: "What one costs where there are more", curves, labels, unit: "times", ..Chart::default() }.svg()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn climbed() -> Vec<(&'static str, Climbed)> {
        let sockets = |connect: f64| json!({"connect_cpu_us": connect, "delivery_cpu_us": 8.0, "resident_kib": 15_000});
        let claims = |cpu: f64| json!({"passed": true, "figures": {CPU: cpu, IDLE: 400.0}});
        vec![
            (SOCKETS, vec![(1_500, sockets(40.0)), (5_000, sockets(41.0)), (15_000, sockets(50.0))]),
            (CLAIMS, vec![(6_000, claims(300.0)), (60_000, claims(310.0))]),
            (SALES, vec![(4, claims(300.0))]),
        ]
    }

    #[test]
    fn what_grows_more_than_its_number_is_missed_and_what_was_not_measured_has_no_bar() {
        let met: Vec<(&str, bool)> = bars(&climbed()).iter().map(|bar| (bar.name, bar.is_met())).collect();
        assert_eq!(met, [("connect", false), ("delivery", true), ("socket, memory", true), ("claim, of more", true)]);
    }

    #[test]
    fn the_picture_has_a_line_for_each_cost_from_one_on_and_one_that_is_linear() {
        let curves = curves(&climbed());
        assert_eq!(curves.len(), 7);
        assert_eq!(curves[0].points.first(), Some(&(0.0, 1.0)));
        assert_eq!(curves[0].points.last(), Some(&(1.0, 1.25)));
        assert_eq!(picture(&curves).matches("<polyline").count(), 7);
    }
}
