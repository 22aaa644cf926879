//! The observation: one line of what a client saw. Virtual buyers write these as JSON lines; the verdict reads them.

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::{
    claim::{ClaimState, Reason},
    ids::{ClaimId, OrderId, SaleItemId, UserId},
    money::Money,
    order::OrderState,
    sale::ItemState,
    time::UnixMs,
};

/// One thing seen, tagged by `saw`. Every `at` is the client's idea of the journal's clock, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "saw", rename_all = "snake_case")]
pub enum Observation {
    Receipt(Receipt),
    Claim(Seen),
    Stock(StockSeen),
    Order(OrderSeen),
    Answer(Answer),
    Attempt(Attempt),
    Fault(Fault),
    Bound(Bound),
}

/// 202, or the `accepted` frame: a promise that the claim will be decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub at: UnixMs,
    pub buyer_id: UserId,
    pub claim_id: ClaimId,
    pub sale_item_id: SaleItemId,
    /// As the server said, where it did (HTTP does).
    #[serde(default)]
    pub received_at: Option<UnixMs>,
}

/// How a state reached its buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Socket,
    Http,
}

/// A state of a claim, as told to the client of `buyer_id`: every frame and every row of an answer, kept or ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub at: UnixMs,
    /// Who was told; the checker compares it with whose the claim is.
    pub buyer_id: UserId,
    pub channel: Channel,
    pub claim_id: ClaimId,
    pub sale_item_id: SaleItemId,
    pub quantity: u32,
    pub state: ClaimState,
    pub version: i64,
    #[serde(default)]
    pub deadline: Option<UnixMs>,
    /// `exp` of the purchase pass that came with it.
    #[serde(default)]
    pub pass_expires_at: Option<UnixMs>,
    #[serde(default)]
    pub reason: Option<Reason>,
    #[serde(default)]
    pub order_id: Option<OrderId>,
}

/// The public figures of an item, as told to anybody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockSeen {
    pub at: UnixMs,
    pub sale_item_id: SaleItemId,
    pub stock_version: i64,
    pub state: ItemState,
    pub available: u32,
    /// Held or paying.
    pub held: u32,
    pub paid: u32,
}

/// An order as its buyer was shown it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderSeen {
    pub at: UnixMs,
    pub buyer_id: UserId,
    pub order_id: OrderId,
    pub claim_id: ClaimId,
    pub quantity: u32,
    pub total: Money,
    pub state: OrderState,
}

/// An answer to a request with an idempotency key. Hashes are any that tell two bodies apart; that of the answer leaves out
/// what is new in every answer (the request's id).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub at: UnixMs,
    pub buyer_id: UserId,
    pub route: String,
    pub key: String,
    pub body_hash: String,
    pub status: u16,
    pub answer_hash: String,
}

/// A forged, replayed, foreign or unauthorised request, sent on purpose, and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub at: UnixMs,
    /// What was wrong with it, in a few words.
    pub kind: String,
    pub status: u16,
    /// The claim that it would have made, which must never exist.
    #[serde(default)]
    pub never: Option<ClaimId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// One of our processes died, and was started again.
    Death,
    /// Anything else: a store, a network, a clock.
    Other,
}

/// A fault that somebody injected, or suffered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    pub from: UnixMs,
    pub healed_at: UnixMs,
    pub kind: FaultKind,
}

/// The most that was seen of something that has a configured limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    pub name: String,
    pub limit: u64,
    pub most: u64,
}

impl Record {
    /// Adds what a client saw.
    pub fn observe(&mut self, seen: Observation) {
        match seen {
            Observation::Receipt(x) => self.receipts.push(x),
            Observation::Claim(x) => self.told.push(x),
            Observation::Stock(x) => self.stocks.push(x),
            Observation::Order(x) => self.orders_told.push(x),
            Observation::Answer(x) => self.answers.push(x),
            Observation::Attempt(x) => self.http.push(x),
            Observation::Fault(x) => self.faults.push(x),
            Observation::Bound(x) => self.bounds.push(x),
        }
    }
}
