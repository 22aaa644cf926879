//! The hub: everybody who is here, whichever reactor holds their line.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use sale::{
    claim::ClaimView,
    ids::{SaleId, UserId},
    port::crowd::Count,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    end::End,
    frame::Frame,
    inbox::{Arrival, At, Inbox, Order, Word},
    places::{Full, Place, Places},
    seats::Seats,
};
use crate::config::PushConfig;

pub(crate) struct Hub {
    reactors: Vec<Arc<Inbox>>,
    next: AtomicUsize,
    places: Arc<Places>,
    seats: Seats,
    upgrades: Arc<Semaphore>,
}

impl Hub {
    /// `files_max`: how many files this process may hold open, where somebody tells.
    pub(super) fn new(config: &PushConfig, reactors: Vec<Arc<Inbox>>, files_max: Option<u64>) -> Self {
        let places = Places::new(sockets_max(config, files_max), config.sockets_per_address);
        Self {
            reactors,
            next: AtomicUsize::new(0),
            places: Arc::new(places),
            seats: Seats::new(config.sockets_per_buyer),
            upgrades: Arc::new(Semaphore::new(config.upgrades_max)),
        }
    }

    /// Sockets here, those on their way in included.
    pub(crate) fn sockets(&self) -> usize {
        self.places.taken()
    }

    /// Who is here and who watches what, reactor by reactor: sockets that come and go meanwhile may be missed.
    pub(crate) fn count(&self) -> Count {
        let mut watching = HashMap::new();
        for reactor in &self.reactors {
            for (sale, lines) in reactor.watching().iter() {
                *watching.entry(*sale).or_default() += lines;
            }
        }
        Count { sockets: self.sockets() as u64, watching }
    }

    /// Takes a place, before anything is spent on the upgrade.
    pub(super) fn take_place(&self, address: IpAddr) -> Result<Place, Full> {
        self.places.take(address)
    }

    /// One of the upgrades that may be under way at once; `None` where that many are, or where a reactor is behind.
    pub(super) fn take_turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = self.upgrades.clone().try_acquire_owned().ok()?;
        (!self.reactors.iter().any(|reactor| reactor.is_behind())).then_some(turn)
    }

    /// Gives a socket to the next reactor.
    pub(super) fn enter(&self, arrival: Arrival) {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.reactors.len().max(1);
        if let Some(reactor) = self.reactors.get(next) {
            reactor.order(Order::Enter(Box::new(arrival)));
        }
    }

    pub(super) fn send(&self, line: At, word: Word) {
        if let Some(reactor) = self.reactors.get(usize::from(line.reactor)) {
            reactor.order(Order::To(line, word));
        }
    }

    pub(super) fn say(&self, line: At, frame: Frame) {
        self.send(line, Word::Say(frame));
    }

    /// From now on this line hears what concerns this buyer. The oldest goes when there are too many of them.
    pub(super) fn sit_down(&self, line: At, buyer: UserId, resume_after_ms: i64) {
        if let Some(oldest) = self.seats.sit_down(line, buyer) {
            self.send(oldest, Word::End(End::Replaced { resume_after_ms }));
        }
    }

    pub(super) fn stand_up(&self, line: At, buyer: UserId) {
        self.seats.stand_up(line, buyer);
    }

    /// Whether this line still speaks for this buyer.
    pub(super) fn sits(&self, line: At, buyer: UserId) -> bool {
        self.seats.of(buyer).get(&buyer).is_some_and(|seat| seat.lines.contains(&line))
    }

    pub(crate) fn is_here(&self, buyer: UserId) -> bool {
        self.seats.of(buyer).contains_key(&buyer)
    }

    /// Everybody with a seat.
    pub(super) fn buyers(&self) -> Vec<UserId> {
        self.seats.buyers()
    }

    /// To everybody who watches the sale.
    pub(crate) fn tell_watching(&self, sale: SaleId, frame: &Frame) {
        self.reactors.iter().for_each(|reactor| reactor.news(sale, frame));
    }

    /// A claim to all lines of its buyer: several tabs hear the same.
    pub(super) fn tell_buyer(&self, row: &ClaimView, frame: &Frame) {
        let mut seats = self.seats.of(row.buyer_id);
        let Some(seat) = seats.get_mut(&row.buyer_id) else { return };
        if seat.learn(row) {
            seat.lines.iter().for_each(|line| self.send(*line, Word::Claim(row.buyer_id, frame.clone())));
        }
    }

    /// A claim that one line is told by itself; remembered as told. `false`: the line is not its buyer's any more.
    pub(super) fn tell_one(&self, line: At, row: &ClaimView, frame: Frame) -> bool {
        let mut seats = self.seats.of(row.buyer_id);
        let Some(seat) = seats.get_mut(&row.buyer_id).filter(|seat| seat.lines.contains(&line)) else { return false };
        seat.learn(row);
        self.send(line, Word::Claim(row.buyer_id, frame));
        true
    }

    /// The claim as this buyer was last told it, if they are here.
    pub(super) fn last_told(&self, buyer: UserId, is: impl Fn(&ClaimView) -> bool) -> Option<ClaimView> {
        self.seats.last_told(buyer, is)
    }

    /// Sends home as many lines as this, spread over the reactors.
    pub(super) fn send_home(&self, lines: usize) {
        let each = lines.div_ceil(self.reactors.len().max(1));
        self.reactors.iter().for_each(|reactor| reactor.order(Order::Home(each)));
    }

    /// Everybody goes home now; then the reactors end.
    pub(super) fn close(&self) {
        for reactor in &self.reactors {
            reactor.order(Order::Home(usize::MAX));
            reactor.order(Order::Close);
        }
    }
}

/// Whoever set a bound must hear that it does not hold.
fn sockets_max(config: &PushConfig, files_max: Option<u64>) -> usize {
    let within = config.sockets_within(files_max);
    if within < config.sockets_max {
        tracing::warn!(
            files_max,
            within,
            sockets_max = config.sockets_max,
            "fewer files may be open than sockets be held"
        );
    }
    within
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::{frame, inbox::Taken};
    use mio::Poll;
    use sale::{
        claim::ClaimState,
        ids::{ClaimId, SaleItemId},
    };
    use uuid::Uuid;

    fn hub() -> (Hub, Arc<Inbox>, Poll) {
        let poll = Poll::new().unwrap();
        let inbox = Arc::new(Inbox::new(&poll).unwrap());
        let config = PushConfig { sockets_per_buyer: 2, ..PushConfig::default() };
        (Hub::new(&config, vec![inbox.clone()], None), inbox, poll)
    }

    fn line(slot: u32) -> At {
        At { reactor: 0, slot, generation: 1 }
    }

    fn taken(inbox: &Inbox) -> Taken {
        let mut taken = Taken::default();
        inbox.take(&mut taken);
        taken
    }

    fn row(buyer: UserId) -> ClaimView {
        let id = Uuid::from_u128;
        ClaimView {
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
        }
    }

    #[test]
    fn a_line_that_changed_hands_hears_nothing_more_of_the_one_before() {
        let (hub, inbox, _poll) = hub();
        let (ann, bob) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let tell = |buyer| hub.tell_one(line(0), &row(buyer), frame::claim(&row(buyer), None));
        hub.sit_down(line(0), ann, 0);
        assert!(tell(ann));
        hub.stand_up(line(0), ann);
        hub.sit_down(line(0), bob, 0);
        assert!(!tell(ann), "read for Ann, and come too late");
        assert_eq!((hub.sits(line(0), ann), hub.sits(line(0), bob)), (false, true));
        assert!(tell(bob));
        let orders = taken(&inbox).orders;
        let whose = orders.iter().map(|order| match order {
            Order::To(_, Word::Claim(buyer, _)) => *buyer,
            _ => panic!("only claims were told"),
        });
        assert_eq!(whose.collect::<Vec<_>>(), [ann, bob], "a line compares this with who sits there when it comes");
    }

    #[test]
    fn the_oldest_of_too_many_lines_is_replaced() {
        let (hub, inbox, _poll) = hub();
        let buyer = UserId(Uuid::from_u128(1));
        (0..3).for_each(|slot| hub.sit_down(line(slot), buyer, 5));
        assert!(matches!(
            taken(&inbox).orders[..],
            [Order::To(At { slot: 0, .. }, Word::End(End::Replaced { resume_after_ms: 5 }))]
        ));
        assert_eq!([0, 1, 2].map(|slot| hub.sits(line(slot), buyer)), [false, true, true]);
        hub.stand_up(line(1), buyer);
        hub.stand_up(line(2), buyer);
        assert!(!hub.is_here(buyer));
    }

    #[test]
    fn of_news_that_wait_only_the_newest_is_kept() {
        use sale::told::NoticeCode;
        let (hub, inbox, _poll) = hub();
        let sale = |n| SaleId(Uuid::from_u128(n));
        for until in 0..1000 {
            hub.tell_watching(sale(1), &frame::notice(sale(1), NoticeCode::Extended, Some(until)));
            hub.tell_watching(sale(2), &frame::notice(sale(2), NoticeCode::Extended, Some(until)));
        }
        let news = taken(&inbox).news;
        assert_eq!(news.iter().map(|(sale, _)| *sale).collect::<Vec<_>>(), [sale(1), sale(2)]);
        assert!(news.iter().all(|(_, frame)| frame.text().contains("999")));
    }

    #[test]
    fn no_more_upgrades_are_begun_than_may_be_under_way() {
        let poll = Poll::new().unwrap();
        let inbox = Arc::new(Inbox::new(&poll).unwrap());
        let hub = Hub::new(&PushConfig { upgrades_max: 2, ..PushConfig::default() }, vec![inbox.clone()], None);
        let (first, second) = (hub.take_turn(), hub.take_turn());
        assert!(first.is_some() && second.is_some() && hub.take_turn().is_none());
        drop(first);
        assert!(hub.take_turn().is_some());
        // A reactor that is far behind would only fall further behind.
        (0..30_000).for_each(|_| hub.say(line(0), Frame::raw([0][..].into())));
        drop(second);
        assert!(hub.take_turn().is_none());
        taken(&inbox);
        assert!(hub.take_turn().is_some());
    }

    #[test]
    fn a_line_whose_orders_are_lost_is_ended_and_others_are_not() {
        let (hub, inbox, _poll) = hub();
        (0..100_010).for_each(|n| hub.say(line(n / 100_000), Frame::raw([0][..].into())));
        hub.send(line(2), Word::End(End::Policy));
        hub.send(line(2), Word::Done);
        let taken = taken(&inbox);
        assert_eq!((taken.orders.len(), taken.lost), (100_002, vec![line(1)]), "no end is ever lost");
    }

    #[test]
    fn no_more_sockets_are_let_in_than_the_system_has_files_for() {
        let config = PushConfig { sockets_max: 1000, ..PushConfig::default() };
        assert_eq!(
            [None, Some(500), Some(100_000), Some(10)].map(|max| sockets_max(&config, max)),
            [1000, 244, 1000, 0]
        );
    }
}
