//! The mail relay: what the outbox says a buyer must be told by mail goes to the postman, until it went.

use std::time::Duration;

use journal::{
    Journal, JournalError,
    outbox::{Chore, MAIL},
};
use kit::lifecycle::Lifecycle;
use sale::{
    port::mail::{MailError, MailJob},
    stores::Stores,
    time::UnixMs,
};

/// How often the outbox is looked through.
const TICK: Duration = Duration::from_secs(1);
/// Letters handed to the postman at once.
const BATCH_MAX: u32 = 50;
/// How long the postman may take over a batch.
const POSTMAN_WAIT: Duration = Duration::from_secs(30);
/// Tries at the usual pace; after them people are told, and it goes on slowly.
const TRIES: u32 = 3;
const RETRY_MS: i64 = 60_000;
const SLOW_RETRY_MS: i64 = 600_000;

/// Relays until the soft stop. The batch in hand ends first: what went is marked before this returns.
pub async fn run(stores: Stores, journal: Journal, life: Lifecycle) {
    while life.sleep(TICK).await {
        while !life.is_stopping() {
            match relay_once(&stores, &journal).await {
                Ok(seen) if seen == BATCH_MAX as usize => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "the mail relay waits: the outbox cannot be read or marked");
                    break;
                }
            }
        }
    }
}

/// Hands one batch of what is due to the postman. Returns how many rows it saw.
///
/// Repeat: a crash between the postman's yes and the mark sends the job again; the postman delivers an order once.
pub async fn relay_once(stores: &Stores, journal: &Journal) -> Result<usize, JournalError> {
    let now = journal.clock().await?;
    let due = journal.outbox_due(MAIL, BATCH_MAX, now).await?;
    let seen = due.len();
    let mut batch = Vec::with_capacity(seen);
    for chore in due {
        match chore.read::<MailJob>() {
            Ok(job) => batch.push((chore, job)),
            Err(error) => park(journal, &chore, &error.to_string()).await?,
        }
    }
    if batch.is_empty() {
        return Ok(seen);
    }
    let results = send(stores, batch.iter().map(|(_, job)| job.clone()).collect()).await;
    settle(journal, &batch, results, now).await?;
    Ok(seen)
}

/// One result a job, whatever the postman does.
async fn send(stores: &Stores, jobs: Vec<MailJob>) -> Vec<Result<(), MailError>> {
    let asked = jobs.len();
    let mut results = tokio::time::timeout(POSTMAN_WAIT, stores.mail.send(jobs)).await.unwrap_or_default();
    results.resize(asked, Err(MailError::Unavailable));
    results
}

async fn settle(
    journal: &Journal,
    batch: &[(Chore, MailJob)],
    results: Vec<Result<(), MailError>>,
    now: UnixMs,
) -> Result<(), JournalError> {
    let mut sent = Vec::with_capacity(batch.len());
    for ((chore, job), result) in batch.iter().zip(results) {
        match result {
            Ok(()) => sent.push(chore.id),
            Err(MailError::Refused) => park(journal, chore, "refused by the mail service").await?,
            Err(MailError::Unavailable) => later(journal, chore, job, now).await?,
        }
    }
    metrics::counter!("mails_sent_total").increment(sent.len() as u64);
    journal.outbox_done(&sent).await
}

async fn later(journal: &Journal, chore: &Chore, job: &MailJob, now: UnixMs) -> Result<(), JournalError> {
    let tries = chore.tries + 1;
    let wait_ms = if tries < TRIES { RETRY_MS } else { SLOW_RETRY_MS };
    metrics::counter!("mails_put_off_total").increment(1);
    if tries >= TRIES {
        metrics::counter!("mail_alarms_total", "why" => "unavailable").increment(1);
        tracing::error!(order_id = %job.order_id, tries, "a letter did not go out; it is tried slowly from now on");
    }
    journal.outbox_later(chore.id, now + wait_ms).await
}

/// It will never go out as it stands: people must look at it.
async fn park(journal: &Journal, chore: &Chore, why: &str) -> Result<(), JournalError> {
    metrics::counter!("mail_alarms_total", "why" => "parked").increment(1);
    tracing::error!(outbox_id = chore.id, why, "a letter is parked");
    journal.outbox_park(chore.id, why).await
}

#[cfg(test)]
mod tests;
