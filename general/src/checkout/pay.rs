//! Pay: the path of the money: begin, authorise, then an order, a held hold again, or doubt.

use journal::{
    JournalError,
    checkout::{Allocated, BeginError, Begun, DECLINED, Declined, IN_DOUBT, PAID, PayAsk, Started, Stored},
};
use sale::{
    money::Money,
    port::payments::{Payment, PaymentError, PaymentKey, PaymentState},
    time::UnixMs,
};
use thiserror::Error;
use tokio::time::Instant;

use super::{ShopClerk, Till, clerk, tell};
use crate::shop::Shop;

/// Why there is no stored answer.
#[derive(Debug, Error)]
pub enum Refusal {
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The breaker is open: nothing was begun.
    #[error("the payment provider rests")]
    ProviderRests { retry_after_ms: i64 },
}

impl From<JournalError> for Refusal {
    fn from(error: JournalError) -> Self {
        Self::Begin(error.into())
    }
}

/// What the provider's answer, or its silence, means for a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    /// And it stays so: no later yes is possible under this key.
    No,
    Unknown,
}

impl Verdict {
    pub(super) fn of(answer: &Result<Payment, PaymentError>) -> Self {
        match answer {
            Ok(payment) => Self::of_state(payment.state),
            // A no is a no. A yes is one only where the payment is seen whole: a state alone does not say whose it is, or of how much.
            Err(PaymentError::WrongState(state)) if !is_money(*state) => Self::of_state(*state),
            Err(PaymentError::WrongState(_) | PaymentError::Unknown | PaymentError::NotFound) => Self::Unknown,
        }
    }

    fn of_state(state: PaymentState) -> Self {
        match state {
            PaymentState::Authorised | PaymentState::Captured => Self::Yes,
            PaymentState::Declined | PaymentState::Voided | PaymentState::Refunded | PaymentState::Cancelled => {
                Self::No
            }
            PaymentState::Created => Self::Unknown,
        }
    }
}

/// Answers one request to pay, whoever has hung up meanwhile.
///
/// Repeat: the same key and question get the same answer and one effect.
/// Errors: nothing was begun, or the journal went silent: then the reconciler ends what was begun, and a repeat tells how.
pub async fn pay(shop: &Shop, till: &Till, ask: &PayAsk, token: &str) -> Result<Stored, Refusal> {
    match shop.journal.stored_answer(ask).await {
        Ok(Some(stored)) if stored.status != IN_DOUBT => return Ok(stored),
        // The hold may have ended meanwhile: beginning again tells.
        Ok(Some(_)) | Err(BeginError::InFlight) => {}
        Ok(None) => admit(shop, till, ask).await?,
        Err(error) => return Err(error.into()),
    }
    let clerk = ShopClerk(shop.stores.chance.clone());
    let started = match shop.journal.begin_payment(ask, &clerk).await? {
        Begun::Stored(stored) => return Ok(stored),
        Begun::Started(started) => started,
    };
    tell(shop, ask.claim_id).await;
    let verdict = authorise(shop, till, &started, token).await;
    let ended = end(shop, &clerk, started.key, verdict).await;
    if !matches!(ended, Ok(Some(_))) {
        till.poke(started.key);
    }
    metrics::counter!("payments_total", "verdict" => word(verdict)).increment(1);
    tell(shop, ask.claim_id).await;
    match ended? {
        Some(stored) => Ok(stored),
        None => in_doubt(shop, ask, started.key).await,
    }
}

/// Whether a new payment may go to the provider. Who is turned away gets more time for it, once: the provider is late, not they.
async fn admit(shop: &Shop, till: &Till, ask: &PayAsk) -> Result<(), Refusal> {
    let Err(retry_after_ms) = till.0.breaker.admit(now(shop).await?) else { return Ok(()) };
    let by_ms = shop.config.checkout.outage_extension.ms();
    match shop.journal.extend_hold_once(ask.claim_id, ask.buyer, by_ms).await {
        Ok(None) => {}
        Ok(Some(_)) => tell(shop, ask.claim_id).await,
        Err(error) => tracing::debug!(%error, claim_id = %ask.claim_id, "a hold could not be extended"),
    }
    metrics::counter!("payments_turned_away_total").increment(1);
    Err(Refusal::ProviderRests { retry_after_ms })
}

async fn now(shop: &Shop) -> Result<UnixMs, JournalError> {
    shop.journal.clock().await
}

/// Asks the provider, within the bound. Its silence is never a no.
async fn authorise(shop: &Shop, till: &Till, started: &Started, token: &str) -> Verdict {
    let (asked, wait) = (Instant::now(), shop.config.checkout.authorise_wait.get());
    let call = shop.stores.payments.authorise(started.key, started.amount, token);
    let answer = tokio::time::timeout(wait, call).await.unwrap_or(Err(PaymentError::Unknown));
    metrics::histogram!("payment_authorise_seconds").record(asked.elapsed());
    till.0.breaker.heard(answer != Err(PaymentError::Unknown), shop.stores.clock.now());
    if is_foreign(&answer, started.amount) { Verdict::Unknown } else { Verdict::of(&answer) }
}

/// The provider has money under this key.
pub(super) fn is_money(state: PaymentState) -> bool {
    matches!(state, PaymentState::Authorised | PaymentState::Captured)
}

/// Another amount under our key is not our payment: it is looked into, never taken for a yes.
pub(super) fn is_foreign(answer: &Result<Payment, PaymentError>, amount: Money) -> bool {
    answer.as_ref().is_ok_and(|payment| payment.amount != amount && is_money(payment.state))
}

/// Writes the ending; `None` where there is none yet, or somebody else wrote another.
pub(super) async fn end(
    shop: &Shop,
    clerk: &ShopClerk,
    key: PaymentKey,
    verdict: Verdict,
) -> Result<Option<Stored>, JournalError> {
    use journal::checkout::Clerk;
    Ok(match verdict {
        Verdict::Unknown => None,
        Verdict::Yes => match shop.journal.allocate(key, clerk).await? {
            Allocated::Order(order) | Allocated::Already(order) => {
                Some(Stored { status: PAID, body: clerk.paid(&order) })
            }
            Allocated::Stray => None,
        },
        Verdict::No => match shop.journal.decline(key, clerk).await? {
            Declined::Held { deadline } => Some(Stored { status: DECLINED, body: clerk.declined(deadline) }),
            Declined::Stray => None,
        },
    })
}

/// The answer while nobody knows; or the ending, where the reconciler was quicker.
async fn in_doubt(shop: &Shop, ask: &PayAsk, key: PaymentKey) -> Result<Stored, Refusal> {
    let body = clerk::paying(ask.claim_id);
    shop.journal.answer_in_doubt(key, &body).await?;
    match shop.journal.stored_answer(ask).await {
        Ok(Some(stored)) => Ok(stored),
        Ok(None) | Err(BeginError::InFlight) => Ok(Stored { status: IN_DOUBT, body }),
        Err(error) => Err(error.into()),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Yes => "yes",
        Verdict::No => "no",
        Verdict::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::ids::ClaimId;
    use uuid::Uuid;

    #[test]
    fn money_is_a_yes_only_where_its_amount_is_seen() {
        let amount = |amount_minor| Money { amount_minor, currency: "TWD".parse().unwrap() };
        let key = PaymentKey { claim_id: ClaimId(Uuid::from_u128(1)), attempt: 1 };
        let seen = |state| Ok(Payment { key, amount: amount(100), state, changed_at: UnixMs(1) });
        for state in [PaymentState::Authorised, PaymentState::Captured] {
            assert_eq!(Verdict::of(&seen(state)), Verdict::Yes);
            assert!(is_foreign(&seen(state), amount(99)) && !is_foreign(&seen(state), amount(100)));
            assert_eq!(Verdict::of(&Err(PaymentError::WrongState(state))), Verdict::Unknown, "{state:?}");
        }
        assert_eq!(Verdict::of(&Err(PaymentError::WrongState(PaymentState::Declined))), Verdict::No);
        assert!(!is_foreign(&seen(PaymentState::Declined), amount(99)));
    }
}
