//! Real servers as child processes: started, stopped, killed, paused, cut off, healed.

pub mod apps;
pub mod aws;
pub mod compose;
mod cut;
mod install;
pub mod nginx;
pub mod ports;
pub mod postgres;
mod probe;
pub mod process;
pub mod progress;
pub mod rabbit;
pub mod redis;
pub mod resp;
mod running;
pub mod server;
mod setup;
pub mod sink;
mod stack;

pub use cut::Cuts;
pub use install::{bring, install};
pub use probe::Probe;
pub use running::{Running, STACK_ENV};
pub use server::{Launch, Layer, Server, State, Stop};
pub use stack::{Found, Parts, Stack, down, wipe};
