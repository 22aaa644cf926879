//! Security headers: what a browser must be told on every answer, whoever wrote it.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
};

/// For pages that bring no policy of their own: our own scripts, styles and pictures, nothing inline, nobody's frame.
pub const STRICT_CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

const BASE: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Adds what is not set: the base set, a strict policy on HTML, and `no-store`, because an answer that says nothing of
/// caching may be somebody's own.
pub fn harden(headers: &mut HeaderMap) {
    for (name, value) in BASE {
        headers.entry(name).or_insert(value);
    }
    if is_html(headers) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(STRICT_CSP);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Sets this content security policy on the HTML of these routes, unless a page brings its own.
pub fn with_csp<S: Clone + Send + Sync + 'static>(router: Router<S>, csp: HeaderValue) -> Router<S> {
    router.layer(from_fn_with_state(csp, set_csp))
}

async fn set_csp(State(csp): State<HeaderValue>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if is_html(response.headers()) {
        response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(csp);
    }
    response
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, response::Html, routing::get};
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_page_may_say_more_and_whoever_says_nothing_gets_the_strict_set() {
        let page = with_csp(Router::new().route("/", get(|| async { Html("") })), HeaderValue::from_static("x"));
        let mut response = page.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        harden(response.headers_mut());
        assert_eq!(response.headers()["content-security-policy"], "x");
        assert_eq!(response.headers()["cache-control"], "no-store");

        let mut bare = HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("max-age=60"))]);
        harden(&mut bare);
        assert_eq!(bare["cache-control"], "max-age=60");
        assert_eq!(bare["x-frame-options"], "DENY");
        assert!(!bare.contains_key("content-security-policy"));
    }
}
