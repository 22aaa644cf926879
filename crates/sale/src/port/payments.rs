//! Payments: the provider that moves the money.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ids::ClaimId, money::Money, time::UnixMs};

/// The key of one try to pay one hold: provider-side idempotency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PaymentKey {
    pub claim_id: ClaimId,
    /// Counted from 1 over the hold's life.
    pub attempt: u32,
}

/// How a payment stands in the provider's own record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    Created,
    Authorised,
    Declined,
    Captured,
    Voided,
    Refunded,
    /// Cancelled before any answer: final, a later authorise under this key fails.
    Cancelled,
}

/// One payment as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub key: PaymentKey,
    pub amount: Money,
    pub state: PaymentState,
    pub changed_at: UnixMs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PaymentError {
    /// No answer: it may or may not have happened. Ask by key, or cancel by key.
    #[error("the payment provider does not answer")]
    Unknown,
    /// The provider knows no such payment.
    #[error("the payment provider knows no such payment")]
    NotFound,
    /// Not from this state (capture of a voided payment, for example).
    #[error("the payment is {0:?}")]
    WrongState(PaymentState),
}

/// A card payment provider: authorise, then capture; or void, or refund.
///
/// Shape: every call names the payment by its key; the amount is the sale's.
/// Repeat: the same call under the same key has one effect and the same answer.
/// Errors: [`PaymentError`]; `Unknown` is never a no.
#[async_trait]
pub trait Payments: Send + Sync + 'static {
    /// Asks the card's bank. `token` stands for the card; card data never comes here. Answers Authorised or Declined.
    async fn authorise(&self, key: PaymentKey, amount: Money, token: &str) -> Result<Payment, PaymentError>;
    /// Takes the authorised money.
    async fn capture(&self, key: PaymentKey) -> Result<Payment, PaymentError>;
    /// Ends a payment whose answer never came: voids what was authorised, makes a later authorise fail, and returns how it stands:
    /// Cancelled or Voided, or Captured if it is too late.
    async fn cancel(&self, key: PaymentKey) -> Result<Payment, PaymentError>;
    /// Gives captured money back.
    async fn refund(&self, key: PaymentKey) -> Result<Payment, PaymentError>;
    async fn find(&self, key: PaymentKey) -> Result<Payment, PaymentError>;
    /// The provider's own list of what changed at `since` or later, oldest first, at most `max`. No two changes carry the same
    /// instant, so that whoever goes on behind the last of a page misses none.
    async fn changed_since(&self, since: UnixMs, max: usize) -> Result<Vec<Payment>, PaymentError>;
    /// The next webhook: a payment changed. May be late, doubled, lost, out of order.
    async fn webhook(&self) -> Payment;
}
