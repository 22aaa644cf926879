//! The frame: every message of `miaosha.v1`, in and out. `asyncapi.json` describes the same; a test compares them.

use std::sync::Arc;

use sale::{
    claim::ClaimView,
    ids::{ClaimId, SaleId, SaleItemId, UserId},
    money::Money,
    sale::{ItemState, Phase},
    time::UnixMs,
    told::NoticeCode,
    wire::ClaimOnWire,
};
use serde::{Deserialize, Serialize};

use super::cut::encode_text;
use crate::schedule::Known;

/// The subprotocol.
pub(crate) const PROTOCOL: &str = "miaosha.v1";
/// A larger frame closes the socket with 1009.
pub(crate) const FRAME_MAX_BYTES: usize = 4096;

/// What a client asks, one JSON object a frame.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Asked {
    Watch {
        sale_ids: Vec<SaleId>,
    },
    Clock {
        t0: i64,
    },
    Auth {
        access_token: String,
    },
    Claim {
        sale_item_id: SaleItemId,
        #[serde(default = "one")]
        quantity: u32,
        #[serde(default = "one")]
        attempt: u32,
        #[serde(default)]
        answer: Option<String>,
    },
    Withdraw {
        claim_id: ClaimId,
    },
}

fn one() -> u32 {
    1
}

impl Asked {
    /// Reads one frame. Errors: the code of what is wrong, and the words for it.
    pub(crate) fn read(text: &str) -> Result<Self, (&'static str, String)> {
        // A list would name its type first and fill the rest by position; a frame is an object.
        if text.trim_ascii_start().starts_with('[') {
            return Err(("unknown_frame", "expected an object, not a list".to_owned()));
        }
        serde_json::from_str(text).map_err(|error| {
            let code = if error.is_data() { "unknown_frame" } else { "malformed_json" };
            (code, error.to_string())
        })
    }
}

/// What a refused frame wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Op {
    Claim,
    Withdraw,
    Watch,
}

/// What the server says. Instants are Unix milliseconds.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Said {
    Hello {
        server_time: UnixMs,
        heartbeat_s: u64,
        resume_after_ms: i64,
    },
    Clock {
        t0: i64,
        t1: UnixMs,
    },
    Session {
        user_id: UserId,
    },
    Sale(SaleFrame),
    Claim(ClaimOnWire<i64>),
    Accepted {
        claim_id: ClaimId,
        sale_item_id: SaleItemId,
        attempt: u32,
        receipt: String,
    },
    Refused(Refused),
    Notice {
        sale_id: SaleId,
        code: NoticeCode,
        text: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
    },
    Bye {
        code: &'static str,
        resume_after_ms: i64,
    },
    Error {
        code: &'static str,
        detail: String,
    },
}

#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    pub op: Op,
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_id: Option<SaleId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_item_id: Option<SaleItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_id: Option<ClaimId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SaleFrame {
    sale_id: SaleId,
    version: i64,
    state: Phase,
    waiting_room_opens_at: UnixMs,
    opens_at: UnixMs,
    closes_at: UnixMs,
    items: Vec<ItemFrame>,
}

#[derive(Debug, Serialize)]
struct ItemFrame {
    id: SaleItemId,
    state: ItemState,
    available: u32,
    held: u32,
    paid: u32,
    waiting: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_return_by: Option<UnixMs>,
    stock_version: i64,
    price: Money,
}

/// Which object a frame is the state of, and how new it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// By version, then by stock.
    Sale(SaleId, i64, i64),
    /// By attempt, then by version.
    Claim(SaleItemId, u32, i64),
    Notice(SaleId),
    /// An answer: each counts.
    Answer,
}

/// A frame written once, as it goes over the line, for as many sockets as you like.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub topic: Topic,
    pub bytes: Arc<[u8]>,
}

impl Frame {
    /// What is to be written as it is, and counts.
    pub(super) fn raw(bytes: Arc<[u8]>) -> Self {
        Self { topic: Topic::Answer, bytes }
    }

    /// The JSON in it; heads are no JSON.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        let start = self.bytes.iter().position(|byte| *byte == b'{').unwrap();
        String::from_utf8(self.bytes[start..].to_vec()).unwrap()
    }
}

impl Said {
    pub(crate) fn text(&self) -> String {
        // Plain data: there is nothing in it that cannot be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn answer(self) -> Frame {
        self.about(Topic::Answer)
    }

    fn about(&self, topic: Topic) -> Frame {
        Frame { topic, bytes: encode_text(&self.text()) }
    }
}

/// A sale as it is at `now`.
pub(crate) fn sale(known: &Known, now: UnixMs) -> Frame {
    let phase = known.phase(now);
    let sale = &known.sale;
    let mut stock_versions = 0;
    let items = known.shelves.iter().map(|shelf| {
        let stock = shelf.gate.stock();
        stock_versions += stock.stock_version;
        ItemFrame {
            id: shelf.item.id,
            state: stock.state(phase),
            available: stock.available(),
            held: stock.held,
            paid: stock.paid,
            waiting: stock.waiting,
            may_return_by: stock.may_return_by,
            stock_version: stock.stock_version,
            price: shelf.item.price,
        }
    });
    let said = SaleFrame {
        sale_id: sale.id,
        version: sale.version(now),
        state: phase,
        waiting_room_opens_at: sale.waiting_room_opens_at,
        opens_at: sale.opens_at,
        closes_at: sale.closes_at,
        items: items.collect(),
    };
    let topic = Topic::Sale(sale.id, said.version, stock_versions);
    Said::Sale(said).about(topic)
}

pub(crate) fn claim(row: &ClaimView, pass: Option<String>) -> Frame {
    let topic = Topic::Claim(row.sale_item_id, row.attempt, row.version);
    Said::Claim(ClaimOnWire::of(row, pass, |at| at.0)).about(topic)
}

pub(crate) fn notice(sale_id: SaleId, code: NoticeCode, until: Option<i64>) -> Frame {
    let text = match code {
        NoticeCode::Paused => "The sale is paused; every clock of it stands still.",
        NoticeCode::Resumed => "The sale goes on; every deadline moved by the pause.",
        NoticeCode::Extended => "The sale closes later.",
        NoticeCode::Restart => "The server restarts; you keep what you have.",
    };
    Said::Notice { sale_id, code, text, until }.about(Topic::Notice(sale_id))
}

impl Topic {
    /// Whether both are states of the same object.
    pub(crate) fn same_object(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sale(a, ..), Self::Sale(b, ..)) | (Self::Notice(a), Self::Notice(b)) => a == b,
            (Self::Claim(a, ..), Self::Claim(b, ..)) => a == b,
            _ => false,
        }
    }

    /// Whether this is older than another state of the same object.
    pub(crate) fn is_older_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sale(_, v, s), Self::Sale(_, w, t)) => (v, s) < (w, t),
            (Self::Claim(_, a, v), Self::Claim(_, b, w)) => (a, v) < (b, w),
            _ => false,
        }
    }
}
