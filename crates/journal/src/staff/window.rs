//! The window: when a sale's doors open and close, and what of it may still be moved.

use sale::{rules::OPENING_NOTICE_MS, time::UnixMs};

use super::StaffError;

/// No sale lasts longer.
pub const SPAN_MAX_MS: i64 = 30 * 86_400_000;
/// How long before the opening the waiting room opens, unless told otherwise.
pub const WAITING_ROOM_MS: i64 = 30 * 60_000;
/// A new sale may name an opening this long ago: the request took its time on the way.
const PAST_MAX_MS: i64 = 60_000;

/// The three instants of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub waiting_room_opens_at: UnixMs,
    pub opens_at: UnixMs,
    pub closes_at: UnixMs,
}

impl Window {
    /// The window of a sale that nobody has been told of yet; it may open at once.
    pub fn new(now: UnixMs, room: Option<UnixMs>, opens_at: UnixMs, closes_at: UnixMs) -> Result<Self, StaffError> {
        if opens_at < now + -PAST_MAX_MS {
            return Err(StaffError::invalid("opens_at", "is in the past"));
        }
        if closes_at <= now {
            return Err(StaffError::invalid("closes_at", "is in the past"));
        }
        let waiting_room_opens_at = room.unwrap_or_else(|| default_room(now, opens_at));
        Self { waiting_room_opens_at, opens_at, closes_at }.checked()
    }

    /// The order of the instants, and the longest span.
    pub fn checked(self) -> Result<Self, StaffError> {
        if self.waiting_room_opens_at > self.opens_at {
            return Err(StaffError::invalid("waiting_room_opens_at", "is after opens_at"));
        }
        if self.closes_at <= self.opens_at {
            return Err(StaffError::invalid("closes_at", "is not after opens_at"));
        }
        if self.closes_at - self.opens_at > SPAN_MAX_MS {
            return Err(StaffError::invalid("closes_at", "is more than 30 days after opens_at"));
        }
        Ok(self)
    }

    /// Moves the opening. The waiting room keeps its distance, unless people are already in it.
    pub fn move_opening(&mut self, now: UnixMs, opens_at: UnixMs) -> Result<(), StaffError> {
        if self.opens_at <= now {
            return Err(StaffError::TooLate("the opening has passed"));
        }
        // Every door must know the opening before it comes.
        if opens_at < now + OPENING_NOTICE_MS {
            return Err(StaffError::TooLate("the opening cannot be moved closer than 10 s"));
        }
        if self.waiting_room_opens_at > now {
            let moved = opens_at + (self.waiting_room_opens_at - self.opens_at);
            self.waiting_room_opens_at = moved.max(now);
        }
        self.waiting_room_opens_at = self.waiting_room_opens_at.min(opens_at);
        self.opens_at = opens_at;
        Ok(())
    }

    pub fn move_room(&mut self, now: UnixMs, at: UnixMs) -> Result<(), StaffError> {
        if self.waiting_room_opens_at <= now {
            return Err(StaffError::TooLate("the waiting room is open"));
        }
        self.waiting_room_opens_at = at;
        Ok(())
    }
}

fn default_room(now: UnixMs, opens_at: UnixMs) -> UnixMs {
    (opens_at + -WAITING_ROOM_MS).max(now).min(opens_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);

    fn window(opens_in_s: i64, closes_in_s: i64) -> Window {
        Window::new(NOW, None, NOW.plus_s(opens_in_s), NOW.plus_s(closes_in_s)).unwrap()
    }

    #[test]
    fn the_waiting_room_opens_half_an_hour_before_or_at_once() {
        assert_eq!(window(3600, 7200).waiting_room_opens_at, NOW.plus_s(1800));
        assert_eq!(window(60, 7200).waiting_room_opens_at, NOW);
        assert_eq!(window(-30, 7200).waiting_room_opens_at, NOW.plus_s(-30));
    }

    #[test]
    fn a_window_that_cannot_be_names_its_field() {
        let field = |opens, closes, room: Option<i64>| match Window::new(
            NOW,
            room.map(|s| NOW.plus_s(s)),
            NOW.plus_s(opens),
            NOW.plus_s(closes),
        ) {
            Err(StaffError::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(-61, 60, None), "opens_at");
        assert_eq!(field(-30, -1, None), "closes_at");
        assert_eq!(field(60, 60, None), "closes_at");
        assert_eq!(field(60, 61 + 30 * 86_400, None), "closes_at");
        assert_eq!(field(60, 120, Some(61)), "waiting_room_opens_at");
    }

    #[test]
    fn a_moved_opening_takes_its_waiting_room_along_until_people_are_in_it() {
        let mut early = window(7200, 9000);
        early.move_opening(NOW, NOW.plus_s(3600)).unwrap();
        assert_eq!(early.waiting_room_opens_at, NOW.plus_s(1800));
        let mut entered = window(60, 9000);
        entered.move_opening(NOW, NOW.plus_s(3600)).unwrap();
        assert_eq!(entered.waiting_room_opens_at, NOW);
    }

    #[test]
    fn an_opening_comes_no_closer_than_ten_seconds_and_is_not_moved_once_it_was() {
        let mut w = window(60, 9000);
        assert!(matches!(w.move_opening(NOW, NOW.plus_s(9)), Err(StaffError::TooLate(_))));
        w.move_opening(NOW, NOW.plus_s(10)).unwrap();
        assert!(matches!(w.move_opening(NOW.plus_s(10), NOW.plus_s(600)), Err(StaffError::TooLate(_))));
    }
}
