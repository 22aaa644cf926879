//! The verdict: the invariants as a program, over a record of what was written, told, paid and mailed.

mod case;
mod claims;
mod end;
pub mod laws;
mod ledger;
mod money;
pub mod observe;
pub mod record;
mod speed;
mod standby;
pub mod story;
mod time;
mod told;
mod trust;
mod units;

use case::Case;
pub use laws::{LAWS, Law};
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

/// Judges a record by every law that a record can show.
///
/// Shape: every violation found, by law. Repeat: pure. An absent part (no provider list, no mail folder) is not judged.
pub fn check(record: &Record) -> Vec<Violation> {
    let case = Case::new(record);
    LAWS.iter().flat_map(|law| (law.check)(&case).into_iter().map(|text| Violation { law: law.number, text })).collect()
}

/// Whether the record was taken after the last promise of its sales had run out, so that law 21 and its like were judged.
pub fn ended(record: &Record) -> bool {
    Case::new(record).ended()
}
