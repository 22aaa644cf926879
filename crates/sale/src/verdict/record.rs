//! The record: everything that was written down about some sales, by every hand that wrote. What the verdict judges.

use serde::{Deserialize, Serialize};

use super::observe::{Answer, Attempt, Bound, Fault, OrderSeen, Receipt, Seen, StockSeen};
use crate::{
    claim::Reason,
    hold::HoldState,
    ids::{ClaimId, OrderId, SaleId, SaleItemId, UserId},
    money::Money,
    order::OrderState,
    port::{
        ledger::{Kind, Levels},
        payments::{PaymentKey, PaymentState},
    },
    sale::Sale,
    time::UnixMs,
};

/// All of it. The journal's rows are of one snapshot; the rest was collected beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The journal's last heartbeat: the latest instant that this record can speak of.
    pub at: UnixMs,
    pub sales: Vec<Sale>,
    pub items: Vec<ItemRow>,
    /// In commit order.
    pub changes: Vec<Change>,
    pub claims: Vec<ClaimRow>,
    pub holds: Vec<HoldRow>,
    pub standby: Vec<EntryRow>,
    pub orders: Vec<OrderRow>,
    pub payments: Vec<PaymentRow>,
    /// Jumps of the journal's clock and pauses, each of which moved deadlines.
    pub shifts: Vec<Shift>,
    /// Messages not yet acked, and outbox rows not yet done.
    pub left: Left,
    /// Nothing was in flight when this was taken: every delivery acked, the ledger told of every change.
    pub still: bool,

    /// The ledger's counters, where they could be read.
    pub ledger: Vec<LedgerRow>,
    /// The provider's own list, every change of every payment, oldest first; absent if nobody read it.
    pub provider: Option<Vec<ProviderEvent>>,
    /// What reached a mailbox; absent if nobody looked.
    pub mails: Option<Vec<MailSeen>>,
    /// Lines of logs in which something private stands, without the private part.
    pub leaks: Vec<String>,

    pub receipts: Vec<Receipt>,
    pub told: Vec<Seen>,
    pub stocks: Vec<StockSeen>,
    pub orders_told: Vec<OrderSeen>,
    pub answers: Vec<Answer>,
    pub http: Vec<Attempt>,
    pub faults: Vec<Fault>,
    pub bounds: Vec<Bound>,
    /// How far the clients' idea of the journal's clock may be off.
    pub clock_error_ms: i64,
}

/// A sale item with its counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemRow {
    pub id: SaleItemId,
    pub sale_id: SaleId,
    pub price: Money,
    pub purchase_limit: u32,
    pub hold_s: u32,
    /// As it is now, restocks included.
    pub allotment: u32,
    pub taken: u32,
    pub standby_limit: u32,
    pub waiting: u32,
    /// `granted` is what the journal ratified.
    pub levels: Levels,
}

/// What a change did. The words of the journal's change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Held,
    Standby,
    Refused,
    /// By its buyer: a claim before its decision, an entry, or a hold.
    Withdrawn,
    Promoted,
    Paying,
    Declined,
    Allocated,
    Expired,
    /// The deadline moved with everybody's, because the clock had stood still; the state did not.
    Shifted,
    /// This one deadline moved, because the payment provider was late; the state did not.
    Extended,
    Restocked,
}

/// One committed change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub seq: i64,
    pub at: UnixMs,
    pub sale_item_id: SaleItemId,
    pub claim_id: Option<ClaimId>,
    pub what: What,
    pub quantity: u32,
    /// The item's counters after it, where the change looked at them.
    pub taken: Option<u32>,
    pub waiting: Option<u32>,
    pub deadline: Option<UnixMs>,
}

/// How a claim was first decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Hold,
    Standby,
    Refused,
    Withdrawn,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimRow {
    pub id: ClaimId,
    pub sale_item_id: SaleItemId,
    pub buyer_id: UserId,
    pub attempt: u32,
    pub quantity: u32,
    pub outcome: Outcome,
    pub reason: Option<Reason>,
    pub version: i64,
    /// Of the grant that it brought to its decision.
    pub epoch: i64,
    pub grant: Option<(Kind, i64)>,
    pub received_at: UnixMs,
    pub decided_at: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoldRow {
    pub claim_id: ClaimId,
    pub sale_item_id: SaleItemId,
    pub buyer_id: UserId,
    pub quantity: u32,
    pub state: HoldState,
    pub version: i64,
    pub generation: i64,
    pub deadline: UnixMs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    Waiting,
    Promoted,
    Refused,
    Withdrawn,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryRow {
    pub claim_id: ClaimId,
    pub sale_item_id: SaleItemId,
    pub buyer_id: UserId,
    pub ticket: i64,
    pub quantity: u32,
    pub state: EntryState,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRow {
    pub id: OrderId,
    pub claim_id: ClaimId,
    pub sale_item_id: SaleItemId,
    pub buyer_id: UserId,
    pub quantity: u32,
    pub total: Money,
    pub mail_to: String,
    pub state: OrderState,
    pub created_at: UnixMs,
}

/// How the journal believes a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Authorising,
    /// Being ended at the provider, because no answer came.
    Cancelling,
    Authorised,
    Declined,
    /// The hold's time is over and nobody knows whether the money came.
    InDoubt,
    Captured,
    /// The authorisation died before its capture: staff were paged.
    CaptureFailed,
    Voided,
    Refunded,
}

impl Standing {
    /// Whether somebody must still find out or act.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Authorising | Self::Cancelling | Self::Authorised | Self::InDoubt)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentRow {
    pub key: PaymentKey,
    pub amount: Money,
    pub state: Standing,
}

/// Every live deadline of a sale (of all sales, if none is named) moved forward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    pub at: UnixMs,
    pub by_ms: i64,
    pub sale_id: Option<SaleId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Left {
    pub queue: u64,
    pub outbox: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerRow {
    pub sale_item_id: SaleItemId,
    pub levels: Levels,
}

/// One change of one payment in the provider's own record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderEvent {
    pub at: UnixMs,
    pub key: PaymentKey,
    pub amount: Money,
    pub state: PaymentState,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MailSeen {
    pub order_id: OrderId,
    pub message_id: String,
    pub to: String,
}
