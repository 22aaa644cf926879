//! Marks: who has claimed what at this door, and how that stands, as far as was heard.
//!
//! Memory only, and bounded: a forgotten mark costs one more message on the queue, where the repeat is absorbed.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use sale::{
    claim::{Claim, ClaimView},
    ids::{ClaimId, SaleItemId, UserId},
    time::UnixMs,
};

use super::backlog::{Backlog, Place};

const SHARDS: usize = 32;
/// Items one buyer's marks cover; the oldest goes first.
const PER_BUYER_MAX: usize = 16;

/// One claim that was put here.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub claim_id: ClaimId,
    item: SaleItemId,
    pub attempt: u32,
    pub quantity: u32,
    pub received_at: UnixMs,
    /// As it stands; `None` while undecided.
    pub view: Option<Box<ClaimView>>,
    /// Whether it is stored: before that nobody may be told of it.
    stored: bool,
    place: Place,
}

pub(crate) struct Marks {
    shards: Vec<Mutex<Shard>>,
    backlog: Backlog,
    buyers_max: usize,
}

#[derive(Default)]
struct Shard {
    marks: HashMap<UserId, Vec<Mark>>,
    /// Buyers by their first coming.
    oldest: VecDeque<UserId>,
}

impl Marks {
    /// Remembers at most about `buyers_max` buyers.
    pub(crate) fn new(buyers_max: usize, backlog: Backlog) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, backlog, buyers_max: buyers_max.div_ceil(SHARDS).max(1) }
    }

    /// Whether a claim for this item would wait too long for its decision.
    pub(super) fn are_behind(&self, item: SaleItemId) -> bool {
        self.backlog.is_long(item)
    }

    fn shard(&self, buyer: UserId) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[buyer.0.as_u128() as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stored claim of this buyer on this item.
    pub(crate) fn of(&self, buyer: UserId, item: SaleItemId) -> Option<Mark> {
        self.shard(buyer).marks.get(&buyer)?.iter().find(|mark| mark.item == item && mark.stored).cloned()
    }

    /// The stored claim with this id, if it is this buyer's.
    pub(crate) fn by_id(&self, buyer: UserId, id: ClaimId) -> Option<(SaleItemId, Mark)> {
        let shard = self.shard(buyer);
        let mark = shard.marks.get(&buyer)?.iter().find(|mark| mark.claim_id == id && mark.stored)?;
        Some((mark.item, mark.clone()))
    }

    /// Before the put: news of the decision may be quicker than the confirmation. Returns the mark as it will be told.
    pub(super) fn begin(&self, claim: &Claim) -> Mark {
        let mut shard = self.shard(claim.buyer_id);
        let shard = &mut *shard;
        let marks = shard.marks.entry(claim.buyer_id).or_insert_with(|| {
            shard.oldest.push_back(claim.buyer_id);
            Vec::with_capacity(1)
        });
        let known = marks.iter_mut().find(|known| known.item == claim.sale_item_id);
        // A second tab asks for the same at the same time: both get the same receipt.
        if let Some(known) = known.as_ref().filter(|known| known.attempt == claim.attempt) {
            return (*known).clone();
        }
        let mark = Mark {
            claim_id: claim.id,
            item: claim.sale_item_id,
            attempt: claim.attempt,
            quantity: claim.quantity,
            received_at: claim.received_at,
            view: None,
            stored: false,
            place: self.backlog.join(claim.sale_item_id),
        };
        match known {
            Some(known) if known.attempt > mark.attempt => {}
            Some(known) => *known = mark.clone(),
            None => {
                if marks.len() >= PER_BUYER_MAX {
                    marks.remove(0);
                }
                marks.push(mark.clone());
            }
        }
        if shard.oldest.len() > self.buyers_max
            && let Some(forgotten) = shard.oldest.pop_front()
        {
            shard.marks.remove(&forgotten);
            metrics::counter!("publisher_marks_forgotten_total").increment(1);
        }
        mark
    }

    /// After the put.
    pub(super) fn end(&self, claim: &Claim, stored: bool) {
        let mut shard = self.shard(claim.buyer_id);
        let Some(marks) = shard.marks.get_mut(&claim.buyer_id) else { return };
        if stored {
            marks.iter_mut().filter(|mark| mark.claim_id == claim.id).for_each(|mark| mark.stored = true);
        } else {
            // It may be stored all the same; whoever asks again is absorbed by the queue.
            marks.retain(|mark| mark.claim_id != claim.id || mark.stored || mark.view.is_some());
        }
    }

    /// News of a claim. An ended one bars nobody any more, but a repeat of it is told how it ended.
    pub(crate) fn hear(&self, view: &ClaimView) {
        let mut shard = self.shard(view.buyer_id);
        let Some(marks) = shard.marks.get_mut(&view.buyer_id) else { return };
        for mark in marks.iter_mut().filter(|mark| mark.claim_id == view.claim_id) {
            if mark.view.is_none() {
                self.backlog.decided(mark.item, mark.place);
            }
            if mark.view.as_ref().is_none_or(|known| known.version <= view.version) {
                mark.view = Some(Box::new(view.clone()));
                // What is decided was stored.
                mark.stored = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::{claim::ClaimState, ids::SaleId};
    use std::time::Duration;
    use uuid::Uuid;

    fn marks_of(buyers_max: usize) -> Marks {
        Marks::new(buyers_max, Backlog::new(1, Duration::from_millis(500)))
    }

    fn claim(buyer: u128, attempt: u32) -> Claim {
        Claim::new(SaleItemId(Uuid::from_u128(1)), UserId(Uuid::from_u128(buyer)), attempt, 1, UnixMs(5))
    }

    fn view(claim: &Claim, version: i64, state: ClaimState) -> ClaimView {
        ClaimView {
            claim_id: claim.id,
            sale_id: SaleId(Uuid::nil()),
            sale_item_id: claim.sale_item_id,
            buyer_id: claim.buyer_id,
            attempt: claim.attempt,
            quantity: claim.quantity,
            state,
            version,
            position: None,
            odds: None,
            deadline: None,
            generation: None,
            reason: None,
            order_id: None,
        }
    }

    fn state(marks: &Marks, claim: &Claim) -> Option<Option<ClaimState>> {
        marks.of(claim.buyer_id, claim.sale_item_id).map(|mark| mark.view.map(|view| view.state))
    }

    #[test]
    fn nobody_is_marked_before_the_claim_is_stored() {
        let (marks, claim) = (marks_of(100), claim(1, 1));
        marks.begin(&claim);
        assert_eq!(state(&marks, &claim), None);
        marks.end(&claim, true);
        assert_eq!(state(&marks, &claim), Some(None));
    }

    #[test]
    fn a_put_that_failed_leaves_no_mark() {
        let (marks, claim) = (marks_of(100), claim(1, 1));
        marks.begin(&claim);
        marks.end(&claim, false);
        assert_eq!(state(&marks, &claim), None);
    }

    #[test]
    fn a_decision_that_is_quicker_than_the_confirmation_is_kept() {
        let (marks, claim) = (marks_of(100), claim(1, 1));
        marks.begin(&claim);
        marks.hear(&view(&claim, 1, ClaimState::Held));
        marks.end(&claim, true);
        assert_eq!(state(&marks, &claim), Some(Some(ClaimState::Held)));
        marks.hear(&view(&claim, 3, ClaimState::Expired));
        marks.hear(&view(&claim, 2, ClaimState::Paying));
        assert_eq!(state(&marks, &claim), Some(Some(ClaimState::Expired)), "older news changes nothing");
    }

    #[test]
    fn a_higher_attempt_takes_the_place_of_a_lower_one_and_not_the_other_way_round() {
        let marks = marks_of(100);
        for attempt in [1, 2, 1] {
            marks.begin(&claim(1, attempt));
            marks.end(&claim(1, attempt), true);
        }
        let mark = marks.of(claim(1, 1).buyer_id, claim(1, 1).sale_item_id).unwrap();
        assert_eq!(mark.attempt, 2);
        assert!(marks.by_id(claim(1, 1).buyer_id, claim(1, 2).id).is_some());
        assert!(marks.by_id(claim(2, 1).buyer_id, claim(1, 2).id).is_none(), "somebody else's");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let marks = marks_of(SHARDS * 2);
        for buyer in 0..1000 {
            marks.begin(&claim(buyer, 1));
        }
        let held: usize = marks.shards.iter().map(|shard| shard.lock().unwrap().marks.len()).sum();
        assert_eq!(held, SHARDS * 2);
    }
}
