//! The seats: which lines speak for which connected buyer, and which claims they were told.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sale::{claim::ClaimView, ids::UserId};

use super::inbox::At;

const SHARDS: usize = 64;
/// Claims remembered of one connected buyer, for the places on standby.
const CLAIMS_MAX: usize = 32;

/// Buyers, spread over shards, so that news of one never waits for all.
pub(super) struct Seats {
    shards: Vec<Mutex<HashMap<UserId, Seat>>>,
    per_buyer: usize,
}

/// One connected buyer: all their lines, and their claims as last told.
#[derive(Default)]
pub(super) struct Seat {
    pub(super) lines: Vec<At>,
    claims: Vec<ClaimView>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seats {
    pub(super) fn new(per_buyer: usize) -> Self {
        metrics::gauge!("publisher_sockets_signed_in").set(0.0);
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), per_buyer }
    }

    pub(super) fn of(&self, buyer: UserId) -> MutexGuard<'_, HashMap<UserId, Seat>> {
        lock(&self.shards[buyer.0.as_u128() as usize % SHARDS])
    }

    /// From now on this line hears what concerns this buyer. Returns the oldest, which goes when there are too many of them.
    pub(super) fn sit_down(&self, line: At, buyer: UserId) -> Option<At> {
        let mut seats = self.of(buyer);
        let seat = seats.entry(buyer).or_default();
        if seat.lines.contains(&line) {
            return None;
        }
        let oldest = (seat.lines.len() >= self.per_buyer).then(|| seat.lines.remove(0));
        seat.lines.push(line);
        let more = if oldest.is_some() { 0.0 } else { 1.0 };
        metrics::gauge!("publisher_sockets_signed_in").increment(more);
        oldest
    }

    pub(super) fn stand_up(&self, line: At, buyer: UserId) {
        let mut seats = self.of(buyer);
        let Some(seat) = seats.get_mut(&buyer) else { return };
        let before = seat.lines.len();
        seat.lines.retain(|known| *known != line);
        metrics::gauge!("publisher_sockets_signed_in").decrement((before - seat.lines.len()) as f64);
        if seat.lines.is_empty() {
            seats.remove(&buyer);
        }
    }

    /// Everybody with a seat.
    pub(super) fn buyers(&self) -> Vec<UserId> {
        self.shards.iter().flat_map(|shard| lock(shard).keys().copied().collect::<Vec<_>>()).collect()
    }

    /// The claim as this buyer was last told it, if they are here.
    pub(super) fn last_told(&self, buyer: UserId, is: impl Fn(&ClaimView) -> bool) -> Option<ClaimView> {
        self.of(buyer).get(&buyer)?.claims.iter().find(|claim| is(claim)).cloned()
    }
}

impl Seat {
    /// Keeps the newest of each item. Returns whether this is not older than what was known.
    pub(super) fn learn(&mut self, row: &ClaimView) -> bool {
        match self.claims.iter_mut().find(|known| known.sale_item_id == row.sale_item_id) {
            Some(known) if (known.attempt, known.version) > (row.attempt, row.version) => return false,
            Some(known) => *known = row.clone(),
            None => {
                if self.claims.len() >= CLAIMS_MAX {
                    self.claims.remove(0);
                }
                self.claims.push(row.clone());
            }
        }
        true
    }
}
