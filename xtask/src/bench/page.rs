//! The page: the same figures as bars and curves, in one file without scripts.

use std::fmt::Write as _;

use measure::{Chart, Column, Curve, columns, escaped};
use serde_json::Value;

use super::{
    bar::{Bar, told},
    table::{FIGURES, Figure, ratio},
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#222}\
    pre{overflow-x:auto;background:#f5f5f5;padding:1rem;font-size:12px}svg{width:100%;height:auto}";

/// Everything on one page.
pub fn page(reports: &[(&str, Value)], table: &str, bars: &[Bar]) -> String {
    let mut html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Sockets, measured</title><style>{STYLE}</style>\n\
         <h1>Sockets, measured</h1>\n{}<pre>{}</pre><pre>{}</pre>\n",
        machine(reports),
        escaped(table),
        escaped(&told(bars))
    );
    for figure in &FIGURES {
        let _ = writeln!(html, "<h2>{}, {}</h2>\n{}", figure.name, figure.unit, bars_of(reports, figure));
    }
    let _ = writeln!(html, "<h2>Told, from the first socket on</h2>\n{}</html>", curves(reports));
    html
}

fn machine(reports: &[(&str, Value)]) -> String {
    let Some((_, report)) = reports.first() else { return String::new() };
    let (machine, sockets) = (&report["machine"], &report["sockets"]);
    let word = |key: &str| escaped(machine[key].as_str().unwrap_or("?"));
    let built =
        if machine["optimised"] == true { "" } else { " <strong>Not optimised: these figures mean little.</strong>" };
    format!(
        "<p>{sockets} sockets on each server, one after the other, on {} cores of {}, Linux {}.{built}</p>\n",
        machine["cores"],
        word("processor"),
        word("kernel")
    )
}

/// One bar for each server.
fn bars_of(reports: &[(&str, Value)], figure: &Figure) -> String {
    let floor = reports.iter().find(|(name, _)| *name == "floor").and_then(|(_, report)| (figure.of)(report));
    let column = |(name, report): &(&str, Value)| {
        let value = (figure.of)(report);
        let (times, value) = (ratio(value, floor), value.unwrap_or(0.0));
        Column { name: (*name).into(), value, text: format!("{value:.1} {} ({times})", figure.unit) }
    };
    columns(&reports.iter().map(column).collect::<Vec<_>>())
}

/// How many of its sockets each server had told, over time.
fn curves(reports: &[(&str, Value)]) -> String {
    let curve = |(name, report): &(&str, Value)| {
        let ms: Vec<f64> =
            report["rounds"][0]["curve_ms"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let last = ms.len().saturating_sub(1).max(1) as f64;
        let points = ms.iter().enumerate().map(|(n, ms)| (*ms, n as f64 * 100.0 / last)).collect();
        Curve { name: (*name).into(), points }
    };
    let curves: Vec<Curve> = reports.iter().map(curve).collect();
    let most = curves.iter().flat_map(|curve| &curve.points).map(|(ms, _)| *ms).fold(1e-9, f64::max);
    let labels = [0.0, 0.25, 0.5, 0.75].map(|part| (most * part, format!("{:.0} ms", most * part))).into();
    Chart { curves: &curves, labels, unit: "% of the sockets", ..Chart::default() }.svg()
}

#[cfg(test)]
mod tests {
    use super::{super::table::tests::reports, *};
    use crate::bench::table::{bars, table};

    #[test]
    fn the_page_shows_every_server_and_needs_nothing_from_elsewhere() {
        let reports = reports();
        let html = page(&reports, &table(&reports), &bars(&reports));
        for (name, _) in &reports {
            assert!(html.matches(name).count() > FIGURES.len(), "{name}");
        }
        let own = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert!(!own.contains("http") && !own.contains("<script"), "{html}");
        assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    }
}
