//! Columns: one bar beside the other, each with its name and its value in words, as plain SVG.

use std::fmt::Write as _;

use super::{colour, escaped};

const WIDTH: f64 = 640.0;
const ROW: f64 = 26.0;
const NAMES: f64 = 110.0;
/// Room for the words behind the longest.
const WORDS: f64 = 150.0;

pub struct Column {
    pub name: String,
    pub value: f64,
    /// What stands beside it.
    pub text: String,
}

/// An SVG of them, from top to bottom.
pub fn columns(all: &[Column]) -> String {
    let most = all.iter().map(|column| column.value).fold(1e-9, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" font-size=\"13\" \
         font-family=\"system-ui, sans-serif\">\n",
        ROW * all.len() as f64
    );
    for (place, column) in all.iter().enumerate() {
        let (top, long) = (ROW * place as f64, (WIDTH - NAMES - WORDS) * (column.value / most).max(0.0));
        let (text, beside) = (top + 17.0, NAMES + long + 6.0);
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{text}\">{}</text><rect x=\"{NAMES}\" y=\"{}\" width=\"{long:.1}\" height=\"{}\" fill=\"{}\"/>\
             <text x=\"{beside:.1}\" y=\"{text}\">{}</text>",
            escaped(&column.name),
            top + 4.0,
            ROW - 8.0,
            colour(place),
            escaped(&column.text)
        );
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_column_fills_its_room_and_none_is_missing() {
        let column = |name: &str, value| Column { name: name.into(), value, text: format!("{value} us") };
        let svg = columns(&[column("a<b", 10.0), column("c", 5.0), column("d", 0.0)]);
        assert!(svg.contains("width=\"380.0\"") && svg.contains("width=\"190.0\"") && svg.contains("width=\"0.0\""));
        assert!(svg.contains("a&lt;b") && svg.ends_with("</svg>\n"));
    }
}
