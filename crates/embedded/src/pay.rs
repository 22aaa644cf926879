//! Sandbox payments: a provider that behaves like a real one, with a record of its own that survives the process.
//!
//! What it answers follows from the card's token:
//!
//! | token | what happens |
//! |---|---|
//! | `tok_approve` | authorised |
//! | `tok_decline`, and any token not named here | declined |
//! | `tok_decline_then_approve` | a hold's first try is declined, later ones are authorised |
//! | `tok_slow_<ms>` | authorised, so many milliseconds later (at most 60000) |
//! | `tok_unknown` | authorised in the record, but the answer never comes |
//! | `tok_lost` | the request never arrived, and no answer comes |
//!
//! The record is a text file, one JSON object a line, forced to disk before anything is answered:
//!
//! ```json
//! {"at":1795219200000,"claim_id":"0192…","attempt":1,"event":"authorised","amount_minor":200000,"currency":"TWD"}
//! ```
//!
//! `at` is Unix milliseconds and grows from line to line; `event` is one of `created`, `authorised`, `declined`, `captured`,
//! `voided`, `refunded`, `cancelled`; `(claim_id, attempt)` is the payment's key. A payment that was cancelled before the
//! provider had heard of it has the amount 0 and the currency `XXX`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use sale::{
    money::Money,
    port::{
        clock::Clock,
        payments::{Payment, PaymentError, PaymentKey, Payments},
    },
    time::UnixMs,
};

mod book;
mod desk;
mod hints;
mod record;

pub use book::Entry;
pub use record::{RecordError, read_record};

use book::Ask;
use desk::Desk;
use hints::Hints;

/// The longest that `tok_slow_<ms>` waits.
const SLOW_MAX: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// The record's file.
    pub record: PathBuf,
    /// How long a call that gets no answer hangs before the line counts as dead.
    pub silence: Duration,
    /// How late a late webhook comes.
    pub webhook_late: Duration,
}

impl SandboxConfig {
    pub fn at(record: PathBuf) -> Self {
        Self { record, silence: Duration::from_secs(2), webhook_late: Duration::from_secs(3) }
    }
}

/// The sandbox provider. Its desk is a thread that ends with the last handle.
pub struct SandboxPayments {
    desk: Desk,
    hints: Arc<Hints>,
    silence: Duration,
}

/// What a token asks the sandbox to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Answer {
        approve: bool,
        after: Duration,
    },
    /// Done, and never told.
    Silent,
    /// Neither done nor told.
    Lost,
}

impl Script {
    fn of(token: &str, attempt: u32) -> Self {
        let at_once = |approve| Self::Answer { approve, after: Duration::ZERO };
        match token {
            "tok_approve" => at_once(true),
            "tok_decline_then_approve" => at_once(attempt > 1),
            "tok_unknown" => Self::Silent,
            "tok_lost" => Self::Lost,
            _ => match token.strip_prefix("tok_slow_").and_then(|ms| ms.parse().ok()) {
                Some(ms) => Self::Answer { approve: true, after: Duration::from_millis(ms).min(SLOW_MAX) },
                None => at_once(false),
            },
        }
    }
}

impl SandboxPayments {
    /// Opens the record, or begins one; what it says is how every payment stands. A last line cut short by a crash is dropped:
    /// nobody was ever answered by it.
    pub fn open(config: SandboxConfig, clock: Arc<dyn Clock>) -> Result<Self, RecordError> {
        let hints = Arc::new(Hints::new(config.webhook_late));
        let desk = Desk::open(&config.record, clock, hints.clone())?;
        Ok(Self { desk, hints, silence: config.silence })
    }

    /// Cuts the line, or restores it: while it is cut nothing reaches the provider and every call is answered `Unknown`.
    pub fn cut(&self, cut: bool) {
        self.desk.cut(cut);
    }

    async fn one(&self, ask: Ask) -> Result<Payment, PaymentError> {
        self.desk.ask(ask).await?.pop().ok_or(PaymentError::NotFound)
    }

    async fn silence(&self) -> Result<Payment, PaymentError> {
        tokio::time::sleep(self.silence).await;
        Err(PaymentError::Unknown)
    }
}

#[async_trait]
impl Payments for SandboxPayments {
    async fn authorise(&self, key: PaymentKey, amount: Money, token: &str) -> Result<Payment, PaymentError> {
        let ask = |approve, after| Ask::Authorise { key, amount, approve, after };
        match Script::of(token, key.attempt) {
            Script::Answer { approve, after } => self.one(ask(approve, after)).await,
            Script::Lost => self.silence().await,
            Script::Silent => {
                // Whatever it answers: the line is dead.
                let _ = self.one(ask(true, Duration::ZERO)).await;
                self.silence().await
            }
        }
    }

    async fn capture(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.one(Ask::Capture(key)).await
    }

    async fn cancel(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.one(Ask::Cancel(key)).await
    }

    async fn refund(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.one(Ask::Refund(key)).await
    }

    async fn find(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.one(Ask::Find(key)).await
    }

    async fn changed_since(&self, since: UnixMs, max: usize) -> Result<Vec<Payment>, PaymentError> {
        self.desk.ask(Ask::ChangedSince(since, max)).await
    }

    async fn webhook(&self) -> Payment {
        self.hints.next().await
    }
}

#[cfg(test)]
mod tests;
