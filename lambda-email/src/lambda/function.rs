//! The function: a batch as SQS hands it over, and which of its records must come again.

use sale::port::mail::{MailError, MailJob, MailSender};
use serde::{Deserialize, Serialize};

use crate::handle;

/// What wakes the function. Only what it reads of it.
#[derive(Debug, Deserialize)]
pub struct Event {
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub message_id: String,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Attributes {
    pub approximate_receive_count: String,
}

/// The records that must come again; after so many times SQS puts them on the dead-letter queue.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub batch_item_failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub item_identifier: String,
}

/// Delivers a batch: every record is tried, and only those that failed come again.
///
/// What cannot be read or is refused fails on purpose until it lies on the dead-letter queue, where people look.
pub async fn serve(event: Event, sender: &dyn MailSender) -> Answer {
    let records = event.records.len();
    let (mut failures, mut ids, mut jobs) = (vec![], vec![], vec![]);
    for record in event.records {
        match serde_json::from_str::<MailJob>(&record.body) {
            Ok(job) => {
                ids.push(record);
                jobs.push(job);
            }
            Err(error) => failures.push(unreadable(record, &error)),
        }
    }
    let orders: Vec<_> = jobs.iter().map(|job| job.order_id).collect();
    for ((record, order_id), result) in ids.into_iter().zip(orders).zip(handle(jobs, sender).await) {
        let Err(error) = result else { continue };
        let (message_id, receives) = (&record.message_id, &record.attributes.approximate_receive_count);
        match error {
            MailError::Refused => {
                tracing::error!(alarm = "mail_refused", message_id, receives, %order_id, "a letter is refused for good");
            }
            MailError::Unavailable => tracing::warn!(message_id, receives, %order_id, "a letter must come again"),
        }
        failures.push(Failure { item_identifier: record.message_id });
    }
    tracing::info!(records, failed = failures.len(), "a batch of letters was handed over");
    Answer { batch_item_failures: failures }
}

fn unreadable(record: Record, error: &serde_json::Error) -> Failure {
    // Where and of what kind, never the words: they may hold an address.
    let (message_id, receives) = (&record.message_id, &record.attributes.approximate_receive_count);
    let (kind, column) = (error.classify(), error.column());
    tracing::error!(alarm = "mail_unreadable", message_id, receives, ?kind, column, "a letter's job cannot be read");
    Failure { item_identifier: record.message_id }
}
