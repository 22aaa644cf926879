//! The postbag: letters handed to the postman, kept for the test to read.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sale::port::mail::{MailError, MailJob, MailQueue};

/// Keeps every job. Repeats stay visible: the postman would deliver each order once.
#[derive(Debug, Default)]
pub struct Postbag(Mutex<Vec<MailJob>>);

impl Postbag {
    pub fn jobs(&self) -> Vec<MailJob> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl MailQueue for Postbag {
    async fn send(&self, jobs: Vec<MailJob>) -> Vec<Result<(), MailError>> {
        let answers = jobs.iter().map(|_| Ok(())).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(jobs);
        answers
    }
}
