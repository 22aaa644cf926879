//! The chart: lines over one axis as plain SVG, which needs no script and nothing from elsewhere.

use std::fmt::Write as _;

use super::{colour, escaped};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 54.0;
const BOTTOM: f64 = 28.0;
/// Names of curves stand in rows of so many.
const NAMES_A_ROW: usize = 4;
const NAME_WIDTH: f64 = 170.0;

/// One line: its name and its points.
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// How high a value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    #[default]
    Linear,
    /// By the square root, so that a few can be seen beside many.
    Root,
}

/// A shadow behind the curves.
pub struct Shade {
    pub from: f64,
    pub to: f64,
    /// What stands above it.
    pub label: String,
    /// What is told of it where the mouse rests.
    pub title: String,
}

/// An instant that is marked by an upright line.
pub struct Mark {
    pub at: f64,
    pub title: String,
}

/// Curves over one axis, from zero on.
#[derive(Default)]
pub struct Chart<'a> {
    pub title: &'a str,
    pub curves: &'a [Curve],
    /// Labels of the axis: where, and what stands there.
    pub labels: Vec<(f64, String)>,
    /// What a value is counted in.
    pub unit: &'a str,
    pub scale: Scale,
    pub shades: Vec<Shade>,
    pub marks: Vec<Mark>,
}

impl Chart<'_> {
    pub fn svg(&self) -> String {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" font-size=\"11\" \
             font-family=\"system-ui, sans-serif\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
             <text x=\"4\" y=\"14\"><tspan font-size=\"13\" font-weight=\"600\">{}</tspan> {}</text>\n",
            escaped(self.title),
            escaped(self.unit)
        );
        let paper = Paper::of(self);
        shades(&mut svg, &paper, &self.shades);
        self.axes(&mut svg, &paper);
        for (n, curve) in self.curves.iter().enumerate() {
            draw(&mut svg, &paper, n, curve);
        }
        marks(&mut svg, &paper, &self.marks);
        svg + "</svg>\n"
    }

    fn axes(&self, svg: &mut String, paper: &Paper) {
        for part in [0.0, 0.25, 0.5, 1.0] {
            let (y, right) = (paper.y(paper.most * part), WIDTH - RIGHT);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#d0d7de\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                short(paper.most * part)
            );
        }
        for (at, label) in &self.labels {
            let (x, y) = (paper.x(*at), HEIGHT - 8.0);
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escaped(label));
        }
    }
}

/// Where a value stands.
struct Paper {
    first: f64,
    last: f64,
    most: f64,
    scale: Scale,
}

impl Paper {
    fn of(chart: &Chart) -> Self {
        let points = || chart.curves.iter().flat_map(|curve| &curve.points);
        let ends = points().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (at, _)| (a.min(*at), b.max(*at)));
        let most = points().map(|(_, value)| *value).fold(1e-6, f64::max);
        Self { first: ends.0, last: ends.1, most, scale: chart.scale }
    }

    fn x(&self, at: f64) -> f64 {
        let part = (at - self.first) / (self.last - self.first).max(1e-9);
        LEFT + (WIDTH - LEFT - RIGHT) * part.clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        let part = (value / self.most).clamp(0.0, 1.0);
        let part = if self.scale == Scale::Root { part.sqrt() } else { part };
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part
    }
}

fn draw(svg: &mut String, paper: &Paper, n: usize, curve: &Curve) {
    let (colour, mut points) = (colour(n), String::new());
    for (at, value) in &curve.points {
        let _ = write!(points, "{:.1},{:.1} ", paper.x(*at), paper.y(*value));
    }
    let (column, row) = (n % NAMES_A_ROW, n / NAMES_A_ROW);
    let (x, y) = (LEFT + 20.0 + NAME_WIDTH * column as f64, TOP - 24.0 + 12.0 * row as f64);
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\
         <text x=\"{x}\" y=\"{y}\" style=\"fill:{colour}\">{}</text>",
        points.trim_end(),
        escaped(&curve.name)
    );
}

fn shades(svg: &mut String, paper: &Paper, all: &[Shade]) {
    for shade in all {
        let (from, to) = (paper.x(shade.from), paper.x(shade.to));
        let _ = writeln!(
            svg,
            "<rect x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\" fill=\"#cf222e\" opacity=\"0.13\">\
             <title>{}</title></rect><text x=\"{from:.1}\" y=\"{}\" font-size=\"9\">{}</text>",
            (to - from).max(1.5),
            HEIGHT - TOP - BOTTOM,
            escaped(&shade.title),
            TOP - 3.0,
            escaped(&shade.label)
        );
    }
}

fn marks(svg: &mut String, paper: &Paper, all: &[Mark]) {
    for mark in all {
        let x = paper.x(mark.at);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{}\" stroke=\"#2da44e\" stroke-dasharray=\"2 3\">\
             <title>{}</title></line>",
            HEIGHT - BOTTOM,
            escaped(&mark.title)
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, points: Vec<(f64, f64)>) -> Curve {
        Curve { name: name.into(), points }
    }

    #[test]
    fn a_chart_has_a_line_for_each_curve_and_stays_on_its_paper() {
        let curves = [curve("a<b", vec![(0.0, 5.0), (2.0, 10.0)]), curve("c", vec![(1.0, 0.0)]), curve("d", vec![])];
        let labels = vec![(0.0, "0 s".to_owned()), (2.0, "2 s".to_owned())];
        let svg = Chart { curves: &curves, labels, unit: "ms", ..Chart::default() }.svg();
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert!(svg.contains("points=\"64.0,153.0 748.0,54.0\"") && svg.contains("a&lt;b"), "{svg}");
    }

    #[test]
    fn a_few_are_seen_beside_many_where_the_scale_is_the_root() {
        let curves = [curve("a", vec![(0.0, 1.0), (1.0, 100.0)])];
        let svg = Chart { curves: &curves, scale: Scale::Root, ..Chart::default() }.svg();
        assert!(svg.contains("points=\"64.0,232.2 748.0,54.0\""), "{svg}");
    }

    #[test]
    fn what_happened_meanwhile_lies_behind_and_is_named() {
        let curves = [curve("a", vec![(0.0, 1.0), (10.0, 1.0)])];
        let shades = vec![Shade { from: 5.0, to: 5.0, label: "1".into(), title: "kill <it>".into() }];
        let marks = vec![Mark { at: 10.0, title: "back".into() }];
        let svg = Chart { curves: &curves, shades, marks, ..Chart::default() }.svg();
        assert!(
            svg.contains("width=\"1.5\"") && svg.contains("kill &lt;it&gt;") && svg.contains("x1=\"748.0\""),
            "{svg}"
        );
        assert!(svg.find("<rect x=") < svg.find("<polyline"), "{svg}");
    }
}
