//! The backlog: how long a claim that came now would wait for its decision, as far as this door can tell.
//!
//! Every claim that is put here takes the next place in its partition's line, and news of its decision says that whoever stood
//! before it is decided too: lost news is made good by the next. How many wait, over how many are decided a second, is how
//! long the next one waits (Little). So the door turns away before a queue is long, not when its head has become old.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sale::{ids::SaleItemId, port::queue::partition_of};
use tokio::time::Instant;

/// How fast a line goes is measured anew this often.
const SAMPLE: Duration = Duration::from_millis(50);
/// A line that heard of no decision for this long knows nothing: whoever decides may have gone, and the queue keeps what comes.
const TRUST: Duration = Duration::from_secs(1);
/// A line of so few is never long: batches come and go by as many.
const FEW: u64 = 256;

/// A place in a partition's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

pub(crate) struct Backlog {
    lines: Vec<Mutex<Line>>,
    wait_max: Duration,
}

struct Line {
    /// The place of whoever comes next.
    next: u64,
    /// The first place that is not decided, as far as was heard.
    head: u64,
    heard_at: Instant,
    /// When, and how far it had come then; measured from news to news, so that how late they are does not count.
    sampled: Option<(Instant, u64)>,
    /// `None` until it was measured.
    decided_per_s: Option<f64>,
}

impl Backlog {
    pub(crate) fn new(partitions: u32, wait_max: Duration) -> Self {
        let lines = (0..partitions.max(1)).map(|_| Mutex::new(Line::new(Instant::now())));
        Self { lines: lines.collect(), wait_max }
    }

    fn line(&self, item: SaleItemId) -> MutexGuard<'_, Line> {
        let partitions = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        let line = &self.lines[partition_of(item, partitions) as usize];
        line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A claim for this item is put.
    pub(super) fn join(&self, item: SaleItemId) -> Place {
        self.line(item).join()
    }

    /// The claim that took this place is decided.
    pub(super) fn decided(&self, item: SaleItemId, place: Place) {
        self.line(item).decided(place, Instant::now());
    }

    /// Whether a claim for this item would wait too long.
    pub(super) fn is_long(&self, item: SaleItemId) -> bool {
        self.line(item).wait(Instant::now()).is_some_and(|wait| wait > self.wait_max)
    }
}

impl Line {
    fn new(now: Instant) -> Self {
        Self { next: 0, head: 0, heard_at: now, sampled: None, decided_per_s: None }
    }

    fn join(&mut self) -> Place {
        if self.next == self.head {
            // While nobody waited nobody was decided either: that says nothing of how fast it goes.
            (self.sampled, self.decided_per_s) = (None, None);
        }
        self.next += 1;
        Place(self.next - 1)
    }

    fn decided(&mut self, place: Place, now: Instant) {
        self.heard_at = now;
        self.head = self.head.max(place.0 + 1);
        let (since, head) = *self.sampled.get_or_insert((now, self.head));
        let took = now - since;
        if took >= SAMPLE {
            self.decided_per_s = Some((self.head - head) as f64 / took.as_secs_f64());
            self.sampled = Some((now, self.head));
        }
    }

    /// How long whoever comes next would wait; `None` where nobody knows, or few wait.
    fn wait(&self, now: Instant) -> Option<Duration> {
        let waiting = self.next - self.head;
        if waiting <= FEW || now - self.heard_at > TRUST {
            return None;
        }
        // A line that stood still for a whole sample may stand for ever, as far as a number can say.
        self.decided_per_s.map(|per_s| Duration::try_from_secs_f64(waiting as f64 / per_s).unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WAIT_MAX: Duration = Duration::from_millis(500);

    /// A door at which `per_ms` claims come and which decides `decides_per_ms` of those that were let in: the longest wait of
    /// all that were let in, and how many were turned away.
    fn rush(come_per_ms: u64, decides_per_ms: u64, ms: u64, news_late_ms: u64) -> (Duration, u64) {
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut line = Line::new(begin);
        let mut queue = std::collections::VecDeque::new();
        let mut news = std::collections::VecDeque::new();
        let (mut longest, mut shed) = (0, 0);
        for now in 0..ms {
            for _ in 0..come_per_ms {
                if line.wait(at(now)).is_some_and(|wait| wait > WAIT_MAX) {
                    shed += 1;
                } else {
                    queue.push_back((line.join(), now));
                }
            }
            for _ in 0..decides_per_ms {
                let Some((place, came)) = queue.pop_front() else { break };
                longest = longest.max(now - came);
                news.push_back((now + news_late_ms, place));
            }
            while news.front().is_some_and(|(due, _)| *due <= now) {
                let Some((_, place)) = news.pop_front() else { break };
                line.decided(place, at(now));
            }
        }
        (Duration::from_millis(longest), shed)
    }

    #[test]
    fn who_decides_as_fast_as_claims_come_sheds_nobody() {
        assert_eq!(rush(5, 5, 5_000, 20).1, 0);
        assert_eq!(rush(4, 5, 5_000, 20).1, 0);
    }

    #[test]
    fn lost_news_is_made_good_by_the_next() {
        let now = Instant::now();
        let mut line = Line::new(now);
        let places: Vec<Place> = (0..1000).map(|_| line.join()).collect();
        line.decided(places[0], now);
        line.decided(places[9], now + SAMPLE);
        assert!(line.wait(now + SAMPLE).is_some());
        line.decided(places[999], now + SAMPLE * 2);
        assert_eq!(line.wait(now + SAMPLE * 2), None, "nobody waits any more");
        line.decided(places[500], now + SAMPLE * 3);
        assert_eq!((line.head, line.next), (1000, 1000), "older news takes nobody back into the line");
    }

    #[test]
    fn a_line_that_hears_nothing_opens() {
        let now = Instant::now();
        let mut line = Line::new(now);
        let places: Vec<Place> = (0..10_000).map(|_| line.join()).collect();
        assert_eq!(line.wait(now), None, "nobody was decided yet, so nobody knows how fast it goes");
        line.decided(places[9], now);
        assert_eq!(line.wait(now), None, "and one word of it says nothing");
        line.decided(places[19], now + SAMPLE);
        assert_eq!(line.wait(now + SAMPLE).map(|wait| wait.as_secs()), Some(49), "9,980 by 200 a second");
        assert_eq!(line.wait(now + SAMPLE + TRUST + Duration::from_millis(1)), None);
    }

    proptest! {
        /// However many come, whoever is let in waits for about as long as was promised.
        #[test]
        fn nobody_who_is_let_in_waits_much_longer(come in 1_u64..60, decides in 1_u64..12, late in 0_u64..60) {
            let (longest, shed) = rush(come, decides, 2_000, late);
            // News that is late is longer in the dark at first: so many came before anything was measured.
            let dark = (late + 50 + 1) * come / decides;
            prop_assert!(longest.as_millis() as u64 <= 500 + dark + late + FEW / decides, "{longest:?}, {shed} shed");
            prop_assert!(come > decides || shed == 0, "{shed} shed without need");
        }
    }
}
