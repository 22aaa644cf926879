//! The journal on a real PostgreSQL: the same statements, the same histories, and people who really come at once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
mod capacity;
mod checkout;
mod claims;
mod clock;
mod faults;
mod histories;
mod house;
mod migrations;
mod relays;
mod staff;
mod statements;
