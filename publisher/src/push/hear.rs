//! Hearing: bytes of a line become frames, one after the other, and no more than it may send.

use std::time::Instant;

use super::{
    cut::{Begun, Heard, cut, encode_close, encode_pong},
    end::End,
    frame::Frame,
    line::{Came, Unread},
    reactor::Reactor,
};

/// So many readings of one line before the others have their turn.
const READS_MAX: usize = 4;

/// How a conversation ends.
pub(super) enum Over {
    Ours(End),
    /// They said goodbye.
    Theirs,
}

impl From<End> for Over {
    fn from(end: End) -> Self {
        Self::Ours(end)
    }
}

impl Reactor {
    /// Reads what has come; `to_the_end` where more than one event may be waiting, as bytes and the end behind them.
    pub(super) fn listen(&mut self, slot: usize, to_the_end: bool) {
        for _ in 0..READS_MAX {
            let Some(line) = self.lines.get_mut(slot) else { return };
            let is_leaving = line.leaving.as_ref().is_some_and(|leaving| leaving.until.is_some());
            if line.is_busy() && !is_leaving {
                line.knocks = true;
                return;
            }
            match line.read(&mut self.buffer) {
                Came::Bytes(bytes) => {
                    // After our last words everything is only read away.
                    if !is_leaving {
                        line.missed = 0;
                        self.hear(slot, bytes);
                    }
                    // A reading that was not filled has emptied the socket: the next byte brings an event of its own.
                    if !to_the_end && bytes < self.buffer.len() {
                        return;
                    }
                }
                Came::Nothing => return,
                Came::Over => return self.remove(slot),
            }
        }
        self.again.push(slot);
    }

    /// The line is not busy any more: what has come meanwhile is heard.
    pub(super) fn resume(&mut self, slot: usize) {
        if self.lines.get(slot).is_some_and(|line| !line.is_busy() && line.unread.is_some()) {
            self.hear(slot, 0);
        }
        if let Some(line) = self.lines.get_mut(slot)
            && !line.is_busy()
            && std::mem::take(&mut line.knocks)
        {
            self.listen(slot, true);
        }
    }

    /// Hears what waits of this line and the first so many bytes of the buffer; keeps what is not whole.
    fn hear(&mut self, slot: usize, bytes: usize) {
        let Some(line) = self.lines.get_mut(slot) else { return };
        let mut unread = line.unread.take().map(|unread| *unread).unwrap_or_default();
        let mut buffer = std::mem::take(&mut self.buffer);
        let came = buffer.get_mut(..bytes).unwrap_or_default();
        let heard = if unread.bytes.is_empty() {
            let (used, heard) = self.hear_all(slot, came, &mut unread.begun);
            unread.bytes.extend_from_slice(came.get(used..).unwrap_or_default());
            heard
        } else {
            unread.bytes.extend_from_slice(came);
            let (used, heard) = self.hear_all(slot, &mut unread.bytes, &mut unread.begun);
            unread.bytes.drain(..used);
            heard
        };
        self.buffer = buffer;
        match heard {
            Ok(()) => self.keep_unread(slot, unread),
            Err(Over::Ours(end)) => self.leave(slot, end),
            Err(Over::Theirs) => self.remove(slot),
        }
    }

    /// Cuts frames off until the line is busy or no whole one is left. Returns how many bytes they were, too.
    fn hear_all(&mut self, slot: usize, bytes: &mut [u8], begun: &mut Option<Begun>) -> (usize, Result<(), Over>) {
        let mut used = 0;
        while self.lines.get(slot).is_some_and(|line| !line.is_busy())
            && let Some(rest) = bytes.get_mut(used..)
        {
            match cut(rest, begun) {
                Ok(None) => break,
                Err(wrong) => return (used, Err(Over::Ours(wrong.into()))),
                Ok(Some((heard, length))) => {
                    used += length;
                    if let Err(over) = self.hear_one(slot, heard) {
                        return (used, Err(over));
                    }
                }
            }
        }
        (used, Ok(()))
    }

    /// Nothing is kept for a line of which nothing is missing, or that ends.
    pub(super) fn keep_unread(&mut self, slot: usize, unread: Unread) {
        if let Some(line) = self.lines.get_mut(slot)
            && line.leaving.is_none()
            && (!unread.bytes.is_empty() || unread.begun.is_some())
        {
            line.unread = Some(Box::new(unread));
        }
    }

    fn hear_one(&mut self, slot: usize, heard: Heard<'_>) -> Result<(), Over> {
        self.counts.received += 1;
        let now_ms = self.now_ms();
        let Some(line) = self.lines.get_mut(slot) else { return Ok(()) };
        if !line.may_send(self.rate, now_ms) {
            return Err(End::TooMany.into());
        }
        match heard {
            Heard::Text(text) => self.understand(slot, &text)?,
            Heard::Binary => self.strike(slot, "binary", "frames are JSON text".into()),
            Heard::Ping(payload) => self.say(slot, &Frame::raw(encode_pong(payload))),
            Heard::Piece | Heard::Pong => {}
            Heard::Close(code) => {
                self.say(slot, &Frame::raw(encode_close(code, "")));
                return Err(Over::Theirs);
            }
        }
        Ok(())
    }

    /// Since this reactor began.
    fn now_ms(&self) -> i64 {
        let passed = Instant::now().saturating_duration_since(self.begun);
        i64::try_from(passed.as_millis()).unwrap_or(i64::MAX / 2000)
    }
}
