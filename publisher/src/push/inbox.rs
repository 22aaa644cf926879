//! The inbox: what others want of a reactor, and the bell that wakes it.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kit::http::TakenBack;
use mio::{Poll, Token, Waker};
use sale::ids::{SaleId, UserId};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    ask::{Found, Seated},
    end::End,
    frame::Frame,
    places::Place,
};

/// Orders waiting for one reactor. Beyond it a line that something was to be said to ends as if it read too slowly: whoever
/// comes back is told the present state.
const ORDERS_MAX: usize = 100_000;
/// A reactor further behind than this takes nobody more in.
const BEHIND: usize = ORDERS_MAX / 4;
/// The waker's own; no line has it.
pub(super) const BELL: Token = Token(usize::MAX);

/// Where a line is. The generation tells it from whoever had the slot before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct At {
    pub(super) reactor: u16,
    pub(super) slot: u32,
    pub(super) generation: u32,
}

/// A socket after its upgrade, on its way to a reactor.
pub(super) struct Arrival {
    pub(super) taken: TakenBack,
    pub(super) place: Place,
    /// One of the upgrades that may be under way at once.
    pub(super) turn: OwnedSemaphorePermit,
}

/// What one line should do.
pub(super) enum Word {
    Say(Frame),
    /// Only while the line is this buyer's: what was read for the one before must not reach who sits there now.
    Claim(UserId, Frame),
    /// Who they are is proved.
    Seated(Seated),
    /// A sale was looked up.
    Found(Found),
    /// The frame in work is done.
    Done,
    End(End),
}

pub(super) enum Order {
    Enter(Box<Arrival>),
    To(At, Word),
    /// So many more lines go home.
    Home(usize),
    /// The last one has been sent home.
    Close,
}

pub(super) struct Inbox {
    state: Mutex<State>,
    bell: Waker,
    /// How many lines of this reactor watch each sale.
    watching: Mutex<HashMap<SaleId, u64>>,
}

#[derive(Default)]
struct State {
    taken: Taken,
    /// Rung, and not heard yet.
    rung: bool,
    /// The reactor is gone.
    closed: bool,
}

/// Everything that waited.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) orders: Vec<Order>,
    /// For everybody who watches; of each object the newest.
    pub(super) news: Vec<(SaleId, Frame)>,
    /// Lines that an order was lost for.
    pub(super) lost: Vec<At>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inbox {
    pub(super) fn new(poll: &Poll) -> io::Result<Self> {
        let bell = Waker::new(poll.registry(), BELL)?;
        Ok(Self { state: Mutex::default(), bell, watching: Mutex::default() })
    }

    /// Lays something in and rings. Where the reactor is gone nobody is there to be told anything.
    fn lay(&self, put: impl FnOnce(&mut Taken)) {
        let mut state = lock(&self.state);
        if state.closed {
            return;
        }
        put(&mut state.taken);
        let rung = std::mem::replace(&mut state.rung, true);
        drop(state);
        if !rung && let Err(error) = self.bell.wake() {
            // Its own tick wakes it soon.
            tracing::warn!(%error, "a reactor cannot be woken");
        }
    }

    pub(super) fn order(&self, order: Order) {
        self.lay(|taken| match order {
            // The end of a frame in work is never lost, or its line would wait for it for ever; there is one for each line.
            Order::To(line, Word::Say(_) | Word::Claim(..)) if taken.orders.len() >= ORDERS_MAX => {
                metrics::counter!("publisher_frames_dropped_total").increment(1);
                if taken.lost.last() != Some(&line) {
                    taken.lost.push(line);
                }
            }
            order => taken.orders.push(order),
        });
    }

    pub(super) fn news(&self, sale: SaleId, frame: &Frame) {
        self.lay(|taken| match taken.news.iter_mut().find(|(_, known)| known.topic.same_object(&frame.topic)) {
            Some((_, known)) if frame.topic.is_older_than(&known.topic) => {}
            Some((_, known)) => *known = frame.clone(),
            None => taken.news.push((sale, frame.clone())),
        });
    }

    pub(super) fn is_behind(&self) -> bool {
        lock(&self.state).taken.orders.len() > BEHIND
    }

    /// Everything that waits, in exchange for an empty one whose room is used again.
    pub(super) fn take(&self, empty: &mut Taken) {
        let mut state = lock(&self.state);
        state.rung = false;
        std::mem::swap(&mut state.taken, empty);
    }

    /// Nothing is taken any more, if nothing waits.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut state = lock(&self.state);
        state.closed = state.taken.orders.is_empty();
        state.closed
    }

    /// Nothing is taken any more; what waits goes with the reactor.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let left = std::mem::take(&mut state.taken);
        drop(state);
        drop(left);
    }

    pub(super) fn watching(&self) -> MutexGuard<'_, HashMap<SaleId, u64>> {
        lock(&self.watching)
    }
}
