//! The ports on real parts: every line of the house that speaks Redis, AMQP, SQS or Lambda is in here.

pub mod amqp;
mod aws;
pub mod bus;
pub mod capacity;
pub mod config;
pub mod crowd;
pub mod ledger;
pub mod limiter;
pub mod mail;
mod open;
pub mod pay;
pub mod queue;
pub mod redis;
pub mod timers;

pub use config::{Config, JournalConfig, MANUAL};
pub use open::{OpenError, Parts, open};
