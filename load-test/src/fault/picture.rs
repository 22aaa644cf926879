//! The picture: one sale's seconds as lines, with the faults as shadows behind them.

use measure::{Chart, Curve, Mark, Scale, Shade};
use sale::time::UnixMs;

use super::{Return, marks::Span};
use crate::pulse::Tenth;

/// Before the opening so much is shown.
const LEAD_S: i64 = 2;
/// Labels on the time axis, at most.
const LABELS_MAX: i64 = 16;

/// A line of the picture: its name, and what it counts.
type Line = (&'static str, fn(&Tenth) -> u32);

const LINES: [Line; 4] = [
    ("decisions", |t| t.decided),
    ("orders", |t| t.paid),
    ("no answer or 503", |t| t.busy + t.lost),
    ("claims", |t| t.asked),
];

/// An SVG of what happened in each second since the opening.
pub fn draw(name: &str, opens_at: UnixMs, tenths: &[Tenth], spans: &[Span], returns: &[Return]) -> String {
    let (curves, length_s) = seconds(opens_at, tenths);
    let at = |at: UnixMs| (at - opens_at) as f64 / 1000.0;
    let shade = |span: &Span| Shade {
        from: at(span.from),
        to: at(span.healed_at),
        label: span.n.to_string(),
        title: span.what.clone(),
    };
    let mark = |(span, back): (&Span, &Return)| {
        let ms = back.back_ms?;
        Some(Mark { at: at(span.counted_from + ms), title: format!("decisions are back: {ms} ms") })
    };
    let step = (length_s / LABELS_MAX / 5 + 1) * 5;
    let labels = (0..).map(|n| n * step).take_while(|s| *s < length_s).map(|s| (s as f64, format!("{s} s")));
    Chart {
        title: name,
        curves: &curves,
        labels: labels.collect(),
        unit: "a second",
        scale: Scale::Root,
        shades: spans.iter().map(shade).collect(),
        marks: spans.iter().zip(returns).filter_map(mark).collect(),
    }
    .svg()
}

/// The tenths, summed by second, as curves over the seconds since the opening; and how many seconds there are.
fn seconds(opens_at: UnixMs, tenths: &[Tenth]) -> (Vec<Curve>, i64) {
    let second = |at: UnixMs| usize::try_from((at - opens_at).div_euclid(1000) + LEAD_S).ok();
    let last = tenths.iter().filter_map(|tenth| second(tenth.at)).max().unwrap_or(0);
    let curve = |(name, count): Line| {
        let mut sums = vec![0u32; last + 2];
        for tenth in tenths {
            if let Some(sum) = second(tenth.at).and_then(|n| sums.get_mut(n)) {
                *sum += count(tenth);
            }
        }
        let middle = |n: usize| n as f64 - LEAD_S as f64 + 0.5;
        let points = sums.into_iter().enumerate().map(|(n, sum)| (middle(n), f64::from(sum))).collect();
        Curve { name: name.into(), points }
    };
    (LINES.map(curve).into(), last as i64 + 2 - LEAD_S)
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
