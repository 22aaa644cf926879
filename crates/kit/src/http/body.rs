//! The body: what a client sent, read within a bound, or a problem that says what was wrong with it.

use axum::{
    RequestExt,
    body::{Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};

use super::Problem;

/// A JSON body, in or out. `Option<Json<T>>` where a request may come without one: no `Content-Type` is `None`.
///
/// Errors: 415 `unsupported_media_type`, 413 `body_too_large` (the bound is the server's or the route's `DefaultBodyLimit`),
/// 400 `malformed_json`, 422 `invalid_body` with the path of the member that is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

/// The query string. Errors: 400 `invalid_query`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

/// The variables of the path. Errors: 404: what cannot be an id names nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let title = "the body must be JSON, with Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", title));
        }
        let request = not_too_large(request)?;
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query.map(|q| Self(q.0)).map_err(|rejection| {
            let title = "the query cannot be understood";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_query", title).detail(rejection.body_text())
        })
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|p| Self(p.0)).map_err(|rejection| match rejection.status() {
            StatusCode::BAD_REQUEST => Problem::not_found(),
            _ => Problem::internal(rejection.body_text()),
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// A body that says itself that it is larger than the bound is refused before a byte of it is read.
fn not_too_large(request: Request) -> Result<Request, Problem> {
    let said_bytes = request.body().size_hint().lower();
    // Only the framework knows the route's bound, and it shows in how much a limited body may have at most.
    let request = request.with_limited_body();
    let fits = request.body().size_hint().upper().is_none_or(|most_bytes| said_bytes <= most_bytes);
    if fits { Ok(request) } else { Err(too_large()) }
}

fn unreadable(rejection: BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", "the body did not arrive whole"),
    }
}

pub(super) fn too_large() -> Problem {
    metrics::counter!("http_refused_total", "why" => "body_too_large").increment(1);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is larger than allowed")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A list would fill a struct's members by position; every body of ours is an object.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(invalid("expected an object, not a list".to_owned()));
    }
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut from).map_err(|error| {
        let path = error.path().to_string();
        wrong(error.inner(), &path)
    })?;
    from.end().map_err(|error| wrong(&error, "."))?;
    Ok(value)
}

fn wrong(error: &serde_json::Error, path: &str) -> Problem {
    if !error.is_data() {
        let title = "the body is not valid JSON";
        return Problem::new(StatusCode::BAD_REQUEST, "malformed_json", title).detail(error.to_string());
    }
    let detail = if path == "." { error.to_string() } else { format!("{path}: {error}") };
    invalid(detail)
}

fn invalid(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", "the body is not what is expected here")
        .detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, extract::DefaultBodyLimit};
    use serde::Deserialize;
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };
    use tower::ServiceExt;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Claim {
        quantity: u32,
        #[serde(default)]
        answers: Vec<String>,
    }

    async fn sent(kind: Option<&str>, body: &str) -> (u16, String, String) {
        let app = axum::Router::new()
            .route("/", axum::routing::post(|Json(_): Json<Claim>| async {}))
            .layer(DefaultBodyLimit::max(64));
        let mut request = Request::post("/");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let response = app.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        (status, text("code"), text("detail"))
    }

    #[tokio::test]
    async fn each_wrong_body_gets_its_own_code() {
        let json = Some("application/json; charset=utf-8");
        assert_eq!(sent(json, r#"{"quantity":1}"#).await.0, 200);
        assert_eq!(sent(Some("application/vnd.api+json"), r#"{"quantity":1}"#).await.0, 200);
        let cases = [
            (json, "{", 400, "malformed_json"),
            (json, "", 400, "malformed_json"),
            (json, r#"{"quantity":1} x"#, 400, "malformed_json"),
            (json, r#"{"quantity":-1}"#, 422, "invalid_body"),
            (json, r#"{"quantity":1,"price":0}"#, 422, "invalid_body"),
            (json, r#"{}"#, 422, "invalid_body"),
            (json, "[1]", 422, "invalid_body"),
            (None, r#"{"quantity":1}"#, 415, "unsupported_media_type"),
            (Some("text/plain"), r#"{"quantity":1}"#, 415, "unsupported_media_type"),
            (json, &" ".repeat(65), 413, "body_too_large"),
        ];
        for (kind, body, status, code) in cases {
            let told = sent(kind, body).await;
            assert_eq!((told.0, told.1.as_str()), (status, code), "{body}");
        }
    }

    /// A body that is announced and must not be asked for.
    struct Announced(u64);

    impl HttpBody for Announced {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            Poll::Ready(Some(Err(std::io::ErrorKind::Other.into())))
        }

        fn size_hint(&self) -> hyper::body::SizeHint {
            hyper::body::SizeHint::with_exact(self.0)
        }
    }

    #[tokio::test]
    async fn a_body_that_says_it_is_too_large_is_not_read() {
        let app = axum::Router::new()
            .route("/", axum::routing::post(|Json(_): Json<Claim>| async {}))
            .layer(DefaultBodyLimit::max(64));
        for (bytes, status) in [(64, 400), (65, 413), (u64::MAX, 413)] {
            let request = Request::post("/").header("content-type", "application/json");
            let request = request.body(Body::new(Announced(bytes))).unwrap();
            assert_eq!(app.clone().oneshot(request).await.unwrap().status(), status, "{bytes}");
        }
    }

    #[tokio::test]
    async fn the_wrong_member_is_named_by_its_path() {
        let (_, _, detail) = sent(Some("application/json"), r#"{"quantity":1,"answers":["a",7]}"#).await;
        assert!(detail.starts_with("answers[1]: invalid type"), "{detail}");
    }

    #[tokio::test]
    async fn a_body_may_be_left_out_where_it_is_optional_and_not_be_wrong() {
        let app = axum::Router::new()
            .route("/", axum::routing::post(|b: Option<Json<Claim>>| async move { b.is_some().to_string() }));
        let post = |kind: Option<&'static str>, body: &'static str| {
            let mut request = Request::post("/");
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            app.clone().oneshot(request.body(Body::from(body)).unwrap())
        };
        assert_eq!(post(None, "").await.unwrap().status(), 200);
        assert_eq!(post(Some("application/json"), r#"{"quantity":1}"#).await.unwrap().status(), 200);
        assert_eq!(post(Some("application/json"), "").await.unwrap().status(), 400);
    }

    #[tokio::test]
    async fn what_cannot_be_an_id_names_nothing() {
        let app = axum::Router::new()
            .route("/orders/{id}", axum::routing::get(|Path(_): Path<uuid::Uuid>| async {}))
            .route("/list", axum::routing::get(|Query(_): Query<Claim>| async {}));
        let get = |uri| app.clone().oneshot(Request::get(uri).body(Body::empty()).unwrap());
        assert_eq!(get("/orders/7").await.unwrap().status(), 404);
        assert_eq!(get("/list?quantity=x").await.unwrap().status(), 400);
        assert_eq!(get("/list?quantity=1").await.unwrap().status(), 200);
    }
}
