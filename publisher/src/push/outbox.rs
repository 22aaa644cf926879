//! The outbox: what waits for one socket. Of each object only the newest state; a bound on all of it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::frame::{Frame, Said, Topic};

/// Why the server ends a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It asked too often for what nobody understands.
    Policy,
    TooBig,
    /// Text that is no UTF-8.
    NoText,
    /// Bytes that are no WebSocket frames.
    Protocol,
    Restart {
        resume_after_ms: i64,
    },
    BadToken,
    SlowReader {
        resume_after_ms: i64,
    },
    TooMany,
    /// A newer socket of the same buyer took its place.
    Replaced {
        resume_after_ms: i64,
    },
}

impl End {
    /// The close code and its reason.
    pub(crate) fn close(self) -> (u16, &'static str) {
        match self {
            Self::Protocol => (1002, "protocol error"),
            Self::NoText => (1007, "not UTF-8"),
            Self::Policy => (1008, "policy"),
            Self::TooBig => (1009, "too big"),
            Self::Restart { .. } => (1012, "restart"),
            Self::BadToken => (4401, "bad token"),
            Self::SlowReader { .. } => (4408, "slow reader"),
            Self::TooMany | Self::Replaced { .. } => (4429, "too many"),
        }
    }

    /// What is said before closing.
    pub(crate) fn bye(self) -> Option<Said> {
        let (code, resume_after_ms) = match self {
            Self::Restart { resume_after_ms } => ("restart", resume_after_ms),
            Self::SlowReader { resume_after_ms } => ("slow_reader", resume_after_ms),
            Self::Replaced { resume_after_ms } => ("replaced", resume_after_ms),
            Self::Policy | Self::TooBig | Self::NoText | Self::Protocol | Self::BadToken | Self::TooMany => {
                return None;
            }
        };
        Some(Said::Bye { code, resume_after_ms })
    }
}

/// What a socket does next.
#[derive(Debug)]
pub(crate) enum Next {
    Say(Frame),
    Leave(End),
}

pub(crate) struct Outbox {
    state: Mutex<State>,
    wake: Notify,
    frames_max: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Frame>,
    end: Option<End>,
}

impl Outbox {
    pub(crate) fn new(frames_max: usize) -> Self {
        Self { state: Mutex::default(), wake: Notify::new(), frames_max }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays a frame in. A newer state takes the place of an older one of the same object, an older one is dropped.
    ///
    /// At the bound the socket ends as a slow reader. Once it ends, only answers to what it asked before are still laid in.
    pub(crate) fn put(&self, frame: Frame) {
        let mut state = self.state();
        let state = &mut *state;
        if state.end.is_some() && frame.topic != Topic::Answer {
            return;
        }
        let full = state.waiting.len() >= self.frames_max;
        match state.waiting.iter_mut().find(|known| known.topic.same_object(&frame.topic)) {
            Some(known) if frame.topic.is_older_than(&known.topic) => return,
            Some(known) => {
                metrics::counter!("publisher_frames_replaced_total").increment(1);
                *known = frame;
            }
            None if full => {
                metrics::counter!("publisher_frames_dropped_total").increment(state.waiting.len() as u64 + 1);
                state.waiting.clear();
                state.end.get_or_insert(End::SlowReader { resume_after_ms: 0 });
            }
            None => state.waiting.push_back(frame),
        }
        self.wake.notify_one();
    }

    /// Takes back every claim that still waits: somebody else speaks through this socket now.
    pub(crate) fn forget_claims(&self) {
        self.state().waiting.retain(|frame| !matches!(frame.topic, Topic::Claim(..)));
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.state().waiting.is_empty()
    }

    /// Ends the socket once what waits is written. The first reason stays.
    pub(crate) fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        self.wake.notify_one();
    }

    /// Waits for what is to be done next. Safe to drop while waiting.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.try_next() {
                return next;
            }
            self.wake.notified().await;
        }
    }

    fn try_next(&self) -> Option<Next> {
        let mut state = self.state();
        let frame = state.waiting.pop_front();
        frame.map(Next::Say).or_else(|| state.end.map(Next::Leave))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::ids::{SaleId, SaleItemId};
    use uuid::Uuid;

    fn frame(topic: Topic, text: &str) -> Frame {
        Frame { topic, text: text.into() }
    }

    fn sale(id: u128, version: i64, text: &str) -> Frame {
        frame(Topic::Sale(SaleId(Uuid::from_u128(id)), version, 0), text)
    }

    fn all(outbox: &Outbox) -> Vec<String> {
        std::iter::from_fn(|| match outbox.try_next()? {
            Next::Say(frame) => Some(frame.text.as_str().to_owned()),
            Next::Leave(_) => None,
        })
        .collect()
    }

    #[test]
    fn a_slow_reader_gets_only_the_newest_state_of_each_object() {
        let outbox = Outbox::new(10);
        for frame in [sale(1, 8, "old"), sale(2, 8, "other"), sale(1, 10, "new"), sale(1, 9, "late")] {
            outbox.put(frame);
        }
        assert_eq!(all(&outbox), ["new", "other"]);
    }

    #[test]
    fn a_moved_place_of_the_same_version_replaces_the_place_before() {
        let outbox = Outbox::new(10);
        let topic = Topic::Claim(SaleItemId(Uuid::from_u128(1)), 1, 3);
        outbox.put(frame(topic, "place 7"));
        outbox.put(frame(topic, "place 6"));
        assert_eq!(all(&outbox), ["place 6"]);
    }

    #[test]
    fn every_answer_counts_and_the_bound_ends_the_socket() {
        let outbox = Outbox::new(3);
        for text in ["a", "b", "c"] {
            outbox.put(frame(Topic::Answer, text));
        }
        assert_eq!(all(&outbox), ["a", "b", "c"]);
        for _ in 0..1000 {
            outbox.put(frame(Topic::Answer, "flood"));
        }
        assert!(matches!(outbox.try_next(), Some(Next::Leave(End::SlowReader { .. }))));
        assert!(outbox.state().waiting.is_empty());
    }

    #[test]
    fn what_waits_is_said_before_the_end_and_the_first_reason_stays() {
        let outbox = Outbox::new(3);
        outbox.put(sale(1, 1, "last words"));
        outbox.end(End::Restart { resume_after_ms: 5 });
        outbox.end(End::BadToken);
        outbox.put(sale(1, 2, "too late"));
        assert_eq!(all(&outbox), ["last words"]);
        assert!(matches!(outbox.try_next(), Some(Next::Leave(End::Restart { resume_after_ms: 5 }))));
    }
}
