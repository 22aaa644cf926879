//! Telling: frames are written to lines, one by one or to all who watch; and how a line is ended.

use std::time::{Duration, Instant};

use sale::{ids::SaleId, time::UnixMs};

use super::{
    end::End,
    frame::Frame,
    inbox::At,
    line::{Leaving, Unsaid},
    outbox::Laid,
    reactor::Reactor,
};

/// So many lines are told before whoever speaks is heard again.
const FAN_STEP: usize = 256;
/// Time for the last words: to write them, and for the other side to hang up first.
const FAREWELL: Duration = Duration::from_secs(1);
/// So many pings in a row without a sign of life end a line.
const MISSED_MAX: u8 = 2;

/// News on their way to everybody who watches a sale.
pub(super) struct Fan {
    sale: SaleId,
    frame: Frame,
    /// How many are not told yet, counted from the front of the list.
    left: usize,
}

impl Reactor {
    pub(super) fn say(&mut self, slot: usize, frame: &Frame) {
        let Some(line) = self.lines.get_mut(slot) else { return };
        match line.say(frame, self.push.config.outbox_max) {
            Ok(Laid::In) if line.is_blocked() => self.time(slot),
            Ok(Laid::In) => self.counts.sent += 1,
            Ok(Laid::Replaced) => metrics::counter!("publisher_frames_replaced_total").increment(1),
            Ok(Laid::Older | Laid::Full) => {}
            Err(Unsaid::Broken) => self.remove(slot),
            Err(Unsaid::Full) => {
                metrics::counter!("publisher_frames_dropped_total").increment(self.push.config.outbox_max as u64);
                self.leave(slot, End::SlowReader { resume_after_ms: self.push.resume_after_ms() });
            }
        }
    }

    /// The line takes bytes again: what waits is written, and then it is heard again.
    pub(super) fn flush(&mut self, slot: usize) {
        let Some(line) = self.lines.get_mut(slot) else { return };
        if !line.is_blocked() {
            return;
        }
        match line.flush() {
            Err(_) => self.remove(slot),
            Ok(said) => {
                self.counts.sent += said;
                if !line.is_blocked() {
                    match &line.leaving {
                        Some(leaving) if leaving.until.is_some() => line.close_our_half(),
                        _ => self.resume(slot),
                    }
                }
            }
        }
    }

    /// Begins to tell everybody who watches. Of one object only the newest is on its way.
    pub(super) fn begin_fan(&mut self, sale: SaleId, frame: Frame) {
        let known = self.fans.iter_mut().find(|fan| fan.frame.topic.same_object(&frame.topic));
        match known {
            Some(fan) if frame.topic.is_older_than(&fan.frame.topic) => {}
            Some(fan) => *fan = Fan { sale, frame, left: usize::MAX },
            None => self.fans.push_back(Fan { sale, frame, left: usize::MAX }),
        }
    }

    /// Tells some more lines. A claim that comes while the crowd is told waits for a part of it, not for all.
    pub(super) fn fan_out(&mut self) {
        let Some(mut fan) = self.fans.pop_front() else { return };
        let mut slots = std::mem::take(&mut self.fan_slots);
        self.watchers.some_of(fan.sale, &mut fan.left, FAN_STEP, &mut slots);
        for slot in slots.drain(..) {
            self.say(slot as usize, &fan.frame);
        }
        self.fan_slots = slots;
        if fan.left > 0 {
            self.fans.push_back(fan);
        }
    }

    /// Ends a line once what it asked before is answered and what waits is written. The first reason stays.
    pub(super) fn leave(&mut self, slot: usize, end: End) {
        let Some(line) = self.lines.get_mut(slot) else { return };
        if line.leaving.is_some() {
            return;
        }
        line.leaving = Some(Box::new(Leaving { end, until: None }));
        line.unread = None;
        if !line.in_work {
            self.farewell(slot);
        }
    }

    /// Says goodbye. From here on nobody tells the line anything.
    pub(super) fn farewell(&mut self, slot: usize) {
        self.step_back(slot);
        let Some(line) = self.lines.get_mut(slot) else { return };
        let Some(leaving) = line.leaving.as_mut().filter(|leaving| leaving.until.is_none()) else { return };
        leaving.until = Some(Instant::now() + FAREWELL);
        let end = leaving.end;
        if line.say_last(end).is_err() {
            return self.remove(slot);
        }
        if !line.is_blocked() {
            line.close_our_half();
        }
        self.time(slot);
        // What they said meanwhile is read away.
        self.listen(slot, true);
    }

    /// Somebody looks at this line's time from now on.
    fn time(&mut self, slot: usize) {
        let Some(at) = self.at(slot) else { return };
        if let Some(line) = self.lines.get_mut(slot)
            && !std::mem::replace(&mut line.timed, true)
        {
            self.timed.push(at);
        }
    }

    /// Ends those who take nothing for too long, and lets those go who were told to.
    pub(super) fn look_at_timed(&mut self, now: Instant) {
        let mut timed = std::mem::take(&mut self.timed);
        timed.retain(|at| self.is_in_time(*at, now));
        // Who was ended just now is looked at, too.
        timed.append(&mut self.timed);
        self.timed = timed;
    }

    /// Whether this line must be looked at again.
    fn is_in_time(&mut self, at: At, now: Instant) -> bool {
        let slot = at.slot as usize;
        let Some(line) = self.lines.get_mut(slot).filter(|line| line.generation == at.generation) else { return false };
        let until = line.leaving.as_ref().and_then(|leaving| leaving.until);
        if until.is_some_and(|until| now >= until) {
            self.remove(slot);
            return false;
        }
        let write_wait = self.push.config.write_wait.get();
        let is_slow = line.blocked_since().is_some_and(|since| now.saturating_duration_since(since) > write_wait);
        if is_slow && line.leaving.is_none() {
            self.leave(slot, End::SlowReader { resume_after_ms: self.push.resume_after_ms() });
            return true;
        }
        line.timed = line.is_blocked() || until.is_some();
        line.timed
    }

    /// Once a heartbeat: a token that is over ends its line, and so does silence.
    pub(super) fn beat(&mut self, slot: usize, wall: UnixMs) {
        let Some(line) = self.lines.get_mut(slot) else { return };
        if line.buyer.as_ref().is_some_and(|proved| wall >= proved.until) {
            return self.leave(slot, End::BadToken);
        }
        // Who waits for us, or takes nothing, cannot be heard; other bounds end that.
        if line.is_busy() {
            return;
        }
        line.missed = line.missed.saturating_add(1);
        if line.missed > MISSED_MAX {
            return self.remove(slot);
        }
        let ping = self.ping.clone();
        self.say(slot, &ping);
    }
}
