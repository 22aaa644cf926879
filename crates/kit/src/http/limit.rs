//! The limit: how often somebody may ask, and how they are told.

use std::{convert::Infallible, fmt::Display};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponseParts, ResponseParts},
};
use sale::{
    bucket::{Answer, Rate},
    port::limiter::Limiter,
};

use super::Problem;

/// `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds until all of the limit is there again), for the answer:
/// `Ok((rate, Json(body)))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateHeaders {
    limit: u32,
    remaining: u32,
    reset_s: i64,
}

/// Takes one token of `who`'s bucket of this kind, and counts a refusal by the kind alone.
pub async fn take(limiter: &dyn Limiter, bucket: &'static str, who: impl Display, rate: Rate) -> Answer {
    let answer = limiter.take(&format!("{bucket}/{who}"), rate).await;
    if !answer.allowed {
        metrics::counter!("rate_limited_total", "bucket" => bucket).increment(1);
    }
    answer
}

/// A refusal that memory knows to stand still, counted alike; `None`: take one.
pub fn refused(limiter: &dyn Limiter, bucket: &'static str, who: impl Display, rate: Rate) -> Option<Answer> {
    let answer = limiter.refused(&format!("{bucket}/{who}"), rate)?;
    metrics::counter!("rate_limited_total", "bucket" => bucket).increment(1);
    Some(answer)
}

/// The same as `take` for a route. Errors: 429 `too_many_requests` with `Retry-After` and the same headers.
pub async fn enforce(
    limiter: &dyn Limiter,
    bucket: &'static str,
    who: impl Display,
    rate: Rate,
) -> Result<RateHeaders, Problem> {
    let answer = take(limiter, bucket, who, rate).await;
    let headers = RateHeaders::of(rate, answer);
    if answer.allowed {
        return Ok(headers);
    }
    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests")
        .retry_after_ms(answer.retry_after_ms)
        .headers(headers.to_map()))
}

impl RateHeaders {
    pub fn of(rate: Rate, answer: Answer) -> Self {
        let taken = i64::from(rate.burst.saturating_sub(answer.remaining));
        let reset_ms = taken.saturating_mul(rate.period_ms) / i64::from(rate.per_period.max(1));
        let reset_ms = reset_ms.max(answer.retry_after_ms);
        Self { limit: rate.burst, remaining: answer.remaining, reset_s: reset_ms.saturating_add(999) / 1000 }
    }

    pub fn to_map(self) -> HeaderMap {
        HeaderMap::from_iter([
            (HeaderName::from_static("ratelimit-limit"), HeaderValue::from(self.limit)),
            (HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(self.remaining)),
            (HeaderName::from_static("ratelimit-reset"), HeaderValue::from(self.reset_s)),
        ])
    }
}

impl IntoResponseParts for RateHeaders {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.headers_mut().extend(self.to_map());
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    const RATE: Rate = Rate { burst: 10, per_period: 7, period_ms: 60_000 };

    struct Fixed(Answer);

    #[async_trait::async_trait]
    impl Limiter for Fixed {
        async fn take(&self, _: &str, _: Rate) -> Answer {
            self.0
        }

        fn refused(&self, _: &str, _: Rate) -> Option<Answer> {
            None
        }
    }

    #[tokio::test]
    async fn who_may_is_told_how_much_is_left() {
        let yes = Fixed(Answer { allowed: true, remaining: 9, retry_after_ms: 0 });
        let response = (enforce(&yes, "user", 7, RATE).await.unwrap(), "hello").into_response();
        assert_eq!(response.headers()["ratelimit-limit"], "10");
        assert_eq!(response.headers()["ratelimit-remaining"], "9");
        assert_eq!(response.headers()["ratelimit-reset"], "9");
    }

    #[tokio::test]
    async fn who_may_not_is_told_when() {
        let no = Fixed(Answer { allowed: false, remaining: 0, retry_after_ms: 8_001 });
        let response = enforce(&no, "user", 7, RATE).await.unwrap_err().into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "9");
        assert_eq!(response.headers()["ratelimit-remaining"], "0");
        assert_eq!(response.headers()["ratelimit-reset"], "86");
    }
}
