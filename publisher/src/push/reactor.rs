//! The reactor: one thread, one poll, and the lines it holds. It waits for nothing but the poll.
//!
//! `hear.rs` reads what clients send, `session.rs` knows what it means, `tell.rs` writes. Whatever needs a journal, a queue or a
//! limiter goes to a task (`ask.rs`) and comes back through the inbox, by the line's address.

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, event::Event, net::TcpStream};
use sale::bucket::Rate;
use slab::Slab;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    Push,
    ask::Ask,
    end::End,
    frame::{Frame, Said},
    inbox::{Arrival, At, BELL, Inbox, Order, Taken, Word},
    line::{Line, Unread},
    sweep::Sweep,
    tell::Fan,
    watchers::Watchers,
};

/// One look at the poll brings at most so many sockets.
const EVENTS_MAX: usize = 1024;
/// What is read at once, for all lines of a reactor; what cannot be heard yet is copied out of it.
const READ_BYTES: usize = 8 * 1024;
/// Without news a reactor looks at its clock this often at the latest.
const TICK_MAX: Duration = Duration::from_millis(250);
const TICK_MIN: Duration = Duration::from_millis(5);

/// Where frames that need more than memory go.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) asks: mpsc::Sender<Ask>,
    /// One permit for each frame in work; as many as `asks` has room for.
    pub(super) room: Arc<Semaphore>,
}

/// Frames since the last tick: reactors that counted every one of them together would wait for each other's memory.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) sent: u64,
    pub(super) received: u64,
}

pub(super) struct Reactor {
    pub(super) push: Arc<Push>,
    pub(super) desk: Desk,
    me: u16,
    poll: Poll,
    inbox: Arc<Inbox>,
    taken: Taken,
    pub(super) lines: Slab<Line>,
    /// No line has a slot beyond it.
    slots: usize,
    generation: u32,
    pub(super) watchers: Watchers,
    pub(super) buffer: Box<[u8]>,
    /// Lines of which more may be read, when the others had their turn.
    pub(super) again: Vec<usize>,
    pub(super) fans: VecDeque<Fan>,
    pub(super) fan_slots: Vec<u32>,
    pub(super) timed: Vec<At>,
    pub(super) rate: Rate,
    pub(super) ping: Frame,
    pub(super) begun: Instant,
    pub(super) counts: Counts,
    sweep: Sweep,
    tick: Duration,
    next_tick: Instant,
    /// Slots below it were sent home.
    home: usize,
    closing: bool,
    hard: CancellationToken,
}

impl Reactor {
    pub(super) fn new(push: Arc<Push>, desk: Desk, me: u16, poll: Poll, inbox: Arc<Inbox>) -> Self {
        let (config, now) = (&push.config, Instant::now());
        let (heartbeat, write_wait) = (config.heartbeat.get(), config.write_wait.get());
        let tick = (heartbeat.min(write_wait) / 4).clamp(TICK_MIN, TICK_MAX);
        Self {
            rate: Rate { burst: config.frames_burst, per_period: config.frames_per_s, period_ms: 1000 },
            hard: push.life.hard(),
            push,
            desk,
            me,
            poll,
            taken: Taken::default(),
            lines: Slab::new(),
            slots: 0,
            generation: 0,
            watchers: Watchers::new(inbox.clone()),
            inbox,
            buffer: vec![0; READ_BYTES].into(),
            again: vec![],
            fans: VecDeque::new(),
            fan_slots: vec![],
            timed: vec![],
            ping: Frame::raw(super::cut::encode_ping()),
            begun: now,
            counts: Counts::default(),
            sweep: Sweep::new(heartbeat, now),
            tick,
            next_tick: now + tick,
            home: 0,
            closing: false,
        }
    }

    /// Runs on a thread of its own until the last line has gone home, or the hard stop. A role of the lifecycle.
    pub(super) fn start(self) -> io::Result<()> {
        let (tell, ended) = oneshot::channel::<()>();
        let life = self.push.life.clone();
        thread::Builder::new().name(format!("push-{}", self.me)).spawn(move || {
            self.run();
            let _ = tell.send(());
        })?;
        life.spawn("sockets", async move {
            assert!(ended.await.is_ok(), "a reactor panicked, and its lines are gone");
        });
        Ok(())
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.is_over() {
            let wait = self.wait();
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "a reactor cannot poll");
                thread::sleep(self.tick);
            }
            events.iter().filter(|event| event.token() != BELL).for_each(|event| self.ready(event));
            for slot in std::mem::take(&mut self.again) {
                self.listen(slot, true);
            }
            self.take_orders();
            self.fan_out();
            self.tick_if_due();
        }
    }

    fn is_over(&self) -> bool {
        self.hard.is_cancelled() || (self.closing && self.lines.is_empty() && self.inbox.close_if_empty())
    }

    fn wait(&self) -> Duration {
        if !self.fans.is_empty() || !self.again.is_empty() {
            return Duration::ZERO;
        }
        self.next_tick.saturating_duration_since(Instant::now())
    }

    fn ready(&mut self, event: &Event) {
        let slot = event.token().0;
        if event.is_writable() {
            self.flush(slot);
        }
        let ends = event.is_read_closed() || event.is_error();
        if event.is_readable() || ends {
            self.listen(slot, ends);
        }
    }

    fn take_orders(&mut self) {
        let mut taken = std::mem::take(&mut self.taken);
        self.inbox.take(&mut taken);
        taken.orders.drain(..).for_each(|order| self.obey(order));
        taken.news.drain(..).for_each(|(sale, frame)| self.begin_fan(sale, frame));
        for at in taken.lost.drain(..) {
            self.obey(Order::To(at, Word::End(End::SlowReader { resume_after_ms: self.push.resume_after_ms() })));
        }
        self.taken = taken;
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Enter(arrival) => self.enter(*arrival),
            Order::To(at, word) => {
                let slot = at.slot as usize;
                // Whoever had this slot before has gone, and hears nothing more.
                if self.lines.get(slot).is_some_and(|line| line.generation == at.generation) {
                    self.take_word(slot, word);
                }
            }
            Order::Home(lines) => self.send_home(lines),
            Order::Close => self.closing = true,
        }
    }

    fn enter(&mut self, arrival: Arrival) {
        let Arrival { taken, place, turn } = arrival;
        drop(turn);
        let mut stream = TcpStream::from_std(taken.stream);
        let entry = self.lines.vacant_entry();
        let slot = entry.key();
        // Edges of both kinds from the beginning: a line that blocks and goes on again costs no call more.
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut stream, Token(slot), interest) {
            tracing::warn!(%error, "a socket cannot be polled");
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        entry.insert(Line::new(stream, self.generation, place, taken.place));
        self.slots = self.slots.max(slot + 1);
        let resume_after_ms = self.push.resume_after_ms();
        let heartbeat_s = self.push.config.heartbeat.get().as_secs().max(1);
        let hello = Said::Hello { server_time: self.push.schedule.now(), heartbeat_s, resume_after_ms };
        let hello = hello.answer();
        // One write for both, where our answer to the request is still to be said.
        let first =
            if taken.unsent.is_empty() { hello } else { Frame::raw([&taken.unsent, &hello.bytes[..]].concat().into()) };
        self.say(slot, &first);
        if self.push.life.is_stopping() {
            self.leave(slot, End::Restart { resume_after_ms });
        }
        if !taken.read.is_empty() {
            self.keep_unread(slot, Unread { bytes: taken.read.to_vec(), begun: None });
            self.resume(slot);
        }
    }

    /// The address of a line.
    pub(super) fn at(&self, slot: usize) -> Option<At> {
        let generation = self.lines.get(slot)?.generation;
        Some(At { reactor: self.me, slot: slot as u32, generation })
    }

    /// The line is gone, and leaves nothing behind.
    pub(super) fn remove(&mut self, slot: usize) {
        self.step_back(slot);
        let Some(line) = self.lines.try_remove(slot) else { return };
        let code = line.leaving.map_or(0, |leaving| leaving.end.close().0);
        metrics::counter!("publisher_sockets_closed_total", "code" => code.to_string()).increment(1);
    }

    /// From now on the line hears of nothing any more.
    pub(super) fn step_back(&mut self, slot: usize) {
        self.watchers.unwatch_all(&mut self.lines, slot);
        let proved = self.lines.get_mut(slot).and_then(|line| line.buyer.take());
        if let (Some(proved), Some(at)) = (proved, self.at(slot)) {
            self.push.hub.stand_up(at, proved.user_id);
        }
    }

    fn send_home(&mut self, lines: usize) {
        let mut sent = 0;
        while sent < lines && self.home < self.slots {
            let slot = self.home;
            self.home += 1;
            if self.lines.contains(slot) {
                sent += 1;
                self.leave(slot, End::Restart { resume_after_ms: self.push.resume_after_ms() });
            }
        }
    }

    fn tick_if_due(&mut self) {
        let now = Instant::now();
        if now < self.next_tick {
            return;
        }
        self.next_tick = now + self.tick;
        let wall = self.push.wall();
        for slot in self.sweep.due(now, self.slots) {
            self.beat(slot, wall);
        }
        self.look_at_timed(now);
        self.counts.tell();
    }
}

impl Counts {
    fn tell(&mut self) {
        let Self { sent, received } = std::mem::take(self);
        metrics::counter!("publisher_frames_sent_total").increment(sent);
        metrics::counter!("publisher_frames_received_total").increment(received);
    }
}

impl Drop for Reactor {
    /// Also where it panicked: nobody must wait for who is gone.
    fn drop(&mut self) {
        self.counts.tell();
        self.inbox.close();
    }
}
