//! The refusal: why a claim or a withdrawal was turned back here, for both doors.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use kit::{
    http::{Problem, RateHeaders},
    instant::to_rfc3339,
};
use metrics::Counter;
use sale::{claim::ClaimView, wire::ClaimOnWire};

/// Layer and code of every refusal that a claim can get.
const COUNTED: [(&str, &str); 13] = [
    ("phase", "not_found"),
    ("phase", "not_open"),
    ("phase", "paused"),
    ("phase", "closed"),
    ("memory", "already_claimed"),
    ("gate", "sold_out"),
    ("gate", "all_held"),
    ("question", "wrong_answer"),
    ("rate", "too_fast"),
    ("bounds", "invalid"),
    ("bounds", "limit_reached"),
    ("backlog", "unavailable"),
    ("queue", "unavailable"),
];

/// Each is one answer to the buyer.
#[derive(Debug)]
pub(crate) enum Refusal {
    UnknownItem,
    NotOpen,
    Paused,
    Closed,
    /// With the claim that stands, and its pass if it is held.
    AlreadyClaimed(Box<(ClaimView, Option<String>)>),
    SoldOut,
    AllHeld,
    WrongAnswer,
    /// Try again after so many ms.
    TooFast(i64, RateHeaders),
    /// This member must be from 1 to this.
    Invalid(&'static str, u32),
    LimitReached,
    /// More wait for their decision than can be decided in time. Try again after so many ms.
    Behind(i64),
    /// Nothing was promised. Try again after so many ms.
    Unavailable(i64),
    /// Withdrawing: no such claim of this buyer.
    UnknownClaim,
    /// Withdrawing: the money is on its way.
    Paying,
    /// Withdrawing: it is over already, and this is how it ended.
    Ended(Box<ClaimView>),
}

impl Refusal {
    /// Every code there is: what the socket's description is compared with.
    #[cfg(test)]
    pub(crate) const CODES: [&str; 14] = [
        "not_found",
        "not_open",
        "paused",
        "closed",
        "already_claimed",
        "sold_out",
        "all_held",
        "wrong_answer",
        "too_fast",
        "invalid",
        "limit_reached",
        "unavailable",
        "paying",
        "ended",
    ];

    pub(crate) fn already(view: ClaimView, pass: Option<String>) -> Self {
        Self::AlreadyClaimed(Box::new((view, pass)))
    }

    /// Stable; what programs rely on.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::UnknownItem | Self::UnknownClaim => "not_found",
            Self::NotOpen => "not_open",
            Self::Paused => "paused",
            Self::Closed => "closed",
            Self::AlreadyClaimed(_) => "already_claimed",
            Self::SoldOut => "sold_out",
            Self::AllHeld => "all_held",
            Self::WrongAnswer => "wrong_answer",
            Self::TooFast(..) => "too_fast",
            Self::Invalid(..) => "invalid",
            Self::LimitReached => "limit_reached",
            Self::Behind(_) | Self::Unavailable(_) => "unavailable",
            Self::Paying => "paying",
            Self::Ended(_) => "ended",
        }
    }

    pub(crate) fn retry_after_ms(&self) -> Option<i64> {
        match self {
            Self::TooFast(ms, _) | Self::Behind(ms) | Self::Unavailable(ms) => Some(*ms),
            _ => None,
        }
    }

    /// Which layer stopped it: for the numbers.
    fn layer(&self) -> &'static str {
        match self {
            Self::UnknownItem | Self::NotOpen | Self::Paused | Self::Closed => "phase",
            Self::AlreadyClaimed(_) | Self::UnknownClaim | Self::Paying | Self::Ended(_) => "memory",
            Self::SoldOut | Self::AllHeld => "gate",
            Self::WrongAnswer => "question",
            Self::TooFast(..) => "rate",
            Self::Invalid(..) | Self::LimitReached => "bounds",
            Self::Behind(_) => "backlog",
            Self::Unavailable(_) => "queue",
        }
    }

    /// Begins every count at 0, so that a first refusal is seen to be one more.
    pub(crate) fn begin_counts() {
        for (door, (layer, code)) in ["http", "socket"].into_iter().flat_map(|door| COUNTED.map(|pair| (door, pair))) {
            metrics::counter!("claims_refused_total", "door" => door, "layer" => layer, "code" => code).increment(0);
        }
    }

    /// How many were turned back so at this door.
    pub(super) fn counter(&self, door: &'static str) -> Counter {
        let labels = [("door", door), ("layer", self.layer()), ("code", self.code())];
        metrics::counter!("claims_refused_total", &labels)
    }

    /// Counts a request that went no further than here.
    pub(crate) fn count(&self, door: &'static str) {
        self.counter(door).increment(1);
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.problem().into_response()
    }
}

impl Refusal {
    pub(super) fn problem(self) -> Problem {
        let (code, retry_after_ms) = (self.code(), self.retry_after_ms());
        let told = |status: StatusCode, title: &'static str| Problem::new(status, code, title);
        let problem = match self {
            Self::UnknownItem => told(StatusCode::NOT_FOUND, "no such sale item"),
            Self::UnknownClaim => told(StatusCode::NOT_FOUND, "no such claim"),
            Self::NotOpen => told(StatusCode::FORBIDDEN, "the sale is not open yet"),
            Self::Paused => told(StatusCode::FORBIDDEN, "the sale is paused"),
            Self::Closed => told(StatusCode::FORBIDDEN, "the sale is over"),
            Self::AlreadyClaimed(claim) => {
                let body = ClaimOnWire::of(&claim.0, claim.1, to_rfc3339);
                told(StatusCode::CONFLICT, "there is a claim already").with("claim", body)
            }
            Self::SoldOut => told(StatusCode::CONFLICT, "every unit is sold"),
            Self::AllHeld => told(StatusCode::CONFLICT, "every unit is held and the standby list is full"),
            Self::WrongAnswer => told(StatusCode::FORBIDDEN, "that is not the answer"),
            Self::TooFast(_, rate) => told(StatusCode::TOO_MANY_REQUESTS, "too fast").headers(rate.to_map()),
            Self::Invalid(member, max) => {
                told(StatusCode::UNPROCESSABLE_ENTITY, "out of bounds").detail(format!("{member}: from 1 to {max}"))
            }
            Self::LimitReached => told(StatusCode::UNPROCESSABLE_ENTITY, "more than one person may buy"),
            Self::Behind(_) => told(StatusCode::SERVICE_UNAVAILABLE, "so many came at once; try again in a moment"),
            Self::Unavailable(_) => told(StatusCode::SERVICE_UNAVAILABLE, "not possible at the moment"),
            Self::Paying => told(StatusCode::CONFLICT, "the claim is being paid for"),
            Self::Ended(_) => told(StatusCode::CONFLICT, "the claim has ended"),
        };
        match retry_after_ms {
            Some(ms) => problem.retry_after_ms(ms),
            None => problem,
        }
    }
}
