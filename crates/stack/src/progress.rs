//! Waiting: for a condition, with a bound; what takes longer than two seconds says so.

// Whoever waits at a command line wants to know for what; standard output stays free for answers.
#![allow(clippy::print_stderr)]

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The first word comes after so long, and the next ones after as long again as it has taken so far.
const FIRST_WORD: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub fn say(text: &str) {
    eprintln!("{text}");
}

/// Waits until `holds`. Errors: not within the bound, or `hopeful` says that it will never be.
pub fn until(what: &str, bound: Duration, holds: impl Fn() -> bool, hopeful: impl Fn() -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    let mut next_word = FIRST_WORD;
    while !holds() {
        hopeful()?;
        let waited = begun.elapsed();
        if waited > bound {
            bail!("{what}: not within {bound:?}");
        }
        if waited > next_word {
            say(&format!("waiting for {what} ({} s)", waited.as_secs()));
            next_word = waited * 2;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
