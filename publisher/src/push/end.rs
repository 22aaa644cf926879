//! The end: why the server ends a socket, and what it says then.

use std::sync::Arc;

use super::{
    cut::{Wrong, encode_close, encode_text},
    frame::Said,
};

/// Why the server ends a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It asked too often for what nobody understands.
    Policy,
    TooBig,
    /// Text that is no UTF-8.
    NoText,
    /// Bytes that are no WebSocket frames.
    Protocol,
    Restart {
        resume_after_ms: i64,
    },
    BadToken,
    SlowReader {
        resume_after_ms: i64,
    },
    TooMany,
    /// A newer socket of the same buyer took its place.
    Replaced {
        resume_after_ms: i64,
    },
}

impl From<Wrong> for End {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Protocol => Self::Protocol,
            Wrong::NoText => Self::NoText,
            Wrong::TooBig => Self::TooBig,
        }
    }
}

impl End {
    /// The close code and its reason.
    pub(crate) fn close(self) -> (u16, &'static str) {
        match self {
            Self::Protocol => (1002, "protocol error"),
            Self::NoText => (1007, "not UTF-8"),
            Self::Policy => (1008, "policy"),
            Self::TooBig => (1009, "too big"),
            Self::Restart { .. } => (1012, "restart"),
            Self::BadToken => (4401, "bad token"),
            Self::SlowReader { .. } => (4408, "slow reader"),
            Self::TooMany | Self::Replaced { .. } => (4429, "too many"),
        }
    }

    /// What is said before closing.
    pub(crate) fn bye(self) -> Option<Said> {
        let (code, resume_after_ms) = match self {
            Self::Restart { resume_after_ms } => ("restart", resume_after_ms),
            Self::SlowReader { resume_after_ms } => ("slow_reader", resume_after_ms),
            Self::Replaced { resume_after_ms } => ("replaced", resume_after_ms),
            Self::Policy | Self::TooBig | Self::NoText | Self::Protocol | Self::BadToken | Self::TooMany => {
                return None;
            }
        };
        Some(Said::Bye { code, resume_after_ms })
    }

    /// Every last word: bye, if it is said, and the close frame.
    pub(super) fn last_words(self) -> Arc<[u8]> {
        let (code, reason) = self.close();
        let close = encode_close(Some(code), reason);
        match self.bye() {
            Some(bye) => [&*encode_text(&bye.text()), &*close].concat().into(),
            None => close,
        }
    }
}
