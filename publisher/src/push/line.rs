//! The line: one socket, as small as it can be while nothing happens on it.
//!
//! Whatever only some lines need stands behind a pointer and exists only while it is needed: what is read and not heard
//! yet, what waits to be written, who somebody is, why it ends.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Shutdown},
    time::Instant,
};

use mio::net::TcpStream;
use sale::{
    bucket::{self, Rate},
    ids::UserId,
    time::UnixMs,
};

use super::{
    cut::Begun,
    end::End,
    frame::{Frame, Topic},
    outbox::{Laid, Outbox},
    places::Place,
    watchers::Watching,
};

pub(super) struct Line {
    pub(super) stream: TcpStream,
    pub(super) generation: u32,
    place: Place,
    _connection: kit::http::Place,
    /// When the bucket of its frames is full again, since the reactor began.
    full_at_us: i64,
    pub(super) watching: Watching,
    pub(super) buyer: Option<Box<Proved>>,
    pub(super) unread: Option<Box<Unread>>,
    outbox: Option<Box<Outbox>>,
    pub(super) leaving: Option<Box<Leaving>>,
    /// Pings since the last sign of life.
    pub(super) missed: u8,
    /// Frames that nobody understood.
    pub(super) strikes: u8,
    /// A frame of it is in work elsewhere.
    pub(super) in_work: bool,
    /// There may be bytes that nobody has read.
    pub(super) knocks: bool,
    /// It is on the list of those whose time may run out.
    pub(super) timed: bool,
}

/// Who speaks through a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proved {
    pub(super) user_id: UserId,
    /// Until when, the grace included.
    pub(super) until: UnixMs,
}

/// What came and could not be heard yet: half a frame, or frames behind one that is in work.
#[derive(Default)]
pub(super) struct Unread {
    pub(super) bytes: Vec<u8>,
    pub(super) begun: Option<Begun>,
}

/// A line that ends.
pub(super) struct Leaving {
    pub(super) end: End,
    /// Last words were said; beyond this instant nobody waits for the other side to hang up.
    pub(super) until: Option<Instant>,
}

/// What a reading brought.
pub(super) enum Came {
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// The other side went, or the line broke.
    Over,
}

/// Why nothing more can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// The line is broken.
    Broken,
    /// Too much waits already.
    Full,
}

impl Line {
    pub(super) fn new(stream: TcpStream, generation: u32, place: Place, connection: kit::http::Place) -> Self {
        Self {
            stream,
            generation,
            place,
            _connection: connection,
            full_at_us: 0,
            watching: Watching::default(),
            buyer: None,
            unread: None,
            outbox: None,
            leaving: None,
            missed: 0,
            strikes: 0,
            in_work: false,
            knocks: false,
            timed: false,
        }
    }

    pub(super) fn address(&self) -> IpAddr {
        self.place.address
    }

    /// Whether nothing of it is heard for now: it waits for an answer, takes none, or ends. Whoever asks faster than we
    /// answer waits in their own buffers.
    pub(super) fn is_busy(&self) -> bool {
        self.in_work || self.outbox.is_some() || self.leaving.is_some()
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.outbox.is_some()
    }

    /// Since when it takes nothing, if so.
    pub(super) fn blocked_since(&self) -> Option<Instant> {
        self.outbox.as_ref().map(|outbox| outbox.since())
    }

    pub(super) fn speaks_for(&self, buyer: UserId) -> bool {
        self.buyer.as_ref().is_some_and(|proved| proved.user_id == buyer)
    }

    /// Whether one frame more may come at `now_ms`.
    pub(super) fn may_send(&mut self, rate: Rate, now_ms: i64) -> bool {
        let (full_at_us, answer) = bucket::take(self.full_at_us, rate, now_ms);
        self.full_at_us = full_at_us;
        answer.allowed
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Came {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Came::Over,
                Ok(bytes) => return Came::Bytes(bytes),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Came::Nothing,
                    ErrorKind::Interrupted => {}
                    _ => return Came::Over,
                },
            }
        }
    }

    /// Writes a frame, or lays it in where its reader takes nothing at the moment. Once the line ends, only answers to what
    /// was asked before are still taken.
    pub(super) fn say(&mut self, frame: &Frame, frames_max: usize) -> Result<Laid, Unsaid> {
        if let Some(leaving) = &self.leaving
            && (leaving.until.is_some() || frame.topic != Topic::Answer)
        {
            return Ok(Laid::Older);
        }
        if let Some(outbox) = &mut self.outbox {
            return match outbox.put(frame.clone(), frames_max) {
                Laid::Full => Err(Unsaid::Full),
                laid => Ok(laid),
            };
        }
        self.write(frame).map(|()| Laid::In).map_err(|_| Unsaid::Broken)
    }

    fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let written = write_some(&mut self.stream, &frame.bytes)?;
        if written < frame.bytes.len() {
            self.outbox = Some(Box::new(Outbox::of(frame.clone(), written, Instant::now())));
        }
        Ok(())
    }

    /// Writes what waits, as far as it is taken. Returns how many frames that were.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        let mut said = 0;
        let Some(outbox) = &mut self.outbox else { return Ok(said) };
        while let Some(bytes) = outbox.next() {
            let written = write_some(&mut self.stream, bytes)?;
            if !outbox.wrote(written, Instant::now()) {
                return Ok(said);
            }
            said += 1;
        }
        self.outbox = None;
        Ok(said)
    }

    /// Says the last words, behind what waits; a slow reader is not told what waited.
    pub(super) fn say_last(&mut self, end: End) -> io::Result<()> {
        let words = Frame::raw(end.last_words());
        match &mut self.outbox {
            Some(outbox) => {
                if matches!(end, End::SlowReader { .. }) {
                    outbox.clear();
                }
                outbox.push(words);
                Ok(())
            }
            None => self.write(&words),
        }
    }

    /// All is said: the other side reads to the end and hangs up. To hang up ourselves would be a reset where they still
    /// talk, and take our last words with it.
    pub(super) fn close_our_half(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Somebody else speaks through this line now.
    pub(super) fn forget_claims(&mut self) {
        if let Some(outbox) = &mut self.outbox {
            outbox.forget_claims();
        }
    }
}

/// Writes as much as is taken without waiting.
fn write_some(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(some) => written += some,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_line_is_small() {
        // Unoptimised, mio remembers which poll a stream belongs to.
        let most = if cfg!(debug_assertions) { 136 } else { 128 };
        assert!(size_of::<Line>() <= most, "{} bytes", size_of::<Line>());
    }
}
