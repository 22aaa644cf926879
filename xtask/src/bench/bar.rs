//! The bar: a promise in figures, and how it is kept.

use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Clone, Debug)]
pub struct Bar {
    pub name: &'static str,
    pub unit: &'static str,
    pub ours: f64,
    pub bound: Bound,
    pub why: String,
}

impl Bar {
    pub fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.ours >= least,
            Bound::AtMost(most) => self.ours <= most,
        }
    }

    pub fn json(&self) -> Value {
        let (word, value) = self.bound();
        json!({"name": self.name, "unit": self.unit, "ours": self.ours, word: value, "why": self.why, "met": self.is_met()})
    }

    fn bound(&self) -> (&'static str, f64) {
        match self.bound {
            Bound::AtLeast(value) => ("least", value),
            Bound::AtMost(value) => ("most", value),
        }
    }

    fn text(&self) -> String {
        let (met, (word, value)) = (if self.is_met() { "met" } else { "MISSED" }, self.bound());
        format!("{:<34} {:>10.1} {}, at {word} {value:.1} ({}): {met}", self.name, self.ours, self.unit, self.why)
    }
}

/// One line for each.
pub fn told(bars: &[Bar]) -> String {
    bars.iter().map(|bar| bar.text() + "\n").collect()
}
