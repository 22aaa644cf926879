//! One trait for each outside thing. The doc comment is the contract; the crate `contract` stamps its cases on every backend.

pub mod bus;
pub mod capacity;
pub mod chance;
pub mod clock;
pub mod crowd;
pub mod ledger;
pub mod limiter;
pub mod mail;
pub mod payments;
pub mod queue;
pub mod timers;
