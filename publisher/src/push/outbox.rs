//! The outbox: what waits for a reader who takes nothing at the moment. Of each object only the newest state; a bound on
//! all of it. A socket that takes what it is told has none.

use std::{collections::VecDeque, time::Instant};

use super::frame::{Frame, Topic};

/// What became of a frame that was laid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Laid {
    In,
    /// A newer state took the place of an older one.
    Replaced,
    /// Something newer of the same object waits already.
    Older,
    /// No room: everything that waited was dropped, and its reader is too slow.
    Full,
}

#[derive(Debug)]
pub(super) struct Outbox {
    waiting: VecDeque<Frame>,
    /// Bytes of the first frame that are on their way; what is begun stays as it is.
    written: usize,
    /// Since when the first frame waits.
    since: Instant,
}

impl Outbox {
    /// A frame of which `written` bytes could be written, and no more.
    pub(super) fn of(frame: Frame, written: usize, now: Instant) -> Self {
        Self { waiting: VecDeque::from([frame]), written, since: now }
    }

    /// Lays a frame in. At most `frames_max` wait.
    pub(super) fn put(&mut self, frame: Frame, frames_max: usize) -> Laid {
        let (begun, full) = (usize::from(self.written > 0), self.waiting.len() >= frames_max);
        match self.waiting.iter_mut().skip(begun).find(|known| known.topic.same_object(&frame.topic)) {
            Some(known) if frame.topic.is_older_than(&known.topic) => Laid::Older,
            Some(known) => {
                *known = frame;
                Laid::Replaced
            }
            None if full => {
                self.clear();
                Laid::Full
            }
            None => {
                self.waiting.push_back(frame);
                Laid::In
            }
        }
    }

    /// Lays last words in, whatever waits.
    pub(super) fn push(&mut self, frame: Frame) {
        self.waiting.push_back(frame);
    }

    /// Drops what waits, but for a frame that is begun: half a frame would spoil what comes after it.
    pub(super) fn clear(&mut self) {
        self.waiting.truncate(usize::from(self.written > 0));
    }

    /// Takes back every claim that still waits: somebody else speaks through this socket now.
    pub(super) fn forget_claims(&mut self) {
        let begun = self.written > 0;
        let mut first = true;
        self.waiting.retain(|frame| {
            let is_begun = std::mem::take(&mut first) && begun;
            is_begun || !matches!(frame.topic, Topic::Claim(..))
        });
    }

    /// What is to be written next; `None`: nothing waits any more.
    pub(super) fn next(&self) -> Option<&[u8]> {
        self.waiting.front().map(|frame| &frame.bytes[self.written..])
    }

    /// So many bytes of it are written. Returns whether that was the rest of a frame.
    pub(super) fn wrote(&mut self, bytes: usize, now: Instant) -> bool {
        self.written += bytes;
        let whole = self.waiting.front().is_some_and(|frame| self.written >= frame.bytes.len());
        if whole {
            self.waiting.pop_front();
            (self.written, self.since) = (0, now);
        }
        whole
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::ids::{SaleId, SaleItemId};
    use uuid::Uuid;

    fn frame(topic: Topic, text: &str) -> Frame {
        Frame { topic, bytes: text.as_bytes().into() }
    }

    fn sale(id: u128, version: i64, text: &str) -> Frame {
        frame(Topic::Sale(SaleId(Uuid::from_u128(id)), version, 0), text)
    }

    fn outbox(first: Frame, written: usize) -> Outbox {
        Outbox::of(first, written, Instant::now())
    }

    fn all(mut outbox: Outbox) -> Vec<String> {
        std::iter::from_fn(|| {
            let text = String::from_utf8(outbox.next()?.to_vec()).unwrap();
            assert!(outbox.wrote(text.len(), Instant::now()));
            Some(text)
        })
        .collect()
    }

    #[test]
    fn a_slow_reader_gets_only_the_newest_state_of_each_object() {
        let mut outbox = outbox(sale(1, 8, "old"), 0);
        let laid = [sale(2, 8, "other"), sale(1, 10, "new"), sale(1, 9, "late")].map(|frame| outbox.put(frame, 10));
        assert_eq!(laid, [Laid::In, Laid::Replaced, Laid::Older]);
        assert_eq!(all(outbox), ["new", "other"]);
    }

    #[test]
    fn what_is_half_written_is_written_to_its_end() {
        let mut outbox = outbox(sale(1, 8, "half"), 2);
        assert_eq!(outbox.put(sale(1, 9, "new"), 10), Laid::In);
        outbox.clear();
        outbox.push(sale(1, 10, "last words"));
        assert_eq!(all(outbox), ["lf", "last words"]);
    }

    #[test]
    fn a_moved_place_of_the_same_version_replaces_the_place_before() {
        let topic = Topic::Claim(SaleItemId(Uuid::from_u128(1)), 1, 3);
        let mut outbox = outbox(frame(topic, "place 7"), 0);
        outbox.put(frame(topic, "place 6"), 10);
        assert_eq!(all(outbox), ["place 6"]);
    }

    #[test]
    fn every_answer_counts_and_at_the_bound_all_of_it_goes() {
        let mut outbox = outbox(frame(Topic::Answer, "a"), 0);
        assert_eq!(["b", "c"].map(|text| outbox.put(frame(Topic::Answer, text), 3)), [Laid::In; 2]);
        assert_eq!(outbox.put(frame(Topic::Answer, "flood"), 3), Laid::Full);
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn who_speaks_through_a_socket_anew_hears_no_claims_of_the_one_before() {
        let claim = |item| frame(Topic::Claim(SaleItemId(Uuid::from_u128(item)), 1, 3), "claim");
        let mut outbox = outbox(claim(1), 0);
        outbox.put(sale(1, 1, "sale"), 10);
        outbox.put(claim(2), 10);
        outbox.forget_claims();
        assert_eq!(all(outbox), ["sale"]);
    }
}
