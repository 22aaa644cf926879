//! The trace: whose larger story something belongs to, as W3C's `traceparent` says it.
//!
//! Its id stands in log lines wherever it leads, also where spans are sent nowhere.

use std::{collections::BTreeSet, fmt};

use sale::port::{chance::Chance, clock::Clock};
use tracing::Span;
use uuid::Uuid;

use crate::clock::{OsChance, SystemClock};

/// How a trace is named on its way, in headers of HTTP and of messages.
pub const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    static CURRENT: Trace;
}

/// Of those that a batch follows from, so many others are named in its log lines; its span is linked to all.
const JOINED_MAX: usize = 32;

/// A place in a trace, to be named to whoever does what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    span: u64,
    flags: u8,
}

impl Trace {
    /// A sane `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zeros.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, id, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // A later version may append; the first one may not.
        let sane = is_hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
        let whole = sane && is_hex(id, 32) && is_hex(span, 16) && is_hex(flags, 2);
        let place = Self {
            id: u128::from_str_radix(id, 16).ok()?,
            span: u64::from_str_radix(span, 16).ok()?,
            flags: u8::from_str_radix(flags, 16).ok()?,
        };
        (whole && place.id != 0 && place.span != 0).then_some(place)
    }

    /// A new trace, which nobody records.
    pub fn begin() -> Self {
        let chance: &dyn Chance = &OsChance;
        Self::named(chance.v7(SystemClock.now()))
    }

    /// The same under this name.
    pub(crate) fn named(name: Uuid) -> Self {
        // All zeros name nothing.
        Self { id: name.as_u128(), span: name.as_u64_pair().1 | 1, flags: 0 }
    }

    pub fn id(self) -> String {
        format!("{:032x}", self.id)
    }

    /// Whether its caller wants it recorded: the lowest bit says so.
    fn is_recorded(self) -> bool {
        self.flags & 1 == 1
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.id, self.span, self.flags)
    }
}

/// Makes the span a part of what it follows from, or of a new trace where that is nothing; returns the span's own place.
///
/// A span has one parent: the first that is recorded, or else the first. The trace's id is written into the span's field
/// `trace_id`, and those of the others into `joined`: a batch is found by each of them.
pub fn join(span: &Span, mut callers: Vec<Trace>, begin: impl FnOnce() -> Trace) -> Trace {
    callers.sort_by_key(|caller| !caller.is_recorded());
    let here = follow(span, &callers).or_else(|| callers.first().copied()).unwrap_or_else(begin);
    span.record("trace_id", here.id().as_str());
    let others: BTreeSet<u128> = callers.iter().map(|caller| caller.id).filter(|id| *id != here.id).collect();
    if !others.is_empty() {
        let named: Vec<String> = others.into_iter().take(JOINED_MAX).map(|id| format!("{id:032x}")).collect();
        span.record("joined", named.join(" ").as_str());
    }
    here
}

/// The place of the request that this task is answering, if it is answering one.
pub fn current() -> Option<Trace> {
    CURRENT.try_with(|here| *here).ok()
}

/// Answers at this place.
pub(crate) async fn scope<F: Future>(trace: Trace, answer: F) -> F::Output {
    CURRENT.scope(trace, answer).await
}

/// The span's own place, where spans are sent anywhere: the first caller's child, linked to the others.
fn follow(span: &Span, callers: &[Trace]) -> Option<Trace> {
    #[cfg(feature = "otlp")]
    return crate::telemetry::otlp::follow(span, callers);
    #[cfg(not(feature = "otlp"))]
    {
        let _ = (span, callers);
        None
    }
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Log;

    #[test]
    fn a_sane_trace_is_followed_and_any_other_ignored() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let read = |text: &str| Trace::read(text).map(|trace| trace.to_string());
        let plain = format!("00-{trace}-{parent}-01");
        assert_eq!(read(&plain).as_ref(), Some(&plain));
        assert_eq!(read(&format!("01-{trace}-{parent}-01-more")), Some(plain));
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
            assert_eq!(read(&bad), None, "{bad}");
        }
        let new = Trace::begin();
        assert_eq!(Trace::read(&new.to_string()), Some(new), "what begins here is sane too");
    }

    #[test]
    fn a_crowd_goes_with_the_first_that_is_recorded_and_names_the_others() {
        let log = Log::listen();
        let trace = |n: u128, flags| Trace { flags, ..Trace::named(Uuid::from_u128(n)) };
        let crowd = vec![trace(1, 0), trace(2, 1), trace(3, 0), trace(1, 0)];
        let span = tracing::info_span!("batch", trace_id = tracing::field::Empty, joined = tracing::field::Empty);
        assert_eq!(join(&span, crowd, Trace::begin), trace(2, 1));
        span.in_scope(|| tracing::info!("said"));
        let span = &log.lines()[0]["span"];
        assert_eq!(span["trace_id"], trace(2, 1).id());
        assert_eq!(span["joined"], format!("{} {}", trace(1, 0).id(), trace(3, 0).id()));
    }
}
