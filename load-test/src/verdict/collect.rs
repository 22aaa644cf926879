//! Collecting: one record from the journal, the clients' notes, the provider's list, the letters and the logs.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::Context;
use kit::clock::SystemClock;
use sale::{
    port::clock::Clock,
    verdict::{Observation, Record, record::LedgerRow},
};

use super::{LedgerAt, Papers, letters, log, provider};

/// A heart that has not beaten for so long has stopped, and its house with it.
const STOPPED_MS: i64 = 5_000;

/// Reads what the house wrote. The journal comes last: whatever the others wrote down was committed before.
///
/// Shape: what clients saw is left empty, see [`saw`]. Errors: a file that is there and cannot be read or understood.
pub async fn collect(papers: &Papers) -> anyhow::Result<Record> {
    let provider = provider::read(&papers.provider)?;
    let mails = letters::read(&papers.letters)?;
    let journal = papers.journal.open().await?;
    let record = journal.record().await.context("cannot read the journal");
    journal.close().await;
    let mut record = Record { provider, mails, ..record? };
    // On a running house the parts are of different instants: what must be complete cannot be asked of them.
    record.still &= SystemClock.now() - record.at > STOPPED_MS;
    if let Some(ledger) = &papers.ledger {
        record.ledger = ledgers(ledger, &record).await?;
    }
    record.leaks = log::leaks(&papers.logs, &record)?;
    Ok(record)
}

/// The ledger after the journal: what it promises beyond the rows would show, what it is not yet told does not count.
async fn ledgers(ledger: &LedgerAt, record: &Record) -> anyhow::Result<Vec<LedgerRow>> {
    let mut rows = vec![];
    for item in &record.items {
        rows.extend(ledger.read(item.id).await?);
    }
    Ok(rows)
}

/// Adds what clients saw, with clocks that were off by at most `clock_error_ms`.
pub fn saw(files: &[PathBuf], clock_error_ms: i64, into: &mut Record) -> anyhow::Result<()> {
    into.clock_error_ms = clock_error_ms;
    files.iter().try_for_each(|file| observations(file, into))
}

/// A last line without its end is still being written, or was when its writer died.
fn observations(file: &Path, into: &mut Record) -> anyhow::Result<()> {
    let context = || format!("cannot read what was seen from {}", file.display());
    let (mut reader, mut line) = (BufReader::new(File::open(file).with_context(context)?), String::new());
    for n in 1.. {
        line.clear();
        reader.read_line(&mut line).with_context(context)?;
        if !line.ends_with('\n') {
            break;
        }
        let seen: Observation =
            serde_json::from_str(&line).with_context(|| format!("line {n} of {}", file.display()))?;
        into.observe(seen);
    }
    Ok(())
}
