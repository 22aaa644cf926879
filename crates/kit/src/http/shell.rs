//! The shell: what happens around every request: its name, its time, its end, and that no error leaves as bare text.

use std::{any::Any, panic::AssertUnwindSafe, pin::pin, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::{Instrument, field::Empty};

use super::{
    Problem, ServeConfig,
    awaited::Awaiting,
    body::too_large,
    client_addr::TrustedHops,
    request_id::{self, RequestId, X_REQUEST_ID},
    security::harden,
};
use crate::{
    lifecycle::panic_text,
    trace::{self, TRACEPARENT, Trace},
};

/// Of a bare text error, so much is kept as the problem's detail.
const DETAIL_MAX_BYTES: usize = 1024;
/// What a client is told to wait after a request that took too long.
const TIMED_OUT_RETRY_MS: i64 = 2000;

#[derive(Clone, Copy)]
struct Bounds {
    request_timeout: Duration,
    trusted_hops: usize,
}

/// Puts the shell around the routes. [`serve`](super::serve()) does it for what it serves; tests without a socket call it themselves.
///
/// In order: request id, span, numbers, time limit, panics caught, bare errors made problems, security headers.
pub fn shell(router: Router, config: &ServeConfig) -> Router {
    let bounds = Bounds { request_timeout: config.request_timeout.get(), trusted_hops: config.trusted_hops };
    router.layer(DefaultBodyLimit::max(config.body_max.bytes())).layer(from_fn_with_state(bounds, around))
}

async fn around(State(bounds): State<Bounds>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(TrustedHops(bounds.trusted_hops));
    let seen = Seen::of(&request);
    let path = request.uri().path();
    let span = tracing::info_span!("request", request_id = %id.0, trace_id = Empty, method = seen.method, path);
    let here = trace::join(&span, callers(request.headers()), || id.trace());
    let answer = request_id::scope(id.clone(), answer(bounds, request, next));
    let mut response = trace::scope(here, answer).instrument(span.clone()).await;
    span.in_scope(|| seen.record(response.status()));
    harden(response.headers_mut());
    promise_retry(&mut response);
    if let Some(value) = id.header() {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// Whose trace the request belongs to, if it says so.
fn callers(headers: &HeaderMap) -> Vec<Trace> {
    let told = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    told.and_then(Trace::read).into_iter().collect()
}

/// 429 and 503 always say when to come back.
fn promise_retry(response: &mut Response) {
    if matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("2"));
    }
}

async fn answer(bounds: Bounds, request: Request, next: Next) -> Response {
    let awaiting = Awaiting::default();
    let request = request.map(|body| awaiting.watch(body));
    // Pinned here, so that the body still lives when it is asked who was waited for.
    let mut answer = pin!(AssertUnwindSafe(next.run(request)).catch_unwind());
    match tokio::time::timeout(bounds.request_timeout, answer.as_mut()).await {
        Ok(Ok(response)) => as_problem(response).await,
        Ok(Err(panic)) => panicked(&*panic).into_response(),
        Err(_) if awaiting.is_so() => sent_too_slowly().into_response(),
        Err(_) => {
            metrics::counter!("http_refused_total", "why" => "timed_out").increment(1);
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", "that took too long");
            problem.retry_after_ms(TIMED_OUT_RETRY_MS).into_response()
        }
    }
}

/// The rest of the body may still come, so the connection is of no use for another request.
fn sent_too_slowly() -> Problem {
    metrics::counter!("http_refused_total", "why" => "body_too_slow").increment(1);
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body did not arrive in time")
        .header(header::CONNECTION, HeaderValue::from_static("close"))
}

fn panicked(panic: &(dyn Any + Send)) -> Problem {
    metrics::counter!("http_panics_total").increment(1);
    Problem::internal(format!("a handler panicked: {}", panic_text(panic)))
}

/// Errors that the router or an extractor told as bare text become problems; pages and other bodies stay as they are.
async fn as_problem(response: Response) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || !is_bare(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = axum::body::to_bytes(body, DETAIL_MAX_BYTES).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    bare_problem(status, text).headers(parts.headers).into_response()
}

fn is_bare(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

fn bare_problem(status: StatusCode, text: String) -> Problem {
    let (code, title) = match status.as_u16() {
        400 => ("bad_request", "the request cannot be understood"),
        401 => ("unauthorized", "sign in first"),
        403 => ("forbidden", "not yours to do"),
        404 => ("not_found", "no such thing"),
        405 => ("method_not_allowed", "this cannot be done here"),
        413 => return too_large(),
        415 => ("unsupported_media_type", "this kind of body is not understood here"),
        422 => ("invalid_body", "the body is not what is expected here"),
        426 => ("upgrade_required", "this is a socket: ask for an upgrade"),
        503 => return Problem::unavailable(TIMED_OUT_RETRY_MS),
        other if other < 500 => ("bad_request", "the request cannot be answered"),
        _ => {
            tracing::error!(error = text, "unplanned error");
            return Problem::new(status, "internal", "something went wrong on our side");
        }
    };
    let problem = Problem::new(status, code, title);
    if text.is_empty() { problem } else { problem.detail(text) }
}

/// What is remembered of a request for the numbers.
struct Seen {
    method: &'static str,
    route: String,
    since: Instant,
}

impl Seen {
    /// The route's template, never the path itself: each id would be a number series of its own.
    fn of(request: &Request<Body>) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
        Self { method: method_name(request.method()), route, since: Instant::now() }
    }

    fn record(self, status: StatusCode) {
        let took = self.since.elapsed();
        let status = status.as_u16();
        tracing::debug!(status, took_ms = took.as_secs_f64() * 1000.0, "answered");
        let labels =
            [("method", self.method.to_owned()), ("route", self.route.clone()), ("status", status.to_string())];
        metrics::counter!("http_requests_total", &labels).increment(1);
        metrics::histogram!("http_request_seconds", "route" => self.route).record(took.as_secs_f64());
    }
}

/// A fixed set: a client may invent methods, not number series.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "DELETE", "PATCH", "PUT", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::CODES;
    use axum::{
        extract::ws::WebSocketUpgrade,
        response::Html,
        routing::{get, post},
    };
    use futures_util::StreamExt;
    use serde_json::Value;
    use tower::ServiceExt;

    fn app() -> Router {
        let routes = Router::new()
            .route("/hello", get(|id: RequestId| async move { id.0.to_string() }))
            .route("/slow", get(|| async { tokio::time::sleep(Duration::from_secs(3600)).await }))
            .route("/full", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, Html("later")) }))
            .route("/panic", get(|| async { panic!("secret") as () }))
            .route("/fails", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "secret") }))
            .route("/page", get(|| async { (StatusCode::NOT_FOUND, Html("<p>lost")) }))
            .route("/raw", post(|_: axum::body::Bytes| async {}))
            .route("/reads-then-sleeps", post(|_: axum::body::Bytes| tokio::time::sleep(Duration::from_secs(3600))))
            .route("/sleeps", post(|_: Request| tokio::time::sleep(Duration::from_secs(3600))))
            .route("/socket", get(|_: WebSocketUpgrade| async {}));
        shell(routes, &ServeConfig { body_max: crate::config::Size(8), ..ServeConfig::default() })
    }

    async fn ask(request: Request) -> (Response<()>, String) {
        let (parts, body) = app().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, 10_000).await.unwrap();
        (Response::from_parts(parts, ()), String::from_utf8(body.to_vec()).unwrap())
    }

    fn get_request(uri: &str) -> Request {
        Request::get(uri).header("x-request-id", "mine").body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn the_request_id_is_echoed_and_known_inside() {
        let (response, body) = ask(get_request("/hello")).await;
        assert_eq!((response.headers()["x-request-id"].to_str().unwrap(), body.as_str()), ("mine", "mine"));
        let (response, body) = ask(Request::get("/hello").body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()["x-request-id"].to_str().unwrap(), body);
    }

    #[tokio::test(start_paused = true)]
    async fn no_error_leaves_as_bare_text() {
        let cases = [
            (get_request("/nowhere"), 404, "not_found"),
            (
                Request::delete("/hello").header("x-request-id", "mine").body(Body::empty()).unwrap(),
                405,
                "method_not_allowed",
            ),
            (
                Request::post("/raw").header("x-request-id", "mine").body(Body::from("123456789")).unwrap(),
                413,
                "body_too_large",
            ),
            (get_request("/socket"), 400, "bad_request"),
            (get_request("/slow"), 503, "timed_out"),
            (get_request("/panic"), 500, "internal"),
            (get_request("/fails"), 500, "internal"),
        ];
        for (request, status, code) in cases {
            let (response, body) = ask(request).await;
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert!(CODES.iter().any(|(known, _)| *known == code), "{code} is explained");
            assert_eq!(response.status(), status, "{body}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            assert_eq!((&problem["code"], &problem["request_id"]), (&Value::from(code), &Value::from("mine")));
            assert!(!body.contains("secret"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_waited_for_is_told_so() {
        let part = || futures_util::stream::iter([Ok::<_, std::io::Error>("12")]);
        let unfinished = || Body::from_stream(part().chain(futures_util::stream::pending()));
        let cases = [
            ("/raw", unfinished(), 408, "request_timeout"),
            // Read as far as the handler wanted, or not at all: then the handler is the slow one.
            ("/reads-then-sleeps", Body::from_stream(part()), 503, "timed_out"),
            ("/reads-then-sleeps", Body::from("12"), 503, "timed_out"),
            ("/sleeps", unfinished(), 503, "timed_out"),
        ];
        for (uri, body, status, code) in cases {
            let (response, text) = ask(Request::post(uri).body(body).unwrap()).await;
            let problem: Value = serde_json::from_str(&text).unwrap();
            assert_eq!((response.status().as_u16(), &problem["code"]), (status, &Value::from(code)), "{uri}");
            assert!(CODES.iter().any(|(known, _)| *known == code), "{code} is explained");
            assert_eq!(response.headers().contains_key("retry-after"), status == 503);
        }
    }

    #[tokio::test]
    async fn a_refused_method_still_names_the_allowed_ones_and_a_page_stays_a_page() {
        let (response, _) = ask(Request::delete("/hello").body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()["allow"], "GET,HEAD");
        let (response, body) = ask(get_request("/page")).await;
        assert_eq!((response.status().as_u16(), body.as_str()), (404, "<p>lost"));
        assert!(response.headers().contains_key("content-security-policy"));
    }

    #[tokio::test]
    async fn a_503_says_when_to_come_back_whoever_wrote_it() {
        let (response, _) = ask(get_request("/full")).await;
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &HeaderValue::from(2)));
    }

    #[tokio::test]
    async fn every_answer_is_hardened() {
        for uri in ["/hello", "/nowhere", "/panic"] {
            let (response, _) = ask(get_request(uri)).await;
            assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{uri}");
            assert_eq!(response.headers()["cache-control"], "no-store", "{uri}");
        }
    }

    #[tokio::test]
    async fn requests_are_counted_by_route_and_not_by_path() {
        crate::telemetry::metrics_handle();
        ask(get_request("/hello")).await;
        ask(get_request("/nowhere-7f3a")).await;
        let text = crate::telemetry::render_metrics();
        assert!(text.contains(r#"http_requests_total{method="GET",route="/hello",status="200"}"#), "{text}");
        assert!(text.contains(r#"route="unmatched",status="404""#) && !text.contains("7f3a"));
    }
}
