//! The mail queue in SQS: jobs for the postman, ten to a call.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::{
    Client, error::ProvideErrorMetadata, operation::send_message_batch::SendMessageBatchOutput,
    types::SendMessageBatchRequestEntry,
};
use futures_util::{StreamExt, stream};
use sale::port::mail::{MailError, MailJob, MailQueue};
use serde::Deserialize;

mod pack;

use crate::aws::{self, Bounds};
use pack::{Packed, pack};

/// Calls under way at once; more wait for one. So that a whole batch of the relay is through before it stops waiting.
const CALLS_AT_ONCE: usize = 8;

/// Where the queue is and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    pub queue_url: String,
    /// As in `us-east-1`; empty: as AWS's own environment says.
    pub region: String,
    /// Where AWS answers, for a stand-in; empty: where AWS itself does.
    pub endpoint: String,
    #[serde(with = "humantime_serde")]
    pub connect_max: Duration,
    /// One try of one call.
    #[serde(with = "humantime_serde")]
    pub try_max: Duration,
    /// One call, all its tries and the pauses between them.
    #[serde(with = "humantime_serde")]
    pub call_max: Duration,
    pub tries_max: u32,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            queue_url: String::new(),
            region: String::new(),
            endpoint: String::new(),
            connect_max: Duration::from_secs(1),
            try_max: Duration::from_secs(3),
            call_max: Duration::from_secs(10),
            tries_max: 3,
        }
    }
}

/// Jobs for the postman, over SQS.
pub struct SqsMail {
    client: Client,
    queue_url: String,
}

impl SqsMail {
    /// AWS as the environment knows it. Nothing is connected before the first job.
    pub async fn open(config: MailConfig) -> Self {
        let aws = aws::load(&config.region, &config.endpoint).await;
        Self::over(&aws, config)
    }

    /// As [`open`](Self::open), with an AWS that is known already: its region, endpoint and credentials count.
    pub fn over(aws: &SdkConfig, config: MailConfig) -> Self {
        let MailConfig { connect_max, try_max, call_max, tries_max, .. } = config;
        let aws = Bounds { connect_max, try_max, call_max, tries_max }.on(aws);
        Self { client: Client::new(&aws), queue_url: config.queue_url }
    }

    /// Sends up to ten jobs in one call; their results by their place among all.
    async fn call(&self, jobs: Vec<Packed>) -> Vec<(usize, Result<(), MailError>)> {
        let places: Vec<usize> = jobs.iter().map(|job| job.place).collect();
        let entries = jobs.into_iter().map(|Packed { place, body }| {
            SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(body).build()
        });
        let Ok(entries) = entries.collect::<Result<Vec<_>, _>>() else { return all(&places, MailError::Refused) };
        let call = self.client.send_message_batch().queue_url(&self.queue_url).set_entries(Some(entries));
        match call.send().await {
            Ok(answer) => places.into_iter().map(|place| (place, read(&answer, place))).collect(),
            Err(error) => {
                // Unknown whether they lie on the queue; a doubled one is one letter.
                tracing::warn!(jobs = places.len(), code = error.code(), "the mail queue did not take a batch");
                all(&places, MailError::Unavailable)
            }
        }
    }
}

fn all(places: &[usize], error: MailError) -> Vec<(usize, Result<(), MailError>)> {
    places.iter().map(|place| (*place, Err(error))).collect()
}

/// What the answer says of one job; one that it does not name is in doubt.
fn read(answer: &SendMessageBatchOutput, place: usize) -> Result<(), MailError> {
    let id = place.to_string();
    if answer.successful().iter().any(|taken| taken.id() == id) {
        return Ok(());
    }
    let failed = answer.failed().iter().find(|failed| failed.id() == id);
    let (code, ours) = failed.map_or(("unnamed", false), |failed| (failed.code(), failed.sender_fault()));
    tracing::warn!(code, ours, "the mail queue did not take a job");
    Err(if ours { MailError::Refused } else { MailError::Unavailable })
}

#[async_trait]
impl MailQueue for SqsMail {
    async fn send(&self, jobs: Vec<MailJob>) -> Vec<Result<(), MailError>> {
        // A job that goes into no call is too large for any.
        let mut results = vec![Err(MailError::Refused); jobs.len()];
        let calls = stream::iter(pack(&jobs)).map(|packed| self.call(packed)).buffer_unordered(CALLS_AT_ONCE);
        for (place, result) in calls.collect::<Vec<_>>().await.into_iter().flatten() {
            results[place] = result;
        }
        results
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};

    fn failed(id: &str, ours: bool) -> BatchResultErrorEntry {
        BatchResultErrorEntry::builder().id(id).code("x").sender_fault(ours).build().unwrap()
    }

    #[test]
    fn each_job_of_a_half_taken_batch_has_its_own_result() {
        let taken = SendMessageBatchResultEntry::builder().id("7").message_id("m").md5_of_message_body("5");
        let answer = SendMessageBatchOutput::builder()
            .successful(taken.build().unwrap())
            .failed(failed("8", true))
            .failed(failed("9", false))
            .build()
            .unwrap();
        let results: Vec<_> = (7..=10).map(|place| read(&answer, place)).collect();
        let (refused, unavailable) = (Err(MailError::Refused), Err(MailError::Unavailable));
        assert_eq!(results, [Ok(()), refused, unavailable, unavailable], "what is not named is in doubt");
    }

    #[tokio::test]
    async fn a_queue_that_is_not_there_is_in_doubt_and_said_in_time() {
        let nowhere = MailConfig {
            queue_url: "http://127.0.0.1:9/queue".into(),
            region: "us-east-1".into(),
            endpoint: "http://127.0.0.1:9".into(),
            call_max: Duration::from_millis(500),
            ..MailConfig::default()
        };
        let mail = SqsMail::open(nowhere).await;
        assert_eq!(mail.send(vec![pack::tests::job(1, 10)]).await, [Err(MailError::Unavailable)]);
        assert_eq!(mail.send(vec![]).await, []);
    }

    #[test]
    fn a_bare_number_is_no_duration() {
        let read = |text| serde_json::from_str::<MailConfig>(text);
        assert!(read(r#"{"call_max":"5s"}"#).is_ok());
        assert!(read(r#"{"call_max":5}"#).is_err());
        assert!(read(r#"{"call_min":"5s"}"#).is_err());
    }
}
