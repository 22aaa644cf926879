//! The postman: turns what must be told into letters in the buyer's language, and hands them to whoever delivers.
//!
//! With the feature `lambda` he is a function of his own: [`serve`] takes what SQS brings, [`Once`] writes to no order twice.

use futures_util::{StreamExt, stream};
use sale::port::mail::{Mail, MailError, MailJob, MailSender};

#[cfg(feature = "lambda")]
mod lambda;
mod letter;
mod price;

#[cfg(feature = "lambda")]
pub use lambda::*;
pub use letter::render;

/// Letters of one batch under way at once: one slow mailbox does not hold up the rest.
const AT_ONCE: usize = 10;

/// Delivers every job of a batch, each on its own: one bad address keeps no other letter back.
///
/// Shape: one result a job, in order: `Ok` may be forgotten, `Unavailable` must come again, `Refused` never goes out.
/// Repeat: the sender delivers an order once.
pub async fn handle(jobs: Vec<MailJob>, sender: &dyn MailSender) -> Vec<Result<(), MailError>> {
    stream::iter(jobs).map(|job| deliver(job, sender)).buffered(AT_ONCE).collect().await
}

async fn deliver(job: MailJob, sender: &dyn MailSender) -> Result<(), MailError> {
    let mail: Mail = render(&job).map_err(|error| {
        tracing::error!(%error, order_id = %job.order_id, "a letter cannot be written");
        MailError::Refused
    })?;
    sender.deliver(mail).await
}

#[cfg(test)]
mod tests;
