//! The answer: how a stored answer goes out, the first time as every other.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use journal::checkout::{BeginError, DECLINED, ENDED, IN_DOUBT, PAID, Stored};
use kit::{http::Problem, instant::to_rfc3339};

use super::{
    Refusal,
    clerk::{DeclinedNote, EndedNote},
};
use crate::refusal;

/// What a client is told to wait while its payment is under way.
const IN_FLIGHT_RETRY_MS: i64 = 1000;
/// A heartbeat comes every second.
const CLOCK_RETRY_MS: i64 = 1000;

pub fn respond(stored: &Stored) -> Result<Response, Problem> {
    match stored.status {
        PAID => Ok(json(StatusCode::CREATED, &stored.body)),
        IN_DOUBT => Ok(json(StatusCode::ACCEPTED, &stored.body)),
        DECLINED => read(stored).map(declined).and_then(Err),
        ENDED => read(stored).map(ended).and_then(Err),
        other => Err(Problem::internal(format!("an answer is stored with the status {other}"))),
    }
}

fn json(status: StatusCode, body: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_owned()).into_response()
}

fn read<T: serde::de::DeserializeOwned>(stored: &Stored) -> Result<T, Problem> {
    serde_json::from_str(&stored.body).map_err(Problem::internal)
}

fn declined(note: DeclinedNote) -> Problem {
    Problem::new(StatusCode::PAYMENT_REQUIRED, "payment_declined", "the payment was declined")
        .detail("Nothing was charged. Try again, with another card or the same, before the deadline.")
        .with("deadline", to_rfc3339(note.deadline))
}

fn ended(note: EndedNote) -> Problem {
    Problem::new(StatusCode::GONE, "hold_ended", "this hold has ended").with("hold", note.state)
}

pub fn refuse(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Begin(error) => begin(error),
        Refusal::ProviderRests { retry_after_ms } => {
            Problem::unavailable(retry_after_ms).detail("The payment provider does not answer. The hold lives on.")
        }
    }
}

fn begin(error: BeginError) -> Problem {
    match error {
        BeginError::InFlight => Problem::new(StatusCode::CONFLICT, "in_flight", "this payment is under way")
            .retry_after_ms(IN_FLIGHT_RETRY_MS),
        BeginError::KeyReused => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key_reused",
            "this Idempotency-Key was used for another request",
        ),
        BeginError::Paused => Problem::new(StatusCode::FORBIDDEN, "paused", "the sale is paused")
            .detail("Every clock of the sale stands still: nothing is lost. Pay when it goes on."),
        BeginError::ClockStands => Problem::unavailable(CLOCK_RETRY_MS),
        // A signed pass whose hold nobody knows: whatever it was, it has ended.
        BeginError::Unknown => Problem::new(StatusCode::GONE, "hold_ended", "this hold has ended"),
        BeginError::Journal(error) => refusal::journal(error),
    }
}
