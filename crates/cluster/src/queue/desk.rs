//! A partition's desk: what the broker laid on it, what was handed out, and over which channel all of it came.

use std::collections::{BTreeSet, VecDeque};

use futures_util::FutureExt;
use lapin::{Channel, Consumer, options::BasicAckOptions};
use sale::port::queue::{Delivery, Message, QueueError};

/// A tag is an era's number above, and the channel's own count of deliveries below.
const ERA_SHIFT: u32 = 40;
const COUNT: u64 = (1 << ERA_SHIFT) - 1;

/// The desk of one partition. An era is the life of one channel: a tag of an older one acks nothing.
#[derive(Default)]
pub(super) struct Desk {
    era: u64,
    open: Option<Open>,
}

/// What belongs to one channel, and goes back with it.
pub(super) struct Open {
    pub(super) channel: Channel,
    pub(super) consumer: Consumer,
    /// Nothing more comes over it.
    over: bool,
    /// Laid down and not yet handed out.
    read: VecDeque<(u64, Message)>,
    unreadable: VecDeque<Unreadable>,
    /// Handed out and not yet acked.
    in_hand: BTreeSet<u64>,
}

/// What nobody can read, and why.
#[derive(Clone)]
pub(super) struct Unreadable {
    pub(super) count: u64,
    pub(super) body: Vec<u8>,
    pub(super) why: String,
}

/// A message as it came.
pub(super) type Arrived = Result<(u64, Message), Unreadable>;

impl Desk {
    pub(super) fn begin(&mut self, channel: Channel, consumer: Consumer) {
        self.era += 1;
        let (over, read, unreadable, in_hand) = <_>::default();
        self.open = Some(Open { channel, consumer, over, read, unreadable, in_hand });
    }

    /// The present era and its consumer, while its channel stands and anything lies here or may come.
    // What lies here from a channel that is gone is not handed out: another node may have it already.
    pub(super) fn reading(&self) -> Option<(u64, Consumer)> {
        let open = self.open.as_ref().filter(|open| open.stands() && !open.is_spent())?;
        Some((self.era, open.consumer.clone()))
    }

    /// Ends the era, whichever it is.
    pub(super) fn end(&mut self) -> Option<Open> {
        self.open.take()
    }

    fn open_in(&mut self, era: u64) -> Option<&mut Open> {
        self.open.as_mut().filter(|_| self.era == era)
    }

    pub(super) fn lay_down(&mut self, era: u64, arrived: impl Iterator<Item = Arrived>) {
        let Some(open) = self.open_in(era) else { return };
        for one in arrived {
            match one {
                Ok(read) => open.read.push_back(read),
                Err(unreadable) => open.unreadable.push_back(unreadable),
            }
        }
    }

    /// Nothing more comes in this era. `true` where its channel stands: then the broker removed the consumer, with its queue.
    // What lies here of a removed queue is still handed out: it lies nowhere else.
    pub(super) fn mark_over(&mut self, era: u64) -> bool {
        let Some(open) = self.open_in(era) else { return false };
        open.over = true;
        open.stands()
    }

    /// Up to `max` of what lies there; from now on in hand.
    pub(super) fn hand_out(&mut self, era: u64, max: usize) -> Vec<Delivery> {
        let Some(open) = self.open_in(era) else { return vec![] };
        let handed: Vec<_> = open.read.drain(..max.min(open.read.len())).collect();
        open.in_hand.extend(handed.iter().map(|(count, _)| count));
        handed.into_iter().map(|(count, message)| Delivery { tag: tag(era, count), message }).collect()
    }

    pub(super) fn unreadable(&self) -> Option<Unreadable> {
        self.open.as_ref()?.unreadable.front().cloned()
    }

    /// What could not be read lies elsewhere now, safely.
    pub(super) fn put_aside(&mut self, era: u64, count: u64) -> Result<(), QueueError> {
        let Some(open) = self.open_in(era) else { return Ok(()) };
        open.unreadable.retain(|one| one.count != count);
        send(&open.channel, count, false)
    }

    /// Acks what is in hand of these.
    ///
    /// Repeat: a tag that was acked before is passed over. Errors: `Unavailable` where a tag's channel is gone: it comes again.
    pub(super) fn ack(&mut self, tags: &[u64]) -> Result<(), QueueError> {
        let era = self.era & (u64::MAX >> ERA_SHIFT);
        let stale = tags.iter().any(|tag| tag >> ERA_SHIFT != era || self.open.is_none());
        if let Some(open) = &mut self.open {
            let counts = tags.iter().filter(|tag| *tag >> ERA_SHIFT == era).map(|tag| tag & COUNT);
            open.ack(counts.collect())?;
        }
        if stale { Err(QueueError::Unavailable) } else { Ok(()) }
    }

    /// Messages that the broker counts as taken by us.
    pub(super) fn len(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.read.len() + open.unreadable.len() + open.in_hand.len()) as u64
    }
}

impl Open {
    fn stands(&self) -> bool {
        self.channel.status().connected()
    }

    fn is_spent(&self) -> bool {
        self.over && self.read.is_empty() && self.unreadable.is_empty()
    }

    fn ack(&mut self, mut counts: BTreeSet<u64>) -> Result<(), QueueError> {
        counts.retain(|count| self.in_hand.remove(count));
        // One ack for all up to the first that stays in hand: nothing older is unacked on this channel, because messages
        // are handed out in order and an unreadable one is acked before anything younger is.
        let first_left = self.in_hand.first().copied().unwrap_or(u64::MAX);
        let later = counts.split_off(&first_left);
        if let Some(last) = counts.last() {
            send(&self.channel, *last, true)?;
        }
        later.into_iter().try_for_each(|count| send(&self.channel, count, false))
    }
}

fn tag(era: u64, count: u64) -> u64 {
    era << ERA_SHIFT | count
}

/// Puts an ack on its way. The broker never answers one: whether it arrived shows in what comes again.
fn send(channel: &Channel, count: u64, multiple: bool) -> Result<(), QueueError> {
    match channel.basic_ack(count, BasicAckOptions { multiple }).now_or_never() {
        Some(Err(_)) => Err(QueueError::Unavailable),
        Some(Ok(())) | None => Ok(()),
    }
}
