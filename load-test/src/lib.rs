//! The load test: a crowd of virtual buyers against the real server, and a verdict over everything they saw.

pub mod buyer;
pub mod crash;
mod crowd;
pub mod fault;
pub mod floor;
pub mod house;
pub mod latency;
mod limits;
pub mod notebook;
pub mod outcome;
pub mod peer;
pub mod progress;
pub mod pulse;
pub mod run;
pub mod scenario;
pub mod scene;
pub mod server;
pub mod soak;
pub mod sockets;
mod staff;
mod stage;
pub mod story;
pub mod tally;
pub mod verdict;
