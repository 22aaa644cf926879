//! The postman: turns what must be told into letters in the buyer's language, and hands them to whoever delivers.

use sale::port::mail::{Mail, MailError, MailJob, MailSender};

mod letter;
mod price;

pub use letter::render;

/// Delivers every job of a batch, each on its own: one bad address keeps no other letter back.
///
/// Shape: one result a job, in order: `Ok` may be forgotten, `Unavailable` must come again, `Refused` never goes out.
/// Repeat: the sender delivers an order once.
pub async fn handle(jobs: Vec<MailJob>, sender: &dyn MailSender) -> Vec<Result<(), MailError>> {
    let mut results = Vec::with_capacity(jobs.len());
    for job in jobs {
        results.push(deliver(&job, sender).await);
    }
    results
}

async fn deliver(job: &MailJob, sender: &dyn MailSender) -> Result<(), MailError> {
    let mail: Mail = render(job).map_err(|error| {
        tracing::error!(%error, order_id = %job.order_id, "a letter cannot be written");
        MailError::Refused
    })?;
    sender.deliver(mail).await
}

#[cfg(test)]
mod tests;
