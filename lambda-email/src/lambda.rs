//! The postman as a function of his own: from what SQS brings to what a carrier takes.

mod config;
mod function;
mod ledger;
mod message;
mod once;
mod open;
mod ses;
mod smtp;

pub use config::{Carrier, Config, LedgerConfig, MANUAL};
pub use function::{Answer, Attributes, Event, Failure, Record, serve};
pub use ledger::{End, LedgerError, SendLedger, Turn};
pub use once::Once;
pub use open::{OpenError, aws, open};
pub use ses::SesSender;
pub use smtp::SmtpSender;
