//! The short way to a refusal: most of a losing crowd is turned back here, by a few bytes that were written down before.

use std::sync::Arc;

use kit::{
    http::{Head, Prepared, ShortRefusal, buyer_of},
    tokens::Keys,
};
use metrics::Counter;
use sale::ids::SaleItemId;
use uuid::Uuid;

use super::{Accept, Refusal, post::PATH};

/// A refusal, written down, and how often it was given.
struct Ready {
    code: &'static str,
    prepared: Arc<Prepared>,
    refused: Counter,
}

/// The same as the route does, for whoever is signed in and turned down by memory alone.
pub(crate) fn short_way(accept: Arc<Accept>, keys: Arc<Keys>) -> ShortRefusal {
    use Refusal::{AllHeld, Closed, NotOpen, Paused, SoldOut, TooFast, UnknownItem};
    let ready: Vec<Ready> =
        [UnknownItem, NotOpen, Paused, Closed, SoldOut, AllHeld].into_iter().filter_map(Ready::of).collect();
    ShortRefusal(Arc::new(move |head: &Head<'_>| {
        let item = item_of(head.path)?;
        let buyer = buyer_of(head, &keys, accept.stores.clock.now())?;
        let refusal = accept.peek(buyer, item).err()?;
        match refusal {
            // How long to wait differs from one to the next.
            TooFast(..) => Some(Ready::of(refusal)?.given()),
            _ => ready.iter().find(|ready| ready.code == refusal.code()).map(Ready::given),
        }
    }))
}

impl Ready {
    fn of(refusal: Refusal) -> Option<Self> {
        let (code, refused) = (refusal.code(), refusal.counter("http"));
        let prepared = Arc::new(Prepared::of(refusal.problem(), PATH)?);
        Some(Self { code, prepared, refused })
    }

    fn given(&self) -> Arc<Prepared> {
        self.refused.increment(1);
        self.prepared.clone()
    }
}

/// The item of the route's path.
fn item_of(path: &str) -> Option<SaleItemId> {
    let (before, after) = PATH.split_once("{id}")?;
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    Uuid::try_parse(id).ok().map(SaleItemId)
}
