//! The trace: whose larger story a request belongs to, as W3C's `traceparent` says it.

use axum::http::{HeaderMap, HeaderName};
use tracing::Span;

pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The trace's id out of a sane `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zeros.
pub fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // A later version may append; the first one may not.
    let whole =
        is_hex(version, 2) && version != "ff" && is_hex(flags, 2) && (version != "00" || parts.next().is_none());
    let named = |id: &str, len| is_hex(id, len) && id.bytes().any(|b| b != b'0');
    (whole && named(trace, 32) && named(parent, 16)).then_some(trace)
}

/// Makes the span a part of the caller's trace, where spans are sent anywhere.
pub(super) fn follow(span: &Span, headers: &HeaderMap) {
    #[cfg(feature = "otlp")]
    crate::telemetry::otlp::follow(span, headers);
    #[cfg(not(feature = "otlp"))]
    let _ = (span, headers);
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(TRACEPARENT, text.parse().unwrap())]);
        trace_id(&headers).map(str::to_owned)
    }

    #[test]
    fn a_sane_trace_is_followed_and_any_other_ignored() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert_eq!(of(&format!("00-{trace}-{parent}-01")).as_deref(), Some(trace));
        assert_eq!(of(&format!("01-{trace}-{parent}-01-more")).as_deref(), Some(trace));
        let zeros = "0".repeat(32);
        for bad in [
            String::new(),
            trace.to_owned(),
            format!("00-{zeros}-{parent}-01"),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{trace}-{parent}-01-more"),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{trace}x-{parent}-01"),
        ] {
            assert_eq!(of(&bad), None, "{bad}");
        }
    }
}
