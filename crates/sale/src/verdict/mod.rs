//! The verdict: the invariants as a program, over a record of what was written, told, paid and mailed.

pub mod observe;
pub mod record;

pub use observe::Observation;
pub use record::Record;
use serde::{Deserialize, Serialize};

/// A law that the record shows broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The number of the invariant, 1 to 22.
    pub law: u8,
    pub text: String,
}
