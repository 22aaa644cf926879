//! Background: who looks into payments unasked: at once when poked or hinted, and every second whatever happened.

use std::time::Duration;

use futures_util::StreamExt;
use journal::{JournalError, checkout::PaymentRow};
use kit::lifecycle::Lifecycle;
use sale::port::payments::{PaymentKey, PaymentState};
use tokio::sync::mpsc;

use super::{
    Settled,
    capture::capture_once,
    pay::is_money,
    reconcile::{reconcile, untouched_since},
    walk::Walk,
};
use crate::shop::Shop;

/// Payments read from the journal at one time.
const PAGE: usize = 200;
/// Payments looked into at one time.
const PARALLEL: usize = 8;
/// Answers that need not be kept are forgotten this often.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// A provider whose webhooks fail at once must not be asked in a circle.
const HINT_PAUSE: Duration = Duration::from_millis(1);

/// Spawns every task of checkout; each ends at the soft stop, with what it has in hand.
pub fn spawn(shop: &Shop, poked: mpsc::Receiver<PaymentKey>, life: &Lifecycle) {
    life.spawn("payments poked", pokes(shop.clone(), poked, life.clone()));
    life.spawn("payment webhooks", hints(shop.clone(), life.clone()));
    life.spawn("payment sweeper", sweeps(shop.clone(), life.clone()));
    life.spawn("capture relay", captures(shop.clone(), life.clone()));
    let (shop, watch) = (shop.clone(), life.clone());
    life.spawn("answers forgotten", async move {
        while watch.sleep(FORGET_EVERY).await {
            forget(&shop).await;
        }
    });
}

async fn pokes(shop: Shop, mut poked: mpsc::Receiver<PaymentKey>, life: Lifecycle) {
    let soft = life.soft();
    loop {
        let key = tokio::select! {
            biased;
            () = soft.cancelled() => return,
            key = poked.recv() => key,
        };
        let Some(key) = key else { return };
        look_into(&shop, key, true).await;
    }
}

/// A webhook is only a reason to look: what it says is never taken for the truth.
async fn hints(shop: Shop, life: Lifecycle) {
    let soft = life.soft();
    loop {
        let hint = tokio::select! {
            biased;
            () = soft.cancelled() => return,
            hint = shop.stores.payments.webhook() => hint,
        };
        if is_money(hint.state) || hint.state == PaymentState::Declined {
            look_into(&shop, hint.key, false).await;
        }
        tokio::time::sleep(HINT_PAUSE).await;
    }
}

async fn sweeps(shop: Shop, life: Lifecycle) {
    let lookback_ms = shop.config.checkout.list_lookback.ms();
    let mut walk = Walk::from(shop.stores.clock.now() + -lookback_ms);
    while life.sleep(shop.config.checkout.reconcile_every.get()).await {
        if let Err(error) = sweep_once(&shop).await {
            tracing::warn!(%error, "open payments are looked into the next time");
        }
        walk.go_on(&shop).await;
    }
}

async fn captures(shop: Shop, life: Lifecycle) {
    while life.sleep(shop.config.checkout.capture_every.get()).await {
        while !life.is_stopping() {
            match capture_once(&shop).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "captures are tried the next time");
                    break;
                }
            }
        }
    }
}

/// Looks into every payment without an end whose own request cannot be at work any more.
pub async fn sweep_once(shop: &Shop) -> Result<(), JournalError> {
    let (mut last, mut seen): (Option<PaymentRow>, usize) = (None, 0);
    // One instant for all pages: what a look touches is not seen again in this round, or it would have no end.
    let untouched = untouched_since(shop, shop.journal.clock().await?);
    loop {
        let page = shop.journal.payments_open(untouched, last.as_ref(), PAGE as u32).await?;
        futures_util::stream::iter(page.iter().map(|row| row.key))
            .for_each_concurrent(PARALLEL, |key| async move { _ = look_into(shop, key, false).await })
            .await;
        seen += page.len();
        if page.len() < PAGE {
            metrics::gauge!("payments_open").set(seen as f64);
            return Ok(());
        }
        last = page.into_iter().next_back();
    }
}

/// `None` where nobody could be asked.
pub(super) async fn look_into(shop: &Shop, key: PaymentKey, abandoned: bool) -> Option<Settled> {
    match reconcile(shop, key, abandoned).await {
        Ok(settled) => Some(settled),
        Err(error) => {
            tracing::warn!(%error, claim_id = %key.claim_id, attempt = key.attempt, "a payment is looked into later");
            None
        }
    }
}

async fn forget(shop: &Shop) {
    let before = shop.stores.clock.now() + -shop.config.checkout.answers_kept.ms();
    if let Err(error) = shop.journal.forget_answers(before).await {
        tracing::warn!(%error, "old answers are forgotten the next time");
    }
}
