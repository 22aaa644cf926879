//! The hub: which socket is here, what it watches, whose it is.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use sale::{
    claim::ClaimView,
    ids::{SaleId, UserId},
    port::crowd::Count,
};

use super::{
    frame::Frame,
    outbox::{End, Outbox},
};
use crate::config::PushConfig;

const SHARDS: usize = 64;
/// Claims remembered of one connected buyer, for the places on standby.
const CLAIMS_MAX: usize = 32;

/// One socket, as others see it.
pub(crate) struct Socket {
    pub(crate) id: u64,
    pub(crate) outbox: Outbox,
}

/// Everybody who is here. Sockets are spread over shards, buyers over others, so that a broadcast never stops the house.
pub(crate) struct Hub {
    shards: Vec<Mutex<Shard>>,
    seats: Vec<Mutex<HashMap<UserId, Seat>>>,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    sockets: AtomicUsize,
    next_id: AtomicU64,
    sockets_max: usize,
    per_address: usize,
    per_buyer: usize,
    outbox_max: usize,
}

#[derive(Default)]
struct Shard {
    sockets: HashMap<u64, Arc<Socket>>,
    watching: HashMap<SaleId, HashSet<u64>>,
}

/// One connected buyer: all their sockets, and their claims as last told.
#[derive(Default)]
struct Seat {
    sockets: Vec<Arc<Socket>>,
    claims: Vec<ClaimView>,
}

/// Why nobody more is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    House,
    Address,
}

/// A place taken before the upgrade; free again when dropped.
pub(crate) struct Place {
    hub: Arc<Hub>,
    address: IpAddr,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    pub(crate) fn new(config: &PushConfig) -> Self {
        metrics::gauge!("publisher_sockets_max").set(config.sockets_max as f64);
        metrics::gauge!("publisher_sockets").set(0.0);
        metrics::gauge!("publisher_sockets_signed_in").set(0.0);
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            seats: (0..SHARDS).map(|_| Mutex::default()).collect(),
            addresses: Mutex::default(),
            sockets: AtomicUsize::new(0),
            next_id: AtomicU64::new(0),
            sockets_max: config.sockets_max,
            per_address: config.sockets_per_address,
            per_buyer: config.sockets_per_buyer,
            outbox_max: config.outbox_max,
        }
    }

    fn shard(&self, id: u64) -> MutexGuard<'_, Shard> {
        lock(&self.shards[id as usize % SHARDS])
    }

    fn seats(&self, buyer: UserId) -> MutexGuard<'_, HashMap<UserId, Seat>> {
        lock(&self.seats[buyer.0.as_u128() as usize % SHARDS])
    }

    /// Sockets here, those on their way in included.
    pub(crate) fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    /// Who is here and who watches what, shard by shard: sockets that come and go meanwhile may be missed.
    pub(crate) fn count(&self) -> Count {
        let mut watching = HashMap::new();
        for shard in &self.shards {
            for (sale, ids) in &lock(shard).watching {
                *watching.entry(*sale).or_default() += ids.len() as u64;
            }
        }
        Count { sockets: self.sockets() as u64, watching }
    }

    /// Takes a place, before anything is spent on the upgrade.
    pub(crate) fn take_place(self: &Arc<Self>, address: IpAddr) -> Result<Place, Full> {
        let mut addresses = lock(&self.addresses);
        if self.sockets() >= self.sockets_max {
            return Err(Full::House);
        }
        let from_there = addresses.entry(address).or_default();
        if *from_there >= self.per_address {
            return Err(Full::Address);
        }
        *from_there += 1;
        let here = self.sockets.fetch_add(1, Ordering::Relaxed) + 1;
        metrics::gauge!("publisher_sockets").set(here as f64);
        Ok(Place { hub: self.clone(), address })
    }

    pub(crate) fn enter(&self) -> Arc<Socket> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let socket = Arc::new(Socket { id, outbox: Outbox::new(self.outbox_max) });
        self.shard(id).sockets.insert(id, socket.clone());
        socket
    }

    pub(crate) fn leave(&self, socket: &Socket, watched: &[SaleId], buyer: Option<UserId>) {
        let mut shard = self.shard(socket.id);
        shard.sockets.remove(&socket.id);
        watched.iter().for_each(|sale| shard.unwatch(socket.id, *sale));
        drop(shard);
        if let Some(buyer) = buyer {
            self.stand_up(socket, buyer);
        }
    }

    pub(crate) fn watch(&self, socket: &Socket, sale: SaleId) {
        self.shard(socket.id).watching.entry(sale).or_default().insert(socket.id);
    }

    pub(crate) fn unwatch(&self, socket: &Socket, sale: SaleId) {
        self.shard(socket.id).unwatch(socket.id, sale);
    }

    /// From now on this socket hears what concerns this buyer. The oldest goes when there are too many of them.
    pub(crate) fn sit_down(&self, socket: &Arc<Socket>, buyer: UserId, resume_after_ms: i64) {
        let mut seats = self.seats(buyer);
        let seat = seats.entry(buyer).or_default();
        if seat.sockets.iter().any(|known| known.id == socket.id) {
            return;
        }
        if seat.sockets.len() >= self.per_buyer {
            seat.sockets.remove(0).outbox.end(End::Replaced { resume_after_ms });
            metrics::gauge!("publisher_sockets_signed_in").decrement(1.0);
        }
        seat.sockets.push(socket.clone());
        metrics::gauge!("publisher_sockets_signed_in").increment(1.0);
    }

    pub(crate) fn stand_up(&self, socket: &Socket, buyer: UserId) {
        let mut seats = self.seats(buyer);
        let Some(seat) = seats.get_mut(&buyer) else { return };
        let before = seat.sockets.len();
        seat.sockets.retain(|known| known.id != socket.id);
        metrics::gauge!("publisher_sockets_signed_in").decrement((before - seat.sockets.len()) as f64);
        if seat.sockets.is_empty() {
            seats.remove(&buyer);
        }
    }

    /// Whether this socket still speaks for this buyer.
    pub(crate) fn sits(&self, socket: &Socket, buyer: UserId) -> bool {
        self.seats(buyer).get(&buyer).is_some_and(|seat| seat.sockets.iter().any(|known| known.id == socket.id))
    }

    pub(crate) fn is_here(&self, buyer: UserId) -> bool {
        self.seats(buyer).contains_key(&buyer)
    }

    /// Everybody with a seat.
    pub(crate) fn buyers(&self) -> Vec<UserId> {
        self.seats.iter().flat_map(|seats| lock(seats).keys().copied().collect::<Vec<_>>()).collect()
    }

    /// To everybody who watches the sale.
    pub(crate) fn tell_watching(&self, sale: SaleId, frame: &Frame) {
        for shard in &self.shards {
            let shard = lock(shard);
            for socket in shard.watching.get(&sale).into_iter().flatten().filter_map(|id| shard.sockets.get(id)) {
                socket.outbox.put(frame.clone());
            }
        }
    }

    /// A claim to all sockets of its buyer: several tabs hear the same.
    pub(crate) fn tell_buyer(&self, row: &ClaimView, frame: &Frame) {
        let mut seats = self.seats(row.buyer_id);
        let Some(seat) = seats.get_mut(&row.buyer_id) else { return };
        if seat.learn(row) {
            seat.sockets.iter().for_each(|socket| socket.outbox.put(frame.clone()));
        }
    }

    /// A claim that one socket is told by itself; remembered as told. `false`: the socket is not its buyer's any more.
    pub(crate) fn tell_one(&self, socket: &Socket, row: &ClaimView, frame: Frame) -> bool {
        let mut seats = self.seats(row.buyer_id);
        let theirs = |seat: &&mut Seat| seat.sockets.iter().any(|known| known.id == socket.id);
        let Some(seat) = seats.get_mut(&row.buyer_id).filter(theirs) else { return false };
        seat.learn(row);
        socket.outbox.put(frame);
        true
    }

    /// The claim as this buyer was last told it, if they are here.
    pub(crate) fn last_told(&self, buyer: UserId, is: impl Fn(&ClaimView) -> bool) -> Option<ClaimView> {
        self.seats(buyer).get(&buyer)?.claims.iter().find(|claim| is(claim)).cloned()
    }

    /// Some of the sockets that have not been told to leave yet; for going home in waves.
    pub(crate) fn ids(&self) -> Vec<u64> {
        self.shards.iter().flat_map(|shard| lock(shard).sockets.keys().copied().collect::<Vec<_>>()).collect()
    }

    pub(crate) fn end(&self, id: u64, end: End) {
        if let Some(socket) = self.shard(id).sockets.get(&id) {
            socket.outbox.end(end);
        }
    }
}

impl Shard {
    fn unwatch(&mut self, id: u64, sale: SaleId) {
        let Some(ids) = self.watching.get_mut(&sale) else { return };
        ids.remove(&id);
        if ids.is_empty() {
            self.watching.remove(&sale);
        }
    }
}

impl Seat {
    /// Keeps the newest of each item. Returns whether this is not older than what was known.
    fn learn(&mut self, row: &ClaimView) -> bool {
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

impl Drop for Place {
    fn drop(&mut self) {
        let mut addresses = lock(&self.hub.addresses);
        if let Some(from_there) = addresses.get_mut(&self.address) {
            *from_there = from_there.saturating_sub(1);
            if *from_there == 0 {
                addresses.remove(&self.address);
            }
        }
        let here = self.hub.sockets.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
        metrics::gauge!("publisher_sockets").set(here as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn hub(sockets_max: usize, sockets_per_address: usize) -> Arc<Hub> {
        let config = PushConfig { sockets_max, sockets_per_address, sockets_per_buyer: 2, ..PushConfig::default() };
        Arc::new(Hub::new(&config))
    }

    #[test]
    fn places_are_bounded_by_house_and_by_address_and_come_back() {
        let hub = hub(3, 2);
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = hub.take_place(here).unwrap_or_else(|_| panic!());
        let _second = hub.take_place(here).unwrap_or_else(|_| panic!());
        assert_eq!(hub.take_place(here).err(), Some(Full::Address));
        let _third = hub.take_place(there).unwrap_or_else(|_| panic!());
        assert_eq!(hub.take_place(there).err(), Some(Full::House));
        drop(first);
        assert!(hub.take_place(here).is_ok());
    }

    #[test]
    fn a_socket_that_changed_hands_hears_nothing_more_of_the_one_before() {
        use sale::{
            claim::ClaimState,
            ids::{ClaimId, SaleItemId},
        };
        let (hub, id) = (hub(9, 9), Uuid::from_u128);
        let row = |buyer| ClaimView {
            claim_id: ClaimId(id(7)),
            sale_id: SaleId(id(8)),
            sale_item_id: SaleItemId(id(9)),
            buyer_id: buyer,
            attempt: 1,
            quantity: 1,
            state: ClaimState::Held,
            version: 2,
            position: None,
            odds: None,
            deadline: None,
            generation: None,
            reason: None,
            order_id: None,
        };
        let (ann, bob) = (UserId(id(1)), UserId(id(2)));
        let tell = |socket: &Socket, buyer| {
            let row = row(buyer);
            hub.tell_one(socket, &row, crate::push::frame::claim(&row, None))
        };
        let socket = hub.enter();
        hub.sit_down(&socket, ann, 0);
        assert!(tell(&socket, ann));
        hub.stand_up(&socket, ann);
        socket.outbox.forget_claims();
        hub.sit_down(&socket, bob, 0);
        assert!(!tell(&socket, ann), "read for Ann, and come too late");
        assert_eq!((hub.sits(&socket, ann), hub.sits(&socket, bob)), (false, true));
        assert!(socket.outbox.is_empty(), "what waited for Ann is not Bob's");
        assert!(tell(&socket, bob));
    }

    #[test]
    fn who_leaves_leaves_nothing_behind() {
        let (hub, sale, buyer) = (hub(9, 9), SaleId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let socket = hub.enter();
        hub.watch(&socket, sale);
        hub.sit_down(&socket, buyer, 0);
        assert_eq!((hub.count().of(sale).watching, hub.is_here(buyer)), (1, true));
        hub.leave(&socket, &[sale], Some(buyer));
        assert_eq!((hub.count().of(sale).watching, hub.is_here(buyer)), (0, false));
        assert!(hub.ids().is_empty());
        assert!(hub.shards.iter().all(|shard| lock(shard).watching.is_empty()));
    }
}
