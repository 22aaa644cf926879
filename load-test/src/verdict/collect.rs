//! Collecting: one record from the journal, the clients' notes, the provider's list, the mail folder and the logs.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    sync::Arc,
};

use anyhow::Context;
use journal::Journal;
use kit::clock::SystemClock;
use sale::{
    port::clock::Clock,
    verdict::{Observation, Record},
};

use super::{VerdictArgs, log, mails, provider};

/// A heart that has not beaten for so long has stopped, and its house with it.
const STOPPED_MS: i64 = 5_000;

/// Reads everything. The journal comes last: whatever the others wrote down was committed before.
///
/// Errors: a file that is there and cannot be read or understood.
pub async fn collect(args: &VerdictArgs) -> anyhow::Result<Record> {
    let mut seen = Record::default();
    for file in &args.seen {
        observations(file, &mut seen)?;
    }
    let provider = provider::read(&args.data_dir.join("sandbox-payments.jsonl"))?;
    let mails = mails::read(&args.data_dir.join("mail"))?;
    let mut record = journal(&args.data_dir.join("journal.db")).await?;
    // On a running house the parts are of different instants: what must be complete cannot be asked of them.
    record.still &= SystemClock.now() - record.at > STOPPED_MS;
    record.leaks = log::leaks(&args.logs, &record)?;
    (record.provider, record.mails) = (provider, mails);
    record.clock_error_ms = args.clock_error_ms;
    Ok(Record {
        receipts: seen.receipts,
        told: seen.told,
        stocks: seen.stocks,
        orders_told: seen.orders_told,
        answers: seen.answers,
        http: seen.http,
        faults: seen.faults,
        bounds: seen.bounds,
        ..record
    })
}

async fn journal(file: &Path) -> anyhow::Result<Record> {
    let context = || format!("cannot read the journal {}", file.display());
    let journal = Journal::open_read_only(file, Arc::new(SystemClock)).await.with_context(context)?;
    let record = journal.record().await.with_context(context);
    journal.close().await;
    record
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
