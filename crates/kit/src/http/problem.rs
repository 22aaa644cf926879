//! The problem: how every error is told, as RFC 9457 has it, with a `code` that programs may rely on.

use std::{borrow::Cow, fmt};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, schema::Schema},
};

use super::request_id;

mod codes;
mod prepared;
pub use codes::CODES;
pub use prepared::Prepared;

pub const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error as its reader gets it.
///
/// Shape: `type`, `title`, `status`, `detail`, `code`, `request_id`, and whatever [`with`](Self::with) adds.
/// `code` never changes once published; `title` is the same for every problem of a code; `detail` speaks of this one.
#[derive(Debug)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    title: Cow<'static, str>,
    detail: Option<String>,
    extra: Map<String, Value>,
    headers: HeaderMap,
}

/// The documented shape of a problem.
#[derive(Serialize, ToSchema)]
struct Shape<'a> {
    /// Where this kind of problem is explained.
    #[serde(rename = "type")]
    #[schema(example = "/docs/problems#not_found")]
    kind: String,
    #[schema(example = "no such thing")]
    title: &'a str,
    #[schema(example = 404)]
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// Stable; programs may rely on it.
    #[schema(example = "not_found")]
    code: &'a str,
    /// Also in `X-Request-Id` and in our log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(flatten)]
    #[schema(ignore)]
    extra: &'a Map<String, Value>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, title: impl Into<Cow<'static, str>>) -> Self {
        let (title, extra, headers) = (title.into(), Map::new(), HeaderMap::new());
        Self(Box::new(Inner { status, code, title, detail: None, extra, headers }))
    }

    /// The unplanned: logged here, once; the reader gets an id to ask about.
    pub fn internal(error: impl fmt::Display) -> Self {
        tracing::error!(%error, "unplanned error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
    }

    /// For the moment: try again after `retry_after_ms`.
    pub fn unavailable(retry_after_ms: i64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "not possible at the moment")
            .retry_after_ms(retry_after_ms)
    }

    /// Slow work has as many waiting as may wait.
    pub fn busy(retry_after_ms: i64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many at once").retry_after_ms(retry_after_ms)
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "no such thing")
    }

    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "not yours to do")
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// One more member. The standard ones cannot be overwritten.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            _ if ["type", "title", "status", "detail", "code", "request_id"].contains(&name) => {
                tracing::error!(name, "a problem's own member cannot be overwritten");
            }
            Ok(value) => _ = self.0.extra.insert(name.to_owned(), value),
            Err(error) => tracing::error!(%error, name, "a problem's member cannot be written"),
        }
        self
    }

    /// `Retry-After` in whole seconds, rounded up, and `retry_after_ms` in the body for who can do better.
    pub fn retry_after_ms(self, ms: i64) -> Self {
        let ms = ms.max(0);
        let seconds = HeaderValue::from(u64::try_from(ms).unwrap_or(0).div_ceil(1000).max(1));
        self.header(header::RETRY_AFTER, seconds).with("retry_after_ms", ms)
    }

    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.0.headers.extend(headers);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    pub fn code(&self) -> &'static str {
        self.0.code
    }

    fn body(&self, request_id: Option<&str>) -> Vec<u8> {
        let shape = Shape {
            kind: format!("/docs/problems#{}", self.0.code),
            title: &self.0.title,
            status: self.0.status.as_u16(),
            detail: self.0.detail.as_deref(),
            code: self.0.code,
            request_id,
            extra: &self.0.extra,
        };
        match serde_json::to_vec(&shape) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, code = self.0.code, "a problem cannot be written");
                vec![]
            }
        }
    }

    fn response(self, request_id: Option<&str>) -> Response<Vec<u8>> {
        let mut response = Response::new(self.body(request_id));
        *response.status_mut() = self.0.status;
        *response.headers_mut() = self.0.headers;
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.response(request_id::current().as_deref()).map(Body::from)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status.as_u16(), self.0.code)
    }
}

impl std::error::Error for Problem {}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Shape::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn told(problem: Problem) -> (Response<()>, Value) {
        let (parts, body) = problem.into_response().into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        (Response::from_parts(parts, ()), serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_problem_says_all_that_it_should_and_nothing_twice() {
        let problem = Problem::new(StatusCode::CONFLICT, "already_claimed", "you have a claim already")
            .detail("attempt 1 is held")
            .with("claim", json!({"state": "held"}))
            .with("status", 200)
            .retry_after_ms(1001);
        let (response, body) = told(problem).await;
        assert_eq!(response.status(), 409);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["retry-after"], "2");
        let expected = json!({
            "type": "/docs/problems#already_claimed", "title": "you have a claim already", "status": 409,
            "detail": "attempt 1 is held", "code": "already_claimed", "claim": {"state": "held"}, "retry_after_ms": 1001
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn the_unplanned_hides_its_cause() {
        let (response, body) = told(Problem::internal("password=hunter2")).await;
        assert_eq!(response.status(), 500);
        assert!(!body.to_string().contains("hunter2"));
    }

    #[test]
    fn every_code_is_explained_once() {
        let mut codes: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        for problem in [Problem::internal(""), Problem::unavailable(1), Problem::busy(1), Problem::forbidden()] {
            assert!(codes.contains(&problem.code()), "{problem}");
        }
    }

    #[test]
    fn the_documented_shape_has_the_standard_members() {
        let schema = serde_json::to_value(Problem::schema()).unwrap();
        for member in ["type", "title", "status", "detail", "code", "request_id"] {
            assert!(schema["properties"][member].is_object(), "{member} in {schema}");
        }
    }
}
