//! Mail: a job handed to the postman, and a finished message handed to whoever delivers it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ids::OrderId, money::Money};

/// What a buyer is told after paying; the order id is the deduplication id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailJob {
    pub order_id: OrderId,
    pub number: String,
    pub to: String,
    pub name: String,
    pub product_name: String,
    pub quantity: u32,
    pub total: Money,
    pub ship_to: String,
    /// `en` or `zh-TW`.
    pub language: String,
}

/// A rendered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub order_id: OrderId,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MailError {
    /// Unknown whether it went out: try again with the same id.
    #[error("the mail service does not answer")]
    Unavailable,
    /// This one will never go out (a bad address): alarm, do not repeat.
    #[error("the mail service refuses this message")]
    Refused,
}

/// The queue to the postman (SQS; a call when embedded).
///
/// Repeat: at least once; the postman sends once per order. Errors: [`MailError`], one result a job, in order.
#[async_trait]
pub trait MailQueue: Send + Sync + 'static {
    async fn send(&self, jobs: Vec<MailJob>) -> Vec<Result<(), MailError>>;
}

/// Who delivers (SES, SMTP; a folder when embedded).
///
/// Repeat: the same order id is delivered once as far as the backend can tell.
#[async_trait]
pub trait MailSender: Send + Sync + 'static {
    async fn deliver(&self, mail: Mail) -> Result<(), MailError>;
}
