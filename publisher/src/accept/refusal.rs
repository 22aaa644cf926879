//! The refusal: why a claim or a withdrawal was turned back here, for both doors.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use kit::{
    http::{Problem, RateHeaders},
    instant::to_rfc3339,
};
use sale::{claim::ClaimView, wire::ClaimOnWire};

/// Layer and code of every refusal that a claim can get.
const COUNTED: [(&str, &str); 12] = [
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
            Self::Unavailable(_) => "unavailable",
            Self::Paying => "paying",
            Self::Ended(_) => "ended",
        }
    }

    pub(crate) fn retry_after_ms(&self) -> Option<i64> {
        match self {
            Self::TooFast(ms, _) | Self::Unavailable(ms) => Some(*ms),
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
            Self::Unavailable(_) => "queue",
        }
    }

    /// Begins every count at 0, so that a first refusal is seen to be one more.
    pub(crate) fn begin_counts() {
        for (door, (layer, code)) in ["http", "socket"].into_iter().flat_map(|door| COUNTED.map(|pair| (door, pair))) {
            metrics::counter!("claims_refused_total", "door" => door, "layer" => layer, "code" => code).increment(0);
        }
    }

    /// Counts a request that went no further than here.
    pub(crate) fn count(&self, door: &'static str) {
        let labels = [("door", door), ("layer", self.layer()), ("code", self.code())];
        metrics::counter!("claims_refused_total", &labels).increment(1);
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = self.code();
        let problem = |status: u16, title: &'static str| {
            Problem::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), code, title)
        };
        match self {
            Self::UnknownItem => problem(404, "no such sale item").into_response(),
            Self::UnknownClaim => problem(404, "no such claim").into_response(),
            Self::NotOpen => problem(403, "the sale is not open yet").into_response(),
            Self::Paused => problem(403, "the sale is paused").into_response(),
            Self::Closed => problem(403, "the sale is over").into_response(),
            Self::AlreadyClaimed(claim) => {
                let body = ClaimOnWire::of(&claim.0, claim.1, to_rfc3339);
                problem(409, "there is a claim already").with("claim", body).into_response()
            }
            Self::SoldOut => problem(409, "every unit is sold").into_response(),
            Self::AllHeld => problem(409, "every unit is held and the standby list is full").into_response(),
            Self::WrongAnswer => problem(403, "that is not the answer").into_response(),
            Self::TooFast(ms, rate) => (rate, problem(429, "too fast").retry_after_ms(ms)).into_response(),
            Self::Invalid(member, max) => {
                problem(422, "out of bounds").detail(format!("{member}: from 1 to {max}")).into_response()
            }
            Self::LimitReached => problem(422, "more than one person may buy").into_response(),
            Self::Unavailable(ms) => problem(503, "not possible at the moment").retry_after_ms(ms).into_response(),
            Self::Paying => problem(409, "the claim is being paid for").into_response(),
            Self::Ended(_) => problem(409, "the claim has ended").into_response(),
        }
    }
}
