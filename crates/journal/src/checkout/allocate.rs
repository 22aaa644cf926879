//! Allocate: the provider said yes; in one transaction the hold becomes an order that owes a capture and a mail.

use sale::{
    hold::HoldState,
    order::{Order, OrderState},
    port::{mail::MailJob, payments::PaymentKey},
    time::UnixMs,
};

use super::{Clerk, HoldRow, PAID, PaymentRow, PaymentStage, Stored, answer, leave_paying, move_payment};
use crate::{
    Journal, JournalError, args,
    change_log::{Change, log_change},
    db::Tx,
    order, outbox, sql,
};

/// So many clashing numbers in a row are no accident any more.
const NUMBER_TRIES_MAX: u32 = 20;

/// What became of a yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allocated {
    Order(Order),
    /// This very try was allocated before: the same order.
    Already(Order),
    /// The hold is not paying under this try: the money must go back. A hold is never revived.
    Stray,
}

impl Journal {
    /// Makes the order of an authorised try: paying -> allocated, order, outbox, stored answer, all or nothing.
    ///
    /// Repeat: the same try gets the same order.
    pub async fn allocate(&self, key: PaymentKey, clerk: &dyn Clerk) -> Result<Allocated, JournalError> {
        let mut tx = self.db.begin().await?;
        let Some(hold) = HoldRow::lock(&mut tx, key.claim_id).await? else { return Ok(Allocated::Stray) };
        let now = self.now(&mut tx).await?;
        let Some(payment) = PaymentRow::read(&mut tx, key).await? else { return Ok(Allocated::Stray) };
        if !hold.is_paying(key.attempt) || !take(&mut tx, key, now).await? {
            return already(&mut tx, &payment).await;
        }
        let (order, mail) = place(&mut tx, &payment, &hold, clerk, now).await?;
        outbox::put(&mut tx, outbox::MAIL, order.id, &mail, now).await?;
        outbox::put(&mut tx, outbox::CAPTURE, order.id, &key, now).await?;
        answer::finish(&mut tx, key, &Stored { status: PAID, body: clerk.paid(&order) }).await?;
        let change = Change {
            what: "allocated",
            claim: Some(key.claim_id),
            quantity: hold.quantity,
            counters: None,
            deadline: Some(hold.deadline),
        };
        log_change(&mut tx, now, hold.item, change);
        tx.commit().await?;
        Ok(Allocated::Order(order))
    }
}

/// Both rows must stand as a yes needs them: a try that is being cancelled can make no order.
async fn take(tx: &mut Tx, key: PaymentKey, now: UnixMs) -> Result<bool, JournalError> {
    Ok(leave_paying(tx, key, HoldState::Allocated, now).await?
        && move_payment(tx, key, PaymentStage::Authorising, PaymentStage::Authorised, now).await?)
}

async fn already(tx: &mut Tx, payment: &PaymentRow) -> Result<Allocated, JournalError> {
    use PaymentStage::*;
    if !matches!(payment.stage, Authorised | Captured | CaptureFailed) {
        return Ok(Allocated::Stray);
    }
    let row = tx.row(sql!("order/by_claim"), args![payment.key.claim_id]).await?;
    row.map_or(Ok(Allocated::Stray), |r| order::of(&r).map(Allocated::Already))
}

/// Writes the order under a number nobody has, and the mail that tells of it.
async fn place(
    tx: &mut Tx,
    payment: &PaymentRow,
    hold: &HoldRow,
    clerk: &dyn Clerk,
    now: UnixMs,
) -> Result<(Order, MailJob), JournalError> {
    let missing = || JournalError::Data(format!("product or buyer of claim {} is missing", payment.key.claim_id));
    let goods = tx.row(sql!("order/goods"), args![hold.item, hold.buyer]).await?.ok_or_else(missing)?;
    let mut order = Order {
        id: clerk.order_id(now),
        number: String::new(),
        state: OrderState::Paid,
        claim_id: payment.key.claim_id,
        sale_item_id: hold.item,
        buyer_id: hold.buyer,
        product_name: goods.text("product_name")?,
        image_url: goods.text("image_url")?,
        quantity: hold.quantity,
        total: payment.amount,
        shipping: payment.shipping.clone(),
        mail_to: goods.text("email")?,
        created_at: now,
    };
    for _ in 0..NUMBER_TRIES_MAX {
        order.number = clerk.order_number(now);
        if order::insert(tx, &order).await? {
            let language = payment.language.clone().map_or_else(|| goods.text("language"), Ok)?;
            let mail = mail(&order, goods.text("user_name")?, language);
            return Ok((order, mail));
        }
    }
    Err(JournalError::Data(format!("{NUMBER_TRIES_MAX} order numbers in a row were taken")))
}

fn mail(order: &Order, user_name: String, language: String) -> MailJob {
    let to = &order.shipping;
    MailJob {
        order_id: order.id,
        number: order.number.clone(),
        to: order.mail_to.clone(),
        name: if user_name.trim().is_empty() { to.name.clone() } else { user_name },
        product_name: order.product_name.clone(),
        quantity: order.quantity,
        total: order.total,
        ship_to: format!("{}, {}", to.name, to.address),
        language,
    }
}
