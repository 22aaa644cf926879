//! The driver: one thread and one poll that send claims when they are due, on any number of lines, and hear what comes back.
//!
//! It shares its processors with the server it measures, so it is as cheap as it can be: no task, no timer and no buffer
//! belong to a line. A poll wakes at whole milliseconds; what a claim is late by that counts as its latency.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kit::clock::SystemClock;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use sale::port::clock::Clock;

use super::{
    hear,
    lines::Line,
    script::{Over, Script},
    tally::Tally,
    timetable::Timetable,
};

/// The outcome that is a receipt.
pub const ACCEPTED: &str = "accepted";
/// The outcome that is none: whoever is told so may come back.
pub(super) const TURNED_AWAY: &str = "unavailable";
/// Somebody else of the crowd is at the door after so long.
const COMES_BACK_AFTER: Duration = Duration::from_millis(100);
const READ_BYTES: usize = 64 * 1024;
const EVENTS_MAX: usize = 1024;
/// The driver looks at its clock this often, whatever happens.
const TICK: Duration = Duration::from_millis(5);

/// A claim that was sent on a socket and is not decided.
pub(super) struct Asked {
    pub item: usize,
    pub due: Instant,
    pub receipt: Option<Instant>,
}

/// One line at work.
pub(super) struct Driven {
    pub stream: TcpStream,
    pub carry: Vec<u8>,
    /// By HTTP: whose claim, and for what. On a socket the buyer is the line's own.
    pub buyer: usize,
    /// Claims of this line so far.
    pub made: usize,
    /// The claim that waits for its answer.
    pub waiting: Option<Asked>,
    /// Claims with a receipt and without a result.
    pub undecided: Vec<Asked>,
    pub broken: bool,
}

/// What the driver shares with whoever watches it.
#[derive(Default)]
pub struct Watch {
    pub answered: AtomicU64,
    /// Nobody waits for it any more.
    pub abandoned: AtomicBool,
}

/// What is driven, and for how long.
pub struct Drive {
    pub script: Script,
    pub timetable: Timetable,
    /// A line is free again when its claim is decided, not when it has its receipt.
    pub until_decided: bool,
    /// Who is turned away for the moment asks again: so there is a crowd at the door all the time, and only who was let in, or
    /// refused for good, is counted as answered.
    pub comes_back: bool,
    /// After the last claim the lines are heard for as long as something is missing, but no longer than this.
    pub linger: Duration,
    /// They are heard for all of that time in any case: more is told than answers.
    pub to_the_end: bool,
}

pub(super) struct Driver {
    pub drive: Drive,
    pub lines: Vec<Driven>,
    pub free: VecDeque<usize>,
    /// Lines that were turned away, and when they ask again.
    back: VecDeque<(Instant, usize)>,
    pub tally: Tally,
    pub begun: Instant,
    poll: Poll,
    watch: Arc<Watch>,
    buffer: Vec<u8>,
    out: Vec<u8>,
}

impl Drive {
    /// Runs to its end; blocks the thread. Returns what was driven with it. Errors: the system has no poll for us.
    pub fn run(self, lines: Vec<Line>, watch: &Arc<Watch>) -> io::Result<(Tally, Script)> {
        let poll = Poll::new()?;
        let mut driven = Vec::with_capacity(lines.len());
        for (n, Line { stream, carry }) in lines.into_iter().enumerate() {
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(n), Interest::READABLE)?;
            let (buyer, made, waiting, undecided) = (n, 0, None, vec![]);
            driven.push(Driven { stream, carry, buyer, made, waiting, undecided, broken: false });
        }
        let free = (0..driven.len()).collect();
        let (tally, begun, watch) = (Tally::default(), Instant::now(), watch.clone());
        let (buffer, out) = (vec![0; READ_BYTES], vec![]);
        let back = VecDeque::new();
        let mut driver = Driver { drive: self, lines: driven, free, back, tally, begun, poll, watch, buffer, out };
        // What came while the lines were opened.
        (0..driver.lines.len()).for_each(|n| driver.hear(n));
        driver.begun = Instant::now();
        driver.go_round()?;
        Ok((driver.tally, driver.drive.script))
    }
}

impl Driver {
    fn go_round(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut all_sent: Option<Instant> = None;
        while !self.watch.abandoned.load(Ordering::Relaxed) {
            self.send_again();
            let next = self.send_due();
            if next.is_none() {
                let since = all_sent.get_or_insert_with(Instant::now).elapsed();
                if since >= self.drive.linger || (self.is_done() && !self.drive.to_the_end) {
                    break;
                }
            }
            let wait = next.map_or(TICK, |due| due.saturating_duration_since(Instant::now())).min(TICK);
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                self.read(event.token().0);
            }
            self.watch.answered.store(self.tally.answered, Ordering::Relaxed);
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.lines.iter().all(|line| line.broken || (line.waiting.is_none() && line.undecided.is_empty()))
    }

    /// Sends what is due on lines that are free. Returns when to look again; `None` where everything was sent.
    fn send_due(&mut self) -> Option<Instant> {
        loop {
            let now = Instant::now();
            let since = self.drive.timetable.due(self.tally.sent, now - self.begun)?;
            let due = self.begun + since;
            if due > now {
                return Some(due);
            }
            let Some(n) = self.free.pop_front() else {
                return Some(now + TICK);
            };
            self.send(n, due, now);
        }
    }

    fn send(&mut self, n: usize, due: Instant, now: Instant) {
        let Some(line) = self.lines.get_mut(n) else { return };
        let (buyer, item) = match self.drive.script.over {
            Over::Http => self.drive.script.nth(self.tally.sent),
            // This buyer has claimed everything: the line is left out from now on.
            Over::Socket if line.made >= self.drive.script.items.len() && !self.drive.script.again => return,
            Over::Socket => (n, line.made % self.drive.script.items.len().max(1)),
        };
        (line.buyer, line.made) = (buyer, line.made + 1);
        line.waiting = Some(Asked { item, due, receipt: None });
        self.tally.sent += 1;
        self.tally.sent_late += u64::from(self.drive.timetable.is_open_loop() && now - due > TICK);
        self.write(n);
    }

    /// Who was turned away asks again when it is time.
    fn send_again(&mut self) {
        let now = Instant::now();
        while let Some((_, n)) = self.back.pop_front_if(|(due, _)| *due <= now) {
            self.write(n);
        }
    }

    /// Writes the claim that waits on this line.
    fn write(&mut self, n: usize) {
        let Some(line) = self.lines.get_mut(n).filter(|line| !line.broken) else { return };
        let Some(asked) = &line.waiting else { return };
        self.out.clear();
        self.drive.script.claim(line.buyer, asked.item, &mut self.out);
        // A line with nothing under way takes a request whole, or is not there.
        if line.stream.write(&self.out).ok() != Some(self.out.len()) {
            self.lose(n, "a claim could not be sent");
        }
    }

    fn read(&mut self, n: usize) {
        loop {
            let Some(line) = self.lines.get_mut(n).filter(|line| !line.broken) else { return };
            match line.stream.read(&mut self.buffer) {
                Ok(0) => return self.lose(n, "a line was closed"),
                Ok(bytes) => {
                    line.carry.extend_from_slice(self.buffer.get(..bytes).unwrap_or_default());
                    let more = bytes == self.buffer.len();
                    self.hear(n);
                    if !more {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.lose(n, "a line broke"),
            }
        }
    }

    fn hear(&mut self, n: usize) {
        // Taken out and put back, so that what is heard can change everything else.
        let Some(line) = self.lines.get_mut(n) else { return };
        let carry = std::mem::take(&mut line.carry);
        let heard = match self.drive.script.over {
            Over::Http => hear::answers(self, n, &carry),
            Over::Socket => hear::frames(self, n, &carry),
        };
        let Some(line) = self.lines.get_mut(n) else { return };
        line.carry = carry;
        match heard {
            Ok(taken) => _ = line.carry.drain(..taken),
            Err(why) => self.lose(n, why),
        }
    }

    /// The claim that waits on this line was refused, or turned away for the moment. Returns whether the line is free.
    pub(super) fn refused(&mut self, n: usize, code: &str) -> bool {
        if self.drive.comes_back && code == TURNED_AWAY {
            self.tally.count(code);
            self.back.push_back((Instant::now() + COMES_BACK_AFTER, n));
            return false;
        }
        self.answered(n, code).is_some()
    }

    /// The claim that waits on this line was answered.
    pub(super) fn answered(&mut self, n: usize, outcome: &str) -> Option<Asked> {
        let now = Instant::now();
        let asked = self.lines.get_mut(n)?.waiting.take()?;
        self.tally.answered += 1;
        self.tally.answers.note(now - asked.due);
        self.tally.answering = now - self.begun;
        self.tally.answered_at.note(now - self.begun);
        self.tally.count(outcome);
        Some(Asked { receipt: Some(now), ..asked })
    }

    /// The first decided state of a claim with a receipt.
    pub(super) fn decided(&mut self, asked: &Asked) {
        let now = Instant::now();
        self.tally.decided += 1;
        self.tally.results.note(now - asked.due);
        if let Some(receipt) = asked.receipt {
            self.tally.decisions.note(now - receipt);
        }
        self.tally.deciding = now - self.begun;
        self.tally.decided_at.note(now - self.begun);
    }

    pub(super) fn now() -> sale::time::UnixMs {
        SystemClock.now()
    }

    fn lose(&mut self, n: usize, why: &str) {
        let Some(line) = self.lines.get_mut(n).filter(|line| !line.broken) else { return };
        line.broken = true;
        self.tally.count("lost");
        self.tally.complain(format!("{why} (line {n})"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rush::script::mint;
    use kit::{clock::OsChance, tokens::Keys};
    use sale::{ids::SaleItemId, time::UnixMs};
    use std::{
        io::{BufRead, BufReader},
        net::TcpListener,
    };
    use uuid::Uuid;

    /// Answers each request with the next of these.
    fn door(listener: TcpListener, answers: Vec<String>) -> Vec<String> {
        let (stream, _) = listener.accept().unwrap();
        let (mut reader, mut writer) = (BufReader::new(stream.try_clone().unwrap()), stream);
        let mut asked = vec![];
        for answer in answers {
            let (mut line, mut whose) = (String::new(), String::new());
            while line != "\r\n" {
                line.clear();
                reader.read_line(&mut line).unwrap();
                if line.starts_with("authorization") {
                    whose.clone_from(&line);
                }
            }
            reader.read_exact(&mut [0; r#"{"attempt":1}"#.len()]).unwrap();
            asked.push(whose);
            writer.write_all(answer.as_bytes()).unwrap();
        }
        asked
    }

    fn answer(head: &str, body: &str) -> String {
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    fn run(comes_back: bool, answers: Vec<String>) -> (Tally, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        let door = std::thread::spawn(move || door(listener, answers));
        let script = Script {
            over: Over::Http,
            host: "shop".into(),
            items: vec![SaleItemId(Uuid::from_u128(1))],
            buyers: mint(&Keys::random(&OsChance), 2, UnixMs(0)),
            again: false,
            answer: None,
            side_by_side: false,
        };
        let timetable = Timetable::new(0.0, Duration::from_secs(20), script.most());
        let linger = Duration::from_secs(20);
        let drive = Drive { script, timetable, until_decided: false, comes_back, linger, to_the_end: false };
        let (tally, _) = drive.run(vec![Line { stream, carry: vec![] }], &Arc::default()).unwrap();
        (tally, door.join().unwrap())
    }

    #[test]
    fn who_is_turned_away_asks_again_until_they_are_let_in() {
        let busy = answer("503 Busy", r#"{"code":"unavailable"}"#);
        let receipt = answer("202 Accepted", r#"{"claim_id":"00000000-0000-0000-0000-000000000001"}"#);
        let (tally, asked) = run(true, vec![busy.clone(), busy.clone(), receipt.clone(), receipt.clone()]);
        assert_eq!((tally.sent, tally.answered, tally.accepted(), tally.outcomes[TURNED_AWAY]), (2, 2, 2, 2));
        assert!(asked[0] == asked[1] && asked[1] == asked[2] && asked[2] != asked[3], "the same buyer comes back");

        let (tally, _) = run(false, vec![busy, receipt]);
        assert_eq!((tally.sent, tally.answered, tally.accepted(), tally.outcomes[TURNED_AWAY]), (2, 2, 1, 1));
    }
}
