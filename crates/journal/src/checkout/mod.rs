//! Checkout: a hold is paid for, or it is not; every ending is stored with its answer.

use sale::{
    hold::HoldState,
    ids::{ClaimId, OrderId, SaleItemId, UserId},
    money::Money,
    order::{Order, Shipping},
    port::payments::PaymentKey,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

use crate::{
    JournalError, Unreadable, args,
    db::{Row, Tx},
    sql,
};

mod allocate;
mod answer;
mod begin;
mod capture;
mod decline;
mod extend;
mod payments;
mod undo;

pub use allocate::Allocated;
pub use answer::Stored;
pub use begin::{BeginError, Begun, PayAsk, Started};
pub use decline::Declined;
pub use payments::PaymentRow;

/// What the shop writes on its papers. Asked inside the transaction, because number and answer are stored with their cause.
///
/// Shape: the bodies are what the buyer is answered, word for word, now and at every repeat.
pub trait Clerk: Send + Sync {
    /// A fresh id for an order made now.
    fn order_id(&self, now: UnixMs) -> OrderId;
    /// A fresh order number: drawn anew where it is taken already.
    fn order_number(&self, now: UnixMs) -> String;
    /// The body of 201.
    fn paid(&self, order: &Order) -> String;
    /// The body of 402: there is time to try again until the deadline.
    fn declined(&self, deadline: UnixMs) -> String;
    /// The body of 410.
    fn ended(&self, hold: HoldState) -> String;
}

/// The statuses under which answers are stored.
pub const PAID: u16 = 201;
/// The provider has not answered: an answer for now, replaced by the ending.
pub const IN_DOUBT: u16 = 202;
pub const DECLINED: u16 = 402;
pub const ENDED: u16 = 410;

/// How a try to pay stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStage {
    /// The provider was or will be asked; its hold is paying.
    Authorising,
    /// Nobody waits for a yes any more: what the provider has is being cancelled, and no order can come of it.
    Cancelling,
    /// The order exists; the money waits to be captured.
    Authorised,
    Declined,
    /// The hold ended before anybody knew; what the provider has must be undone.
    InDoubt,
    Captured,
    /// The authorisation died before it was captured: staff are paged.
    CaptureFailed,
    Voided,
    Refunded,
}

/// A hold as checkout reads it.
pub(crate) struct HoldRow {
    pub item: SaleItemId,
    pub buyer: UserId,
    pub quantity: u32,
    pub state: HoldState,
    pub version: i64,
    pub deadline: UnixMs,
    /// Tries to pay so far; while paying, the number of the present one.
    pub attempt: u32,
}

impl HoldRow {
    /// Takes the row's lock, the first thing that every verb of checkout does: payment, answer and order of a hold change under it,
    /// and whoever shifts deadlines must take it too.
    pub(crate) async fn lock(tx: &mut Tx, claim: ClaimId) -> Result<Option<Self>, JournalError> {
        let row = tx.row(sql!("checkout/lock"), args![claim]).await?;
        row.map(|r| Self::of(&r)).transpose()
    }

    pub(crate) async fn read(tx: &mut Tx, claim: ClaimId) -> Result<Option<Self>, JournalError> {
        let row = tx.row(sql!("checkout/hold"), args![claim]).await?;
        row.map(|r| Self::of(&r)).transpose()
    }

    fn of(row: &Row) -> Result<Self, JournalError> {
        Ok(Self {
            item: row.id("sale_item_id")?,
            buyer: row.id("buyer_id")?,
            quantity: row.count("quantity")?,
            state: row.word("state")?,
            version: row.int("version")?,
            deadline: row.at("deadline")?,
            attempt: row.count("payment_attempt")?,
        })
    }

    pub(crate) fn is_paying(&self, attempt: u32) -> bool {
        self.state == HoldState::Paying && self.attempt == attempt
    }
}

/// Ends the try `key` in the hold's row: paying -> `to`. `false` where the hold is not paying under this try.
pub(crate) async fn leave_paying(
    tx: &mut Tx,
    key: PaymentKey,
    to: HoldState,
    now: UnixMs,
) -> Result<bool, JournalError> {
    let args = args![to.as_str(), now, key.claim_id, key.attempt];
    Ok(tx.run(sql!("checkout/leave_paying"), args).await? == 1)
}

/// Moves a payment's row by compare-and-set.
pub(crate) async fn move_payment(
    tx: &mut Tx,
    key: PaymentKey,
    from: PaymentStage,
    to: PaymentStage,
    now: UnixMs,
) -> Result<bool, JournalError> {
    let args = args![crate::db::word(to), now, key.claim_id, key.attempt, crate::db::word(from)];
    Ok(tx.run(sql!("checkout/payment_state"), args).await? == 1)
}

pub(crate) fn money(row: &Row, amount: &str) -> Result<Money, JournalError> {
    let currency = row.text("currency")?.parse().map_err(|e| JournalError::Data(format!("{e}")))?;
    Ok(Money { amount_minor: row.int(amount)?, currency })
}

/// What an order needs once a late yes is found, kept with the try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub shipping: Shipping,
    pub language: Option<String>,
}

impl Parcel {
    fn write(&self) -> Result<String, JournalError> {
        serde_json::to_string(self).map_err(|e| JournalError::Data(e.to_string()))
    }

    fn read(row: &Row) -> Result<Self, JournalError> {
        let text = row.text("shipping")?;
        serde_json::from_str(&text).map_err(|error| JournalError::Data(format!("shipping {}", Unreadable::from(error))))
    }
}
