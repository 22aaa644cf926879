//! Words and rules of a flash sale. No IO, no async runtime, no OS clock, no randomness.
//!
//! Who gets a unit is decided in [`rules::decide`]; who is promoted in [`rules::promotes`].
//! Everything outside is a trait in [`port`]; [`stores::Stores`] is the ring they hang on.

pub mod bucket;
pub mod claim;
pub mod hold;
pub mod ids;
pub mod model;
pub mod money;
pub mod order;
pub mod port;
pub mod rules;
pub mod sale;
pub mod standby;
pub mod stores;
pub mod time;
pub mod told;
pub mod verdict;
pub mod wire;
