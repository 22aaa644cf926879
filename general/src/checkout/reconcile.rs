//! Reconcile: a payment that nobody ended is ended: as an order, a no, a void or a refund, never as nothing.

use journal::{
    JournalError,
    checkout::{PaymentRow, PaymentStage},
};
use sale::port::payments::{PaymentError, PaymentKey, PaymentState};

use super::{
    ShopClerk, ask,
    pay::{Verdict, end, is_foreign},
    tell,
};
use crate::shop::Shop;

/// Beyond the time in which the provider may answer, a request has this long to write what it was told.
const WRITING_MS: i64 = 2_000;

/// What became of a payment that was looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It has its ending, now or since before.
    Ended,
    /// Its own request is still at work, or the provider does not answer: look again.
    Waits,
}

/// Brings one payment to its end, as the provider has it.
///
/// `abandoned`: its own request is known to be over, so a payment that the provider does not know may be cancelled at once.
/// Repeat: from anywhere, any number of times. Errors: the journal does not answer; look again.
pub async fn reconcile(shop: &Shop, key: PaymentKey, abandoned: bool) -> Result<Settled, JournalError> {
    use PaymentStage::*;
    let Some(row) = shop.journal.payment(key).await? else { return give_back(shop, key).await };
    match row.stage {
        Authorised | Captured | CaptureFailed | Refunded => Ok(Settled::Ended),
        Authorising if row.is_paying => inquire(shop, &row, abandoned).await,
        Cancelling if row.is_paying => cancel(shop, key).await,
        Authorising | Cancelling | InDoubt | Declined | Voided => give_back(shop, key).await,
    }
}

/// Whether a request that began this payment cannot be at work any more.
pub(super) fn untouched_since(shop: &Shop, now: sale::time::UnixMs) -> sale::time::UnixMs {
    now + -(shop.config.checkout.authorise_wait.ms() + WRITING_MS)
}

/// Its hold is still paying: what does the provider say?
async fn inquire(shop: &Shop, row: &PaymentRow, abandoned: bool) -> Result<Settled, JournalError> {
    let answer = ask(shop, shop.stores.payments.find(row.key)).await;
    if is_foreign(&answer, row.amount) {
        tracing::error!(claim_id = %row.key.claim_id, attempt = row.key.attempt, "the provider has another amount");
        return cancel(shop, row.key).await;
    }
    match (Verdict::of(&answer), &answer) {
        (Verdict::Unknown, Err(PaymentError::Unknown)) => Ok(Settled::Waits),
        // The provider has not heard of it, or has not decided: only who waits for nobody may put an end to that.
        (Verdict::Unknown, _) => {
            let now = shop.journal.clock().await?;
            if abandoned || row.changed_at <= untouched_since(shop, now) {
                cancel(shop, row.key).await
            } else {
                Ok(Settled::Waits)
            }
        }
        (verdict, _) => finish(shop, row.key, verdict).await,
    }
}

/// Writes a yes or a no. Where the hold went another way meanwhile, the money goes back.
async fn finish(shop: &Shop, key: PaymentKey, verdict: Verdict) -> Result<Settled, JournalError> {
    let clerk = ShopClerk(shop.stores.chance.clone());
    match end(shop, &clerk, key, verdict).await? {
        Some(_) => {
            metrics::counter!("payments_reconciled_total").increment(1);
            tell(shop, key.claim_id).await;
            Ok(Settled::Ended)
        }
        None => give_back(shop, key).await,
    }
}

/// Makes a no final, at the journal first: from then on no order can come of this try.
async fn cancel(shop: &Shop, key: PaymentKey) -> Result<Settled, JournalError> {
    if !shop.journal.cancel_payment(key).await? {
        // Somebody ended it in between; the next look finds how.
        return Ok(Settled::Waits);
    }
    match ask(shop, shop.stores.payments.cancel(key)).await {
        Ok(payment) if payment.state == PaymentState::Captured => {
            if refund(shop, key).await {
                finish(shop, key, Verdict::No).await
            } else {
                Ok(Settled::Waits)
            }
        }
        answer if Verdict::of(&answer) == Verdict::No => finish(shop, key, Verdict::No).await,
        _ => Ok(Settled::Waits),
    }
}

/// No order comes of it: whatever the provider has goes back, however often it is asked.
async fn give_back(shop: &Shop, key: PaymentKey) -> Result<Settled, JournalError> {
    if let Some(row) = shop.journal.payment(key).await? {
        use PaymentStage::{Authorised, CaptureFailed, Captured};
        // An order's money, or a payment under way: not ours to give back.
        if row.is_paying || matches!(row.stage, Authorised | Captured | CaptureFailed) {
            return Ok(Settled::Waits);
        }
    }
    let back = match ask(shop, shop.stores.payments.cancel(key)).await {
        Ok(payment) => match payment.state {
            PaymentState::Voided | PaymentState::Cancelled | PaymentState::Declined => Some(PaymentStage::Voided),
            PaymentState::Refunded => Some(PaymentStage::Refunded),
            PaymentState::Captured => refund(shop, key).await.then_some(PaymentStage::Refunded),
            PaymentState::Created | PaymentState::Authorised => None,
        },
        Err(PaymentError::NotFound) => Some(PaymentStage::Voided),
        Err(_) => None,
    };
    let Some(to) = back else { return Ok(Settled::Waits) };
    let clerk = ShopClerk(shop.stores.chance.clone());
    if shop.journal.undone(key, to, &clerk).await? {
        metrics::counter!("payments_given_back_total").increment(1);
        tell(shop, key.claim_id).await;
    }
    Ok(Settled::Ended)
}

/// Money was taken and there is no order: it goes back, and people hear of it.
async fn refund(shop: &Shop, key: PaymentKey) -> bool {
    metrics::counter!("payment_alarms_total", "why" => "captured_without_order").increment(1);
    tracing::error!(claim_id = %key.claim_id, attempt = key.attempt, "captured without an order: refunding");
    let answer = ask(shop, shop.stores.payments.refund(key)).await;
    answer.is_ok_and(|payment| payment.state == PaymentState::Refunded)
}
