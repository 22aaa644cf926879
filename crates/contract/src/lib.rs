//! The cases of each port's contract, for every backend alike, and a test house that other crates build their tests in.
//!
//! A case is a plain function over `&dyn Port`; [`stamp!`] turns a port's cases into tests of one backend.

// Everything here runs in tests alone: a broken expectation is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod bus;
pub mod capacity;
pub mod certificates;
pub mod crowd;
pub mod fresh;
pub mod histories;
pub mod ledger;
pub mod limiter;
pub mod mail;
pub mod payments;
pub mod queue;
pub mod shop;
mod stamp;
pub mod timers;

/// For test houses: the reference backends, reached through here so that no role ever depends on them.
pub use embedded;
