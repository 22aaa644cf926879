//! Begin: held becomes paying, and the journal remembers under which key it was asked.

use sale::{
    hold::HoldState,
    ids::{ClaimId, SaleItemId, UserId},
    money::Money,
    order::Shipping,
    port::payments::PaymentKey,
    rules,
    time::UnixMs,
};
use thiserror::Error;

use super::{Clerk, ENDED, HoldRow, Parcel, Stored, answer, money};
use crate::{
    Journal, JournalError, args,
    change_log::{Change, log_change},
    db::Tx,
    heartbeat, sql,
};

/// What a buyer asks when paying.
#[derive(Clone, Debug)]
pub struct PayAsk {
    pub buyer: UserId,
    pub claim_id: ClaimId,
    /// Idempotency keys are the buyer's own, one set a route.
    pub route: &'static str,
    pub key: String,
    /// Of what was asked; the same key with another hash is another question.
    pub body_hash: [u8; 32],
    pub shipping: Shipping,
    /// In which the buyer asks, `en` or `zh-TW`; the letter answers in it. Else the account's own.
    pub language: Option<String>,
}

/// A payment to be authorised now. The amount is the sale's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub key: PaymentKey,
    pub amount: Money,
    pub sale_item_id: SaleItemId,
    pub deadline: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    Started(Started),
    /// Asked before, or the hold has ended: this is the answer, stored.
    Stored(Stored),
}

/// Why nothing was begun; nothing was written.
#[derive(Debug, Error)]
pub enum BeginError {
    /// The same question is being answered, or this hold is being paid for under another key.
    #[error("a payment of this hold is under way")]
    InFlight,
    #[error("the key was used for another question")]
    KeyReused,
    #[error("the sale is paused")]
    Paused,
    /// The heartbeat is old: nobody may judge a deadline.
    #[error("the clock stands")]
    ClockStands,
    /// No such hold, or somebody else's.
    #[error("no such hold of this buyer")]
    Unknown,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What must not be in the way, and what the units cost.
pub(super) struct Desk {
    item: SaleItemId,
    price: Money,
}

impl Journal {
    /// Begins a payment: one transaction that makes a live hold paying and stores the key it was asked under.
    ///
    /// Repeat: the same key and question get the stored answer or `InFlight`; a hold is paid under one try at a time.
    /// Errors: [`BeginError`]; on each nothing was written. An ended hold is an answer, stored under the key.
    pub async fn begin_payment(&self, ask: &PayAsk, clerk: &dyn Clerk) -> Result<Begun, BeginError> {
        let mut tx = self.db.begin().await?;
        if let Some(stored) = answer::seen(&mut tx, ask, clerk).await? {
            tx.commit().await?;
            return Ok(Begun::Stored(stored));
        }
        let hold = HoldRow::lock(&mut tx, ask.claim_id).await?.ok_or(BeginError::Unknown)?;
        let now = self.now(&mut tx).await?;
        let desk = desk(&mut tx, ask.claim_id, ask.buyer, now).await?;
        let begun = match hold.state {
            HoldState::Paying => return Err(BeginError::InFlight),
            HoldState::Held if rules::may_pay(hold.deadline, now) => pay(&mut tx, ask, &desk, &hold, now).await?,
            ended => Begun::Stored(refuse(&mut tx, ask, ended, clerk, now).await?),
        };
        tx.commit().await?;
        Ok(begun)
    }
}

/// Reads the heartbeat and the sale's pause, as everybody does who compares a deadline.
///
/// Under the hold's lock: a shift and a resume must take it as well, so a deadline that is read there is never older than the
/// heartbeat and the pause beside it. (Without the lock both would have to be read before the hold.)
pub(super) async fn desk(tx: &mut Tx, claim: ClaimId, buyer: UserId, now: UnixMs) -> Result<Desk, BeginError> {
    if !heartbeat::is_fresh(tx, now).await? {
        return Err(BeginError::ClockStands);
    }
    let row = tx.row(sql!("checkout/desk"), args![claim]).await?.ok_or(BeginError::Unknown)?;
    if row.id::<UserId>("buyer_id")? != buyer {
        return Err(BeginError::Unknown);
    }
    if row.opt_at("paused_at")?.is_some() {
        return Err(BeginError::Paused);
    }
    Ok(Desk { item: row.id("sale_item_id")?, price: money(&row, "price_minor")? })
}

async fn pay(tx: &mut Tx, ask: &PayAsk, desk: &Desk, hold: &HoldRow, now: UnixMs) -> Result<Begun, BeginError> {
    // The version compares the whole row, as it was when the lock was granted.
    if tx.run(sql!("checkout/pay"), args![now, ask.claim_id, hold.version]).await? != 1 {
        return Err(BeginError::InFlight);
    }
    let key = PaymentKey { claim_id: ask.claim_id, attempt: hold.attempt + 1 };
    let amount = desk.price.times(hold.quantity).ok_or_else(|| JournalError::Data("the amount overflows".into()))?;
    remember(tx, ask, Some(key), None, now).await?;
    let parcel = Parcel { shipping: ask.shipping.clone(), language: ask.language.clone() }.write()?;
    let currency = amount.currency.as_str();
    let args = args![key.claim_id, key.attempt, amount.amount_minor, currency, parcel, now];
    tx.run(sql!("checkout/start"), args).await?;
    let change = Change {
        what: "paying",
        claim: Some(ask.claim_id),
        quantity: hold.quantity,
        counters: None,
        deadline: Some(hold.deadline),
    };
    log_change(tx, now, desk.item, change);
    Ok(Begun::Started(Started { key, amount, sale_item_id: desk.item, deadline: hold.deadline }))
}

async fn refuse(
    tx: &mut Tx,
    ask: &PayAsk,
    ended: HoldState,
    clerk: &dyn Clerk,
    now: UnixMs,
) -> Result<Stored, BeginError> {
    let stored = Stored { status: ENDED, body: clerk.ended(ended) };
    remember(tx, ask, None, Some(&stored), now).await?;
    Ok(stored)
}

async fn remember(
    tx: &mut Tx,
    ask: &PayAsk,
    key: Option<PaymentKey>,
    stored: Option<&Stored>,
    now: UnixMs,
) -> Result<(), BeginError> {
    let args = args![
        ask.buyer,
        ask.route,
        &ask.key,
        ask.body_hash,
        key.map(|k| k.claim_id.0),
        key.map(|k| i64::from(k.attempt)),
        stored.map(|s| i64::from(s.status)),
        stored.map(|s| s.body.as_str()),
        now,
    ];
    // Somebody else was quicker with the same key: theirs is under way, ours never was.
    if tx.run(sql!("checkout/remember"), args).await? == 1 { Ok(()) } else { Err(BeginError::InFlight) }
}
