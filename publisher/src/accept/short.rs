//! The short way to a refusal: most of a losing crowd is turned back here, by a few bytes that were written down before.

use std::sync::{Arc, OnceLock};

use kit::{
    http::{Head, Prepared, ShortRefusal, buyer_of},
    tokens::Keys,
};
use metrics::Counter;
use sale::ids::SaleItemId;
use uuid::Uuid;

use super::{Accept, LATER_MS, LATER_SPREAD_MS, Refusal, post::PATH};

/// A refusal that is the same for everybody, and how often it was given.
struct Ready {
    code: &'static str,
    prepared: Arc<Prepared>,
    refused: Counter,
}

/// Refusals that differ only in how long to wait: one for each ms, written down when it is first given.
struct ByWait(Vec<OnceLock<Option<Ready>>>);

/// The same as the route does, for whoever is signed in and turned down by memory alone.
pub(crate) fn short_way(accept: Arc<Accept>, keys: Arc<Keys>) -> ShortRefusal {
    use Refusal::{AllHeld, Behind, Closed, NotOpen, Paused, SoldOut, TooFast, UnknownItem};
    let ready: Vec<Ready> =
        [UnknownItem, NotOpen, Paused, Closed, SoldOut, AllHeld].into_iter().filter_map(Ready::of).collect();
    let too_fast = ByWait::up_to(accept.config.buyer_rate().wait_max_ms());
    let behind = ByWait::up_to(LATER_MS + LATER_SPREAD_MS as i64);
    ShortRefusal(Arc::new(move |head: &Head<'_>| {
        let item = item_of(head.path)?;
        let buyer = buyer_of(head, &keys, accept.stores.clock.now())?;
        let refusal = accept.peek(buyer, item).err()?;
        let ready = match refusal {
            TooFast(ms, _) => too_fast.of(ms, refusal)?,
            Behind(ms) => behind.of(ms, refusal)?,
            _ => ready.iter().find(|ready| ready.code == refusal.code())?,
        };
        ready.refused.increment(1);
        Some(ready.prepared.clone())
    }))
}

impl Ready {
    fn of(refusal: Refusal) -> Option<Self> {
        let (code, refused) = (refusal.code(), refusal.counter("http"));
        let prepared = Arc::new(Prepared::of(refusal.problem(), PATH)?);
        Some(Self { code, prepared, refused })
    }
}

impl ByWait {
    fn up_to(max_ms: i64) -> Self {
        Self((0..=max_ms).map(|_| OnceLock::new()).collect())
    }

    fn of(&self, ms: i64, refusal: Refusal) -> Option<&Ready> {
        self.0.get(usize::try_from(ms).ok()?)?.get_or_init(|| Ready::of(refusal)).as_ref()
    }
}

/// The item of the route's path.
fn item_of(path: &str) -> Option<SaleItemId> {
    let (before, after) = PATH.split_once("{id}")?;
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    Uuid::try_parse(id).ok().map(SaleItemId)
}
