//! The page: the same figures as bars and curves, in one file without scripts.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    bar::{Bar, told},
    table::{FIGURES, Figure, ratio},
};

const WIDTH: f64 = 640.0;
const ROW: f64 = 26.0;
const NAMES: f64 = 110.0;
const CURVE_HEIGHT: f64 = 260.0;
const COLOURS: [&str; 7] = ["#777777", "#c2410c", "#ea9a3e", "#3f7d3f", "#7c3aed", "#0f5fbf", "#0891b2"];

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#222}\
    pre{overflow-x:auto;background:#f5f5f5;padding:1rem;font-size:12px}svg{width:100%;height:auto}text{font-size:13px;fill:#222}";

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
        let _ = writeln!(html, "<h2>{}, {}</h2>\n{}", figure.name, figure.unit, columns(reports, figure));
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

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn colour(place: usize) -> &'static str {
    COLOURS[place % COLOURS.len()]
}

/// One bar for each server.
fn columns(reports: &[(&str, Value)], figure: &Figure) -> String {
    let value = |report: &Value| (figure.of)(report).unwrap_or(0.0);
    let most = reports.iter().map(|(_, report)| value(report)).fold(1e-9, f64::max);
    let floor = reports.iter().find(|(name, _)| *name == "floor").and_then(|(_, report)| (figure.of)(report));
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {}\" role=img>", ROW * reports.len() as f64);
    for (place, (name, report)) in reports.iter().enumerate() {
        let (top, long) = (ROW * place as f64, (WIDTH - NAMES - 150.0) * value(report) / most);
        let (text, beside) = (top + 17.0, NAMES + long + 6.0);
        let times = ratio((figure.of)(report), floor);
        let _ = write!(
            svg,
            "<text x=0 y={text}>{name}</text><rect x={NAMES} y={} width={long:.1} height={} fill=\"{}\"/>\
             <text x={beside:.1} y={text}>{:.1} {} ({times})</text>",
            top + 4.0,
            ROW - 8.0,
            colour(place),
            value(report),
            figure.unit
        );
    }
    svg + "</svg>"
}

/// How many of its sockets each server had told, over time.
fn curves(reports: &[(&str, Value)]) -> String {
    let points = |report: &Value| -> Vec<f64> {
        report["rounds"][0]["curve_ms"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    };
    let most = reports.iter().flat_map(|(_, report)| points(report)).fold(1e-9, f64::max);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {}\" role=img>", CURVE_HEIGHT + 30.0);
    for (place, (name, report)) in reports.iter().enumerate() {
        let points = points(report);
        let last = points.len().saturating_sub(1).max(1) as f64;
        let line: String = points
            .iter()
            .enumerate()
            .map(|(n, ms)| format!("{:.1},{:.1} ", WIDTH * ms / most, CURVE_HEIGHT * (1.0 - n as f64 / last)))
            .collect();
        let _ = write!(
            svg,
            "<polyline points=\"{line}\" fill=none stroke=\"{0}\" stroke-width=2 />\
             <text x={1} y={2} style=\"fill:{0}\">{name}</text>",
            colour(place),
            WIDTH - 90.0,
            CURVE_HEIGHT - 18.0 * place as f64 - 6.0
        );
    }
    let _ = write!(
        svg,
        "<text x=0 y={}>0</text><text x={} y={0}>{most:.0} ms</text></svg>",
        CURVE_HEIGHT + 20.0,
        WIDTH - 80.0
    );
    svg
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
        assert!(!html.contains("http") && !html.contains("<script"), "{html}");
        assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    }
}
