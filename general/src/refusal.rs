//! Refusals: what each error below becomes on the wire, one arm a variant.

use axum::http::StatusCode;
use journal::{JournalError, staff::StaffError};
use kit::{http::Problem, password::PasswordError};
use sale::sale::Phase;
use serde::Serialize;

/// What a client is told to wait when the journal does not answer.
const JOURNAL_RETRY_MS: i64 = 1000;
/// A heartbeat comes every second.
const CLOCK_RETRY_MS: i64 = 1000;
/// Passwords are slow on purpose; those waiting are done within this.
const PASSWORD_RETRY_MS: i64 = 1000;

/// One member of a body that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// As in the request: `items[0].allotment`.
    pub field: String,
    pub why: String,
}

/// 422 `invalid_body`, each wrong member named in `errors`.
pub fn invalid_fields(errors: Vec<FieldError>) -> Problem {
    let said: Vec<String> = errors.iter().map(|error| format!("{} {}", error.field, error.why)).collect();
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", "the body is not what is expected here")
        .detail(said.join("; "))
        .with("errors", errors)
}

pub fn journal(error: JournalError) -> Problem {
    match error {
        JournalError::Unavailable(why) => {
            tracing::warn!(why, "the journal does not answer");
            Problem::unavailable(JOURNAL_RETRY_MS)
        }
        JournalError::Data(why) => Problem::internal(why),
    }
}

pub fn password(error: PasswordError) -> Problem {
    match error {
        PasswordError::Busy => Problem::busy(PASSWORD_RETRY_MS),
        PasswordError::Broken(why) => Problem::internal(why),
    }
}

pub fn staff(error: StaffError) -> Problem {
    match error {
        StaffError::Unknown => Problem::not_found(),
        StaffError::WrongState(phase) => wrong_state(phase),
        StaffError::TooLate(why) => Problem::new(StatusCode::CONFLICT, "too_late", "too late for that").detail(why),
        StaffError::Invalid { field, why } => invalid_fields(vec![FieldError { field, why: why.to_owned() }]),
        StaffError::ClockStands => Problem::unavailable(CLOCK_RETRY_MS),
        StaffError::Journal(error) => journal(error),
    }
}

fn wrong_state(phase: Phase) -> Problem {
    Problem::new(StatusCode::CONFLICT, "wrong_state", "not possible in the state the sale is in").with("state", phase)
}
