//! Once: a carrier that writes to no order twice, as far as the send ledger can tell.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sale::port::mail::{Mail, MailError, MailSender};

use super::ledger::{End, LedgerError, SendLedger, Turn};

/// Begins in the ledger, lets the carrier carry, ends in the ledger.
///
/// Repeat: once an order. Whoever dies between carrying and ending leaves a lease; after it the letter goes out again, under the
/// same message id.
/// Errors: `Unavailable` also while somebody else is at it; `Refused` is remembered, the carrier is not asked again.
pub struct Once {
    ledger: SendLedger,
    carrier: Arc<dyn MailSender>,
    carry_max: Duration,
}

impl Once {
    pub fn new(ledger: SendLedger, carrier: Arc<dyn MailSender>, carry_max: Duration) -> Self {
        Self { ledger, carrier, carry_max }
    }
}

#[async_trait]
impl MailSender for Once {
    async fn deliver(&self, mail: Mail) -> Result<(), MailError> {
        let order_id = mail.order_id;
        match self.ledger.begin(order_id).await? {
            Turn::Yours => {}
            Turn::Sent => return Ok(()),
            Turn::Refused => return Err(MailError::Refused),
            Turn::Taken => return Err(MailError::Unavailable),
        }
        let carried = tokio::time::timeout(self.carry_max, self.carrier.deliver(mail)).await;
        let carried = carried.unwrap_or(Err(MailError::Unavailable));
        let end = match carried {
            Ok(()) => End::Sent,
            Err(MailError::Refused) => End::Refused,
            // It may be out all the same: the lease runs on, and the next try comes after it.
            Err(MailError::Unavailable) => return carried,
        };
        // Even if the ledger cannot be told, the letter is out: only a doubled message could send it again.
        if self.ledger.end(order_id, end).await.is_err() {
            tracing::warn!(%order_id, ?end, "how a letter ended could not be written down");
        }
        carried
    }
}

impl From<LedgerError> for MailError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Unavailable => Self::Unavailable,
        }
    }
}
