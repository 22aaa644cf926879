//! The short scenarios of the load test, all at the same time: each has a server and a folder of its own, and mostly waits.

use std::{io::Write, process::Output, thread};

use anyhow::{Context, Result, bail};

use crate::run::command;

/// Small enough for a machine that has other things to do; what they ask for is the same.
const SHORT: [&[&str]; 3] = [
    &["oversell", "--seconds", "6", "--buyers", "60", "--units", "30"],
    &["burst"],
    &["mixed", "--seconds", "6", "--buyers", "40"],
];

/// Plays them. Errors: those that did not pass; all are played in any case.
pub fn check() -> Result<()> {
    let played = thread::scope(|scope| {
        let running = SHORT.map(|words| scope.spawn(|| play(words)));
        running.map(|played| played.join().unwrap_or_else(|_| bail!("a thread of ours panicked")))
    });
    let mut failed = vec![];
    for (words, played) in SHORT.iter().zip(played) {
        let name = words.first().copied().unwrap_or_default();
        // One after the other: what three say at once nobody can read.
        let output = played.with_context(|| format!("cannot play {name}"))?;
        println!("--- {} ---", words.join(" "));
        std::io::stdout().write_all(&output.stdout)?;
        if !output.status.success() {
            std::io::stdout().write_all(&output.stderr)?;
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("did not pass: {}", failed.join(", "));
    }
    Ok(())
}

fn play(words: &[&str]) -> Result<Output> {
    Ok(command(&["target/release/load-test"]).args(words).output()?)
}
