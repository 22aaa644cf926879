//! The ear: which channels are heard, what number comes next on each, and the ring that passes on what is heard.

use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::{PushInfo, PushKind, Value};
use sale::{port::bus::Heard, told::Told};
use tokio::sync::{
    Notify,
    broadcast::{self, Receiver, Sender},
    watch,
};

use crate::redis::script::word;

/// A frame whose number is at most so far below the last one is the last one's repeat: two nodes of a shard may both send it.
const REPEATS_MAX: i64 = 1024;

/// What one process hears.
///
/// A channel is deaf until its subscription is confirmed. Every way from deaf to hearing ends in a [`Heard::Gap`], and so
/// does every hole in a channel's numbers: what was told in between is for the journal to tell.
pub(super) struct Ear {
    ring: Sender<Heard>,
    lines: Mutex<Lines>,
    hears_all: watch::Sender<bool>,
    /// Some channel fell deaf.
    fell_deaf: Notify,
}

struct Lines {
    lines: Vec<Line>,
    /// Some channel hears again, and listeners were not told yet.
    regained: bool,
}

struct Line {
    channel: String,
    hears: bool,
    /// The last number heard since it hears.
    last: Option<i64>,
}

impl Ear {
    pub(super) fn new(channels: Vec<String>, ring: usize) -> Self {
        let lines = channels.into_iter().map(|channel| Line { channel, hears: false, last: None }).collect();
        Self {
            ring: broadcast::channel(ring.max(1)).0,
            lines: Mutex::new(Lines { lines, regained: false }),
            hears_all: watch::Sender::new(false),
            fell_deaf: Notify::new(),
        }
    }

    pub(super) fn ring(&self) -> Receiver<Heard> {
        self.ring.subscribe()
    }

    /// Until every channel is heard.
    pub(super) async fn hears_all(&self) {
        // An error is impossible while this holds the sender.
        let _ = self.hears_all.subscribe().wait_for(|all| *all).await;
    }

    /// Until some channel falls deaf.
    pub(super) async fn fell_deaf(&self) {
        self.fell_deaf.notified().await;
    }

    pub(super) fn channels(&self) -> Vec<String> {
        self.lines().lines.iter().map(|line| line.channel.clone()).collect()
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.lines().lines.iter().any(|line| !line.hears)
    }

    /// Whatever Redis says on the subscriber's connections, in the order in which each of them says it.
    pub(super) fn push(&self, push: &PushInfo) {
        let channel = push.data.first().and_then(word);
        match (&push.kind, channel) {
            (PushKind::SMessage, Some(channel)) => self.frame(channel, push.data.get(1)),
            (PushKind::SSubscribe, Some(channel)) => self.confirmed(channel),
            (PushKind::SUnsubscribe, Some(channel)) => self.deaf(|line| line.channel == channel),
            // Of whichever node: its channels are not known here, and hearing of a gap too much costs a look at the journal.
            (PushKind::Disconnection, _) => self.deaf_everywhere(),
            _ => {}
        }
    }

    /// These channels may miss something from now on.
    fn deaf(&self, which: impl Fn(&Line) -> bool) {
        let mut lines = self.lines();
        for line in lines.lines.iter_mut().filter(|line| which(line)) {
            (line.hears, line.last) = (false, None);
        }
        self.hears_all.send_replace(lines.lines.iter().all(|line| line.hears));
        drop(lines);
        self.fell_deaf.notify_one();
    }

    pub(super) fn deaf_everywhere(&self) {
        self.deaf(|_| true);
    }

    pub(super) fn deaf_channel(&self, channel: &str) {
        self.deaf(|line| line.channel == channel);
    }

    fn confirmed(&self, channel: &str) {
        let mut lines = self.lines();
        let Some(line) = lines.lines.iter_mut().find(|line| line.channel == channel && !line.hears) else { return };
        (line.hears, line.last) = (true, None);
        lines.regained = true;
        if lines.lines.iter().all(|line| line.hears) {
            self.tell_regained(&mut lines);
            self.hears_all.send_replace(true);
        }
    }

    /// Tells of channels that hear again while others stay deaf.
    pub(super) fn settle(&self) {
        self.tell_regained(&mut self.lines());
    }

    fn tell_regained(&self, lines: &mut Lines) {
        if std::mem::take(&mut lines.regained) {
            self.pass_on(Heard::Gap);
        }
    }

    fn frame(&self, channel: &str, payload: Option<&Value>) {
        let mut lines = self.lines();
        let Some(line) = lines.lines.iter_mut().find(|line| line.channel == channel) else { return };
        let read = payload.and_then(word).and_then(|text| text.split_once(' '));
        let Some((number, frame)) = read.and_then(|(number, frame)| Some((number.parse::<i64>().ok()?, frame))) else {
            return self.pass_on(Heard::Gap);
        };
        match line.last {
            Some(last) if (last - REPEATS_MAX..=last).contains(&number) => return,
            Some(last) if number != last + 1 => self.pass_on(Heard::Gap),
            _ => {}
        }
        line.last = Some(number);
        match serde_json::from_str::<Vec<Told>>(frame) {
            Ok(told) => told.into_iter().for_each(|told| self.pass_on(Heard::Told(told))),
            // A newer process tells something this one has no word for: the journal knows what it was.
            Err(_) => self.pass_on(Heard::Gap),
        }
    }

    fn pass_on(&self, heard: Heard) {
        if heard == Heard::Gap {
            metrics::counter!("bus_gaps_total").increment(1);
        }
        // An error means that nobody listens.
        let _ = self.ring.send(heard);
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
