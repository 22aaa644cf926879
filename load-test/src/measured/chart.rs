//! The chart: lines over one axis as plain SVG, which needs no script and nothing from elsewhere.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 28.0;
const COLOURS: [&str; 8] = ["#1f6feb", "#2da44e", "#c2410c", "#7c3aed", "#777777", "#ea9a3e", "#0f766e", "#be185d"];

/// One line: its name and its points.
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Curves over one axis, from zero on.
pub struct Chart<'a> {
    pub curves: &'a [Curve],
    /// Labels of the axis: where, and what stands there.
    pub labels: Vec<(f64, String)>,
    /// What a value is counted in.
    pub unit: &'a str,
}

impl Chart<'_> {
    pub fn svg(&self) -> String {
        let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" font-size=\"11\">\n");
        let most = self.most();
        for part in [0.0, 0.5, 1.0] {
            let (y, right) = (self.y(most * part), WIDTH - RIGHT);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#d0d7de\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                short(most * part)
            );
        }
        let _ = writeln!(svg, "<text x=\"4\" y=\"{}\">{}</text>", TOP - 20.0, escaped(self.unit));
        for (at, label) in &self.labels {
            let (x, y) = (self.x(*at), HEIGHT - 8.0);
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escaped(label));
        }
        for (n, curve) in self.curves.iter().enumerate() {
            self.curve(&mut svg, n, curve);
        }
        svg + "</svg>\n"
    }

    fn curve(&self, svg: &mut String, n: usize, curve: &Curve) {
        let (colour, mut points) = (COLOURS[n % COLOURS.len()], String::new());
        for (at, value) in &curve.points {
            let _ = write!(points, "{:.1},{:.1} ", self.x(*at), self.y(*value));
        }
        let (x, y) = (LEFT + 20.0 + 170.0 * (n % 4) as f64, TOP - 20.0 + 12.0 * (n / 4) as f64);
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\
             <text x=\"{x}\" y=\"{y}\" style=\"fill:{colour}\">{}</text>",
            points.trim_end(),
            escaped(&curve.name)
        );
    }

    fn most(&self) -> f64 {
        self.curves.iter().flat_map(|curve| &curve.points).map(|(_, value)| *value).fold(1e-6, f64::max)
    }

    fn x(&self, at: f64) -> f64 {
        let ends = self.curves.iter().flat_map(|curve| &curve.points).map(|(at, _)| *at);
        let (first, last) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), at| (a.min(at), b.max(at)));
        LEFT + (WIDTH - LEFT - RIGHT) * ((at - first) / (last - first).max(1e-9)).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value / self.most()).clamp(0.0, 1.0)
    }
}

fn short(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.0} k", value / 1e3)
    } else if value >= 100.0 || value == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_line_for_each_curve_and_stays_on_its_paper() {
        let curve = |name: &str, points| Curve { name: name.into(), points };
        let curves = [curve("a<b", vec![(0.0, 5.0), (2.0, 10.0)]), curve("c", vec![(1.0, 0.0)]), curve("d", vec![])];
        let labels = vec![(0.0, "0 s".to_owned()), (2.0, "2 s".to_owned())];
        let svg = Chart { curves: &curves, labels, unit: "ms" }.svg();
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert!(svg.contains("points=\"64.0,133.0 748.0,34.0\"") && svg.contains("a&lt;b"), "{svg}");
    }
}
