//! What is shared by those who measure: charts, and how a house is set for it.

mod chart;
mod columns;
mod settings;

pub use chart::{Chart, Curve, Mark, Scale, Shade};
pub use columns::{Column, columns};
pub use settings::{CLAIMS_BURST, settings};

const COLOURS: [&str; 8] = ["#1f6feb", "#2da44e", "#c2410c", "#7c3aed", "#777777", "#ea9a3e", "#0f766e", "#be185d"];

/// The same place has the same colour in every picture.
fn colour(place: usize) -> &'static str {
    COLOURS[place % COLOURS.len()]
}

/// Text for a page or a picture.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
