//! The page: one report with plots, in one file without scripts.

use std::fmt::Write as _;

use measure::{Chart, Curve, escaped};

use super::{Report, Series};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#222}\
    pre{overflow-x:auto;background:#f5f5f5;padding:1rem;font-size:12px}svg{width:100%;height:auto}";
/// Labels of an axis of time, at most.
const LABELS_MAX: f64 = 10.0;

pub fn page(report: &Report) -> String {
    let name = escaped(&report.name);
    let verdict = match report.passed {
        Some(true) => "The verdict passed.",
        Some(false) => "<strong>The verdict failed: these figures do not count.</strong>",
        None => "There was nothing to judge.",
    };
    let optimised =
        if report.machine.optimised { "" } else { " <strong>Not optimised: these figures mean little.</strong>" };
    let machine = &report.machine;
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title><style>{STYLE}</style>\n\
         <h1>{name}</h1>\n<p>{} on {} cores of {}, Linux {}. {verdict}{optimised}</p>\n<pre>{}</pre>\n",
        escaped(&report.house),
        machine.cores,
        escaped(&machine.processor),
        escaped(&machine.kernel),
        escaped(&report.table())
    );
    plot(&mut html, "Latency by percentile", &by_percentile(report));
    plot(&mut html, "Over time", &over_time(report.rates.iter().map(curve).collect(), "a second"));
    plot(&mut html, "Processor time", &over_time(of_processes(report, |sample| sample.cpu), "processors"));
    plot(&mut html, "Memory", &over_time(of_processes(report, |sample| sample.mib), "MiB"));
    html + "</html>\n"
}

fn plot(html: &mut String, title: &str, svg: &str) {
    if !svg.is_empty() {
        let _ = writeln!(html, "<h2>{title}</h2>\n{svg}");
    }
}

/// Nines in equal distances, as one reads them.
fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile.min(0.99999)).log10()
}

fn by_percentile(report: &Report) -> String {
    let curves: Vec<Curve> = report
        .waits
        .iter()
        .map(|wait| {
            let points = wait.curve.iter().map(|(quantile, us)| (nines(*quantile), *us as f64 / 1e3)).collect();
            Curve { name: wait.name.clone(), points }
        })
        .collect();
    if curves.is_empty() {
        return String::new();
    }
    let labels =
        [(0.0, "0"), (0.5, "50 %"), (0.9, "90"), (0.99, "99"), (0.999, "99.9"), (0.9999, "99.99"), (1.0, "all")];
    let labels = labels.iter().map(|(quantile, label)| (nines(*quantile), (*label).to_owned())).collect();
    Chart { curves: &curves, labels, unit: "ms", ..Chart::default() }.svg()
}

fn curve(series: &Series) -> Curve {
    Curve { name: series.name.clone(), points: series.points.clone() }
}

fn of_processes(report: &Report, value: impl Fn(&super::Sample) -> f64) -> Vec<Curve> {
    let points = |samples: &[super::Sample]| samples.iter().map(|sample| (sample.at_s, value(sample))).collect();
    report.processes.iter().map(|one| Curve { name: one.name.clone(), points: points(&one.samples) }).collect()
}

fn over_time(curves: Vec<Curve>, unit: &str) -> String {
    let last = curves.iter().flat_map(|curve| &curve.points).map(|(at, _)| *at).fold(0.0, f64::max);
    if last <= 0.0 {
        return String::new();
    }
    let step = (last / LABELS_MAX).ceil().max(1.0);
    let labels = (0..).map(|n| f64::from(n) * step).take_while(|at| *at <= last);
    let labels = labels.map(|at| (at, format!("{at:.0} s"))).collect();
    Chart { curves: &curves, labels, unit, ..Chart::default() }.svg()
}

#[cfg(test)]
mod tests {
    use super::{super::tests::example, *};

    #[test]
    fn the_page_has_its_four_plots_and_needs_nothing_from_elsewhere() {
        let html = page(&example());
        assert_eq!((html.matches("<svg").count(), html.matches("</svg>").count()), (4, 4));
        let own = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert!(!own.contains("http") && !own.contains("<script"), "{html}");
        assert!(html.contains("rush &lt;accepted&gt;"));
    }

    #[test]
    fn a_report_without_processes_has_no_empty_plots() {
        let html = page(&Report { processes: vec![], rates: vec![], ..example() });
        assert_eq!(html.matches("<svg").count(), 1);
    }
}
