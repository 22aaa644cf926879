//! Payments: the tries to pay, as the reconciler reads them.

use sale::{hold::HoldState, money::Money, order::Shipping, port::payments::PaymentKey, time::UnixMs};

use super::{Parcel, PaymentStage, money};
use crate::{
    Journal, JournalError, args,
    db::{Row, Tx},
    sql,
};

/// One try to pay one hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    pub key: PaymentKey,
    pub amount: Money,
    pub stage: PaymentStage,
    pub shipping: Shipping,
    /// In which the buyer asked, if they said so.
    pub language: Option<String>,
    pub changed_at: UnixMs,
    pub hold: HoldState,
    /// Whether the hold is paying under this very try.
    pub is_paying: bool,
}

impl PaymentRow {
    pub(crate) async fn read(tx: &mut Tx, key: PaymentKey) -> Result<Option<Self>, JournalError> {
        let row = tx.row(sql!("checkout/payment"), args![key.claim_id, key.attempt]).await?;
        row.map(|r| Self::of(&r)).transpose()
    }

    fn of(row: &Row) -> Result<Self, JournalError> {
        let key = PaymentKey { claim_id: row.id("claim_id")?, attempt: row.count("attempt")? };
        let hold = row.word("hold_state")?;
        let Parcel { shipping, language } = Parcel::read(row)?;
        Ok(Self {
            key,
            amount: money(row, "amount_minor")?,
            stage: row.word("state")?,
            shipping,
            language,
            changed_at: row.at("changed_at")?,
            hold,
            is_paying: hold == HoldState::Paying && row.count("payment_attempt")? == key.attempt,
        })
    }
}

impl Journal {
    pub async fn payment(&self, key: PaymentKey) -> Result<Option<PaymentRow>, JournalError> {
        let row = self.db.row(sql!("checkout/payment"), args![key.claim_id, key.attempt]).await?;
        row.map(|r| PaymentRow::of(&r)).transpose()
    }

    /// Tries without an end: those in doubt, and those being authorised that have not changed after `untouched_since`.
    ///
    /// Shape: oldest first, at most `max`, those behind `after` (the last row of the page before).
    pub async fn payments_open(
        &self,
        untouched_since: UnixMs,
        after: Option<&PaymentRow>,
        max: u32,
    ) -> Result<Vec<PaymentRow>, JournalError> {
        let (at, claim) = after.map_or((UnixMs(i64::MIN), uuid::Uuid::nil()), |p| (p.changed_at, p.key.claim_id.0));
        let rows = self.db.rows(sql!("checkout/open_payments"), args![untouched_since, at, claim, max]).await?;
        rows.iter().map(PaymentRow::of).collect()
    }
}
