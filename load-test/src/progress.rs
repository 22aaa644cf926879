//! Progress: what a person at a terminal sees while they wait; a plain line for each act elsewhere.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub struct Progress {
    bar: ProgressBar,
    live: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    pub fn new() -> Self {
        let live = std::io::stderr().is_terminal();
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bar: ProgressBar::with_draw_target(Some(0), target), live }
    }

    /// The next act begins: `steps` of it, or 0 where nobody knows.
    pub fn act(&self, name: &str, steps: u64) {
        let shape = if steps > 0 { "{elapsed:>4} {msg} {bar:30} {pos}/{len}" } else { "{elapsed:>4} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(shape) {
            self.bar.set_style(style);
        }
        self.bar.set_length(steps);
        self.bar.set_position(0);
        self.say(name);
    }

    /// How it stands now.
    pub fn note(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    pub fn step(&self) {
        self.bar.inc(1);
    }

    pub fn at(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// Something worth a line of its own where there is no terminal.
    pub fn say(&self, text: &str) {
        self.note(text);
        if !self.live {
            // A closed pipe is no reason to fail.
            let _ = writeln!(std::io::stderr(), "[{:>3} s] {text}", self.bar.elapsed().as_secs());
        }
    }

    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}
