//! The request id: one name for a request in its answer, its problem and our log.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
};
use sale::port::{chance::Chance, clock::Clock};
use uuid::Uuid;

use crate::{
    clock::{OsChance, SystemClock},
    trace::Trace,
};

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ID_MAX_BYTES: usize = 64;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Extractor: the id of this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

impl RequestId {
    /// The caller's own id if it is a sane one (1 to 64 of `A-Za-z0-9_-`), else a new UUIDv7.
    pub fn of(headers: &HeaderMap) -> Self {
        Self::told(headers.get(X_REQUEST_ID).map(HeaderValue::as_bytes))
    }

    /// The same by the header's value as it came.
    pub(super) fn told(value: Option<&[u8]>) -> Self {
        let theirs = value.and_then(|value| std::str::from_utf8(value).ok()).filter(|id| is_sane(id));
        match theirs {
            Some(id) => Self(id.into()),
            None => {
                let chance: &dyn Chance = &OsChance;
                Self(chance.v7(SystemClock.now()).to_string().into())
            }
        }
    }

    /// The trace that begins with this request: of the same name where a trace can have it, as ours and the balancer's.
    pub(crate) fn trace(&self) -> Trace {
        Uuid::parse_str(&self.0).ok().filter(|id| !id.is_nil()).map_or_else(Trace::begin, Trace::named)
    }

    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

/// The id of the request that this task is answering, if it is answering one.
pub fn current() -> Option<Arc<str>> {
    CURRENT.try_with(|id| id.0.clone()).ok()
}

/// Answers under this id.
pub async fn scope<F: Future>(id: RequestId, answer: F) -> F::Output {
    CURRENT.scope(id, answer).await
}

fn is_sane(id: &str) -> bool {
    (1..=ID_MAX_BYTES).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(current().map_or_else(|| Self::of(&parts.headers), Self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_that_begins_with_a_request_has_its_name_if_it_can() {
        let hex = "018bcfe568007a1f8000a1b2c3d4e5f6";
        assert_eq!(of(hex.as_bytes()).trace().id(), hex);
        let ours = RequestId::of(&HeaderMap::new());
        assert_eq!(ours.trace().id(), ours.0.replace('-', ""));
        assert_eq!(of(b"cart-7").trace().id().len(), 32);
    }

    fn of(id: &[u8]) -> RequestId {
        let value = HeaderValue::from_bytes(id).unwrap();
        RequestId::of(&HeaderMap::from_iter([(X_REQUEST_ID, value)]))
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        assert_eq!(&*of(b"cart-7_B").0, "cart-7_B");
        let long = "a".repeat(65);
        for bad in ["", "a b", "a\"b", "{}", "../x", &long, "h\u{e4}"] {
            let id = of(bad.as_bytes());
            assert_eq!(uuid::Uuid::parse_str(&id.0).unwrap().get_version_num(), 7, "{bad}");
        }
    }
}
