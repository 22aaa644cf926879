//! The process: what any server needs, whatever it sells.
//!
//! Config, lifecycle, telemetry, HTTP, tokens, passwords; and [`clock`], the only place that reads the OS clock and its randomness.

pub mod clock;
pub mod config;
pub mod http;
pub mod instant;
pub mod lifecycle;
pub mod password;
pub mod process;
pub mod telemetry;
pub mod testing;
pub mod tokens;
pub mod trace;
