//! Standby: the places in its line and their odds, told when they move.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use journal::claim::Waiting;
use sale::{
    claim::{ClaimState, ClaimView},
    ids::SaleItemId,
};
use tokio::time::timeout;

use super::{Push, present::READ_WAIT};

/// Of one line no more are read in a round. Who waits further back is told their place when they ask for their claim, and hears of
/// it again once they are among these: nobody there is about to be promoted.
const TOLD_MAX: u32 = 10_000;

/// Items whose line may have moved.
#[derive(Default)]
pub(super) struct Standby(Mutex<HashSet<SaleItemId>>);

impl Standby {
    pub(super) fn moved(&self, item: SaleItemId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(item);
    }

    fn take(&self) -> HashSet<SaleItemId> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Push {
    /// An item's units moved: places and odds follow, if anybody waits.
    pub(crate) fn hear_line(&self, item: SaleItemId, waiting: u32) {
        if waiting > 0 {
            self.standby.moved(item);
        }
    }

    /// The claim with its new place, if its buyer is here and was last told another one.
    fn moved(&self, place: Waiting) -> Option<ClaimView> {
        let stands_by = |claim: &ClaimView| claim.claim_id == place.claim_id && claim.state == ClaimState::Standby;
        let told = self.hub.last_told(place.buyer_id, stands_by)?;
        let moved = ClaimView { position: Some(place.position), odds: Some(place.odds), ..told.clone() };
        (moved != told).then_some(moved)
    }
}

/// Until the soft stop: at most one reading of each line in each round, and [`TOLD_MAX`] places of it.
pub(super) async fn tell(push: Arc<Push>) {
    while push.life.sleep(push.config.line_every.get()).await {
        for item in push.standby.take() {
            let Ok(Ok(line)) = timeout(READ_WAIT, push.journal.line(item, TOLD_MAX)).await else {
                push.standby.moved(item);
                continue;
            };
            for row in line.into_iter().filter_map(|place| push.moved(place)) {
                // The same version: a place is a hint that moves without one.
                push.hub.tell_buyer(&row, &push.claim_frame(&row));
            }
        }
    }
}
