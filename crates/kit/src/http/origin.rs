//! The origin: whether the page that sends this request is ours or a friend's.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};

use super::Problem;

/// Our own origin, and a list of others by their full name: `https://shop.example`.
#[derive(Clone, Debug, Default)]
pub struct OriginPolicy {
    allowed: Arc<[String]>,
}

impl OriginPolicy {
    pub fn new(allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { allowed: allowed.into_iter().map(|o| o.into().trim_end_matches('/').to_ascii_lowercase()).collect() }
    }

    /// Whether a request with these headers to this `host` (name and port, as in `Host`) may come in.
    ///
    /// No `Origin`: not a browser, so no page misuses its user: yes. `null`, two of them, or an unreadable one: no.
    pub fn allows(&self, headers: &HeaderMap, host: Option<&str>) -> bool {
        let origins = headers.get_all(header::ORIGIN).iter().map(HeaderValue::as_bytes);
        self.allows_of(origins, host.map(str::as_bytes))
    }

    /// The same by the values of `Origin` and `Host` as they came.
    pub(super) fn allows_of<'a>(&self, mut origins: impl Iterator<Item = &'a [u8]>, host: Option<&[u8]>) -> bool {
        let Some(origin) = origins.next() else { return true };
        let (None, Ok(origin)) = (origins.next(), std::str::from_utf8(origin)) else { return false };
        let origin = origin.to_ascii_lowercase();
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        // The scheme is not compared with ours: behind a balancer we do not know it.
        let same = host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_bytes()));
        (same && matches!(scheme, "http" | "https")) || self.allowed.contains(&origin)
    }
}

/// The name and port a request was sent to.
pub fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

/// Refuses with 403 `foreign_origin` what would change something at the wish of a foreign page.
pub fn guard<S: Clone + Send + Sync + 'static>(router: Router<S>, policy: OriginPolicy) -> Router<S> {
    router.layer(from_fn_with_state(policy, check))
}

async fn check(State(policy): State<OriginPolicy>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || policy.allows(request.headers(), host(request.headers())) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::FORBIDDEN, "foreign_origin", "this page may not ask that").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(origins: &[&str]) -> bool {
        let policy = OriginPolicy::new(["https://Friend.example/"]);
        let headers = origins.iter().map(|o| (header::ORIGIN, HeaderValue::from_str(o).unwrap())).collect();
        policy.allows(&headers, Some("shop.example:5000"))
    }

    #[test]
    fn our_page_a_friend_and_who_is_no_browser_come_in() {
        assert!(allows(&[]));
        assert!(allows(&["http://shop.example:5000"]));
        assert!(allows(&["https://SHOP.example:5000"]));
        assert!(allows(&["https://friend.example"]));
    }

    #[test]
    fn strangers_and_the_nameless_stay_out() {
        for origin in [
            "null",
            "",
            "https://evil.example",
            "http://shop.example",
            "http://shop.example:5001",
            "http://shop.example:5000.evil.example",
            "http://friend.example",
            "https://friend.example.evil.example",
            "file://shop.example:5000",
        ] {
            assert!(!allows(&[origin]), "{origin}");
        }
        assert!(!allows(&["http://shop.example:5000", "https://evil.example"]));
    }
}
