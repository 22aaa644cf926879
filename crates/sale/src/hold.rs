//! The hold: units kept for a buyer until a deadline, and the only ways it can change.

use serde::{Deserialize, Serialize};

/// Where a hold stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    Held,
    Paying,
    Allocated,
    Released,
    Expired,
}

/// What may happen to a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldEvent {
    /// Checkout begins.
    Pay,
    /// The provider said no: time to retry remains.
    Decline,
    /// The provider said yes: an order exists.
    Allocate,
    /// The buyer gave it back.
    Release,
    /// Time ran out.
    Expire,
    /// Nobody learned in time whether the money came.
    Doubt,
}

impl HoldState {
    /// The state after `event`, or `None` where it cannot happen.
    pub fn after(self, event: HoldEvent) -> Option<Self> {
        use HoldEvent as E;
        use HoldState::*;
        match (self, event) {
            (Held, E::Pay) => Some(Paying),
            (Paying, E::Decline) => Some(Held),
            (Paying, E::Allocate) => Some(Allocated),
            (Held, E::Release) => Some(Released),
            (Held, E::Expire) => Some(Expired),
            (Paying, E::Doubt) => Some(Expired),
            _ => None,
        }
    }

    /// Whether its units are still spoken for but not sold.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Paying)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Paying => "paying",
            Self::Allocated => "allocated",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_an_end() {
        use HoldEvent::*;
        for end in [HoldState::Allocated, HoldState::Released, HoldState::Expired] {
            for event in [Pay, Decline, Allocate, Release, Expire, Doubt] {
                assert_eq!(end.after(event), None, "{end:?} {event:?}");
            }
        }
    }
}
