//! The picture: one sale's seconds as lines, with the faults as shadows behind them.

use std::fmt::Write as _;

use sale::time::UnixMs;

use super::{Return, marks::Span};
use crate::pulse::Tenth;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 34.0;
/// Before the opening so much is shown.
const LEAD_S: i64 = 2;
/// Labels on the time axis, at most.
const LABELS_MAX: i64 = 16;

/// A line of the picture: its name, its colour, and what it counts.
type Line = (&'static str, &'static str, fn(&Tenth) -> u32);

const LINES: [Line; 4] = [
    ("claims", "#8a8a8a", |t| t.asked),
    ("decisions", "#1f6feb", |t| t.decided),
    ("orders", "#2da44e", |t| t.paid),
    ("no answer or 503", "#cf222e", |t| t.busy + t.lost),
];

/// An SVG of what happened in each second since the opening.
pub fn draw(name: &str, opens_at: UnixMs, tenths: &[Tenth], spans: &[Span], returns: &[Return]) -> String {
    let seconds = Seconds::new(opens_at, tenths);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"11\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\" font-weight=\"600\">{}</text>\n",
        escaped(name)
    );
    shadows(&mut svg, &seconds, spans, returns);
    axes(&mut svg, &seconds);
    for (n, (label, colour, _)) in LINES.iter().enumerate() {
        line(&mut svg, &seconds, n);
        let x = LEFT + 130.0 * n as f64;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"32\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"41\">{label} a second</text>",
            x + 14.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The tenths, summed by second, and where they stand on the paper.
struct Seconds {
    opens_at: UnixMs,
    counts: Vec<[u32; LINES.len()]>,
    most: u32,
}

impl Seconds {
    fn new(opens_at: UnixMs, tenths: &[Tenth]) -> Self {
        let second = |at: UnixMs| usize::try_from((at - opens_at).div_euclid(1000) + LEAD_S).ok();
        let last = tenths.iter().filter_map(|tenth| second(tenth.at)).max().unwrap_or(0);
        let mut counts = vec![[0; LINES.len()]; last + 2];
        for tenth in tenths {
            if let Some(into) = second(tenth.at).and_then(|n| counts.get_mut(n)) {
                into.iter_mut().zip(LINES).for_each(|(sum, (_, _, count))| *sum += count(tenth));
            }
        }
        let most = counts.iter().flatten().copied().max().unwrap_or(0).max(10);
        Self { opens_at, counts, most }
    }

    fn x(&self, at: UnixMs) -> f64 {
        let s = (at - self.opens_at) as f64 / 1000.0 + LEAD_S as f64;
        LEFT + (WIDTH - LEFT - RIGHT) * (s / self.counts.len() as f64).clamp(0.0, 1.0)
    }

    /// By the square root, so that a few can be seen beside many.
    fn y(&self, count: u32) -> f64 {
        let share = (f64::from(count) / f64::from(self.most)).sqrt();
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
    }
}

fn shadows(svg: &mut String, seconds: &Seconds, spans: &[Span], returns: &[Return]) {
    let height = HEIGHT - TOP - BOTTOM;
    for (span, back) in spans.iter().zip(returns) {
        let (from, to) = (seconds.x(span.from), seconds.x(span.healed_at));
        let (what, width) = (escaped(&span.what), (to - from).max(1.5));
        let _ = writeln!(
            svg,
            "<rect x=\"{from:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{height}\" fill=\"#cf222e\" \
             opacity=\"0.13\"><title>{what}</title></rect><text x=\"{from:.1}\" y=\"{}\" font-size=\"9\">{}</text>",
            TOP - 3.0,
            span.n
        );
        if let Some(ms) = back.back_ms {
            let x = seconds.x(span.counted_from + ms);
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{}\" stroke=\"#2da44e\" \
                 stroke-dasharray=\"2 3\"><title>decisions are back: {ms} ms</title></line>",
                HEIGHT - BOTTOM
            );
        }
    }
}

fn axes(svg: &mut String, seconds: &Seconds) {
    let (floor, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for count in [0, seconds.most / 4, seconds.most] {
        let y = seconds.y(count);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#d0d7de\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{count}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    let length = seconds.counts.len() as i64;
    let step = (length / LABELS_MAX / 5 + 1) * 5;
    for s in (0..length - LEAD_S).step_by(step as usize) {
        let x = seconds.x(seconds.opens_at.plus_s(s));
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{s} s</text>", floor + 16.0);
    }
}

fn line(svg: &mut String, seconds: &Seconds, n: usize) {
    let (colour, mut points) = (LINES[n].1, String::new());
    for (s, counts) in seconds.counts.iter().enumerate() {
        let x = seconds.x(seconds.opens_at.plus_s(s as i64 - LEAD_S) + 500);
        let _ = write!(points, "{x:.1},{:.1} ", seconds.y(counts[n]));
    }
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"/>",
        points.trim_end()
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::verdict::observe::FaultKind;

    #[test]
    fn a_picture_shows_every_fault_and_when_decisions_were_back() {
        let tenth = |at, decided| Tenth { at: UnixMs(at), decided, ..Tenth::default() };
        let tenths: Vec<Tenth> = (0..100).map(|n| tenth(10_000 + n * 100, 3)).collect();
        let span = Span {
            n: 1,
            what: "kill -9 <consumer-1>".into(),
            kind: FaultKind::Death,
            from: UnixMs(12_000),
            healed_at: UnixMs(13_000),
            counted_from: UnixMs(12_000),
            back_within_ms: 10_000,
            answers_within_ms: None,
        };
        let back = Return {
            n: 1,
            what: span.what.clone(),
            at: span.from,
            healed_ms: 1_000,
            back_ms: Some(700),
            back_within_ms: 10_000,
            slowest_answer_ms: None,
            answers_within_ms: None,
        };
        let svg = draw("consumers die", UnixMs(10_000), &tenths, &[span], &[back]);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<polyline").count(), LINES.len());
        assert!(svg.contains("kill -9 &lt;consumer-1&gt;") && svg.contains("decisions are back: 700 ms"));
    }
}
