//! Collecting: one record from the journal, the clients' notes, the provider's list, the letters and the logs.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use kit::clock::SystemClock;
use sale::{
    port::clock::Clock,
    verdict::{
        Observation, Record,
        record::{LedgerRow, Left},
    },
};
use tokio::time::{Instant, sleep};

use super::{BrokerAt, LedgerAt, Papers, letters, log, provider};

/// A heart that has not beaten for so long has stopped, and its house with it.
const STOPPED_MS: i64 = 5_000;

/// Nothing is in flight where nothing has changed for so long: a broker's count is up to five seconds old.
const STILL_FOR: Duration = Duration::from_secs(6);
/// Whoever is not still by then is busy.
const STILL_WITHIN: Duration = Duration::from_secs(30);

/// Reads what the house wrote; of a stack, which never stops, when nothing changes any more.
///
/// Shape: what clients saw is left empty, see [`saw`]. Errors: a file that is there and cannot be read or understood.
pub async fn collect(papers: &Papers) -> anyhow::Result<Record> {
    let mut record = written(papers).await?;
    match &papers.broker {
        // On a running house the parts are of different instants: what must be complete cannot be asked of them.
        None => record.still &= SystemClock.now() - record.at > STOPPED_MS,
        Some(broker) => record = stilled(papers, broker, record).await?,
    }
    if let Some(ledger) = &papers.ledger {
        record.ledger = ledgers(ledger, &record).await?;
    }
    record.leaks = log::leaks(&papers.logs, &record)?;
    Ok(record)
}

/// The journal comes last: whatever the others wrote down was committed before.
async fn written(papers: &Papers) -> anyhow::Result<Record> {
    let provider = provider::read(&papers.provider)?;
    let mails = letters::read(&papers.letters)?;
    let journal = papers.journal.open().await?;
    let record = journal.record().await.context("cannot read the journal");
    journal.close().await;
    Ok(Record { provider, mails, ..record? })
}

/// Reads again and again until nothing is left to do and nothing has changed since the time before.
async fn stilled(papers: &Papers, broker: &BrokerAt, mut record: Record) -> anyhow::Result<Record> {
    let give_up = Instant::now() + STILL_WITHIN;
    loop {
        sleep(STILL_FOR).await;
        let last = record.changes.last().map(|change| change.seq);
        record = written(papers).await?;
        record.left.queue = broker.waiting().await?;
        record.still = record.left == Left::default() && record.changes.last().map(|change| change.seq) == last;
        if record.still || Instant::now() > give_up {
            return Ok(record);
        }
    }
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
