//! Capture: the money of every order is taken, or staff are told that it cannot be.

use futures_util::StreamExt;
use journal::{
    JournalError,
    outbox::{CAPTURE, Chore},
};
use sale::port::payments::{PaymentError, PaymentKey, PaymentState};

use super::ask;
use crate::shop::Shop;

const BATCH_MAX: u32 = 64;
const PARALLEL: usize = 8;
const RETRY_FIRST_MS: i64 = 1_000;
const RETRY_MAX_MS: i64 = 60_000;
/// About a week at the slowest pace: as long as a card's authorisation lives.
const TRIES_MAX: u32 = 10_000;

enum End {
    Taken,
    Never,
    Later,
}

impl End {
    fn word(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Never => "never",
            Self::Later => "later",
        }
    }
}

/// Captures one batch of what is due. `true` where there may be more.
///
/// Repeat: capturing twice under one key takes the money once.
pub async fn capture_once(shop: &Shop) -> Result<bool, JournalError> {
    let now = shop.journal.clock().await?;
    let due = shop.journal.outbox_due(CAPTURE, BATCH_MAX, now).await?;
    let full = due.len() == BATCH_MAX as usize;
    let tried: Vec<_> = futures_util::stream::iter(due)
        .map(|chore| async move {
            let end = capture(shop, &chore).await;
            (chore, end)
        })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    let mut ends = Vec::new();
    for (chore, end) in tried {
        metrics::counter!("captures_total", "end" => end.as_ref().map_or("unreadable", |(_, end)| end.word()))
            .increment(1);
        match end {
            Some((key, End::Taken)) => ends.push((chore.id, key, true)),
            Some((key, End::Never)) => ends.push((chore.id, key, false)),
            Some((_, End::Later)) => shop.journal.outbox_later(chore.id, now + retry_ms(chore.tries)).await?,
            None => shop.journal.outbox_park(chore.id, "cannot be read").await?,
        }
    }
    shop.journal.captures_ended(&ends).await?;
    Ok(full)
}

async fn capture(shop: &Shop, chore: &Chore) -> Option<(PaymentKey, End)> {
    let key: PaymentKey = chore.read().ok()?;
    let end = match ask(shop, shop.stores.payments.capture(key)).await {
        Ok(payment) if payment.state == PaymentState::Captured => End::Taken,
        Err(PaymentError::Unknown) if chore.tries < TRIES_MAX => End::Later,
        answer => {
            let state = answer.map_or_else(|error| error.to_string(), |payment| format!("{:?}", payment.state));
            metrics::counter!("payment_alarms_total", "why" => "capture_failed").increment(1);
            tracing::error!(claim_id = %key.claim_id, attempt = key.attempt, state, "an order's money cannot be taken");
            End::Never
        }
    };
    Some((key, end))
}

fn retry_ms(tries: u32) -> i64 {
    (RETRY_FIRST_MS << tries.min(6)).min(RETRY_MAX_MS)
}
