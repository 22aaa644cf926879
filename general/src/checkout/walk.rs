//! The walk along the provider's own list: money that arrived without a row of ours in the right state goes back.

use std::collections::HashSet;

use sale::{port::payments::PaymentKey, time::UnixMs};

use super::{Settled, background::look_into, pay::is_money};
use crate::shop::Shop;

/// Payments read from the list at one time.
const PAGE: usize = 200;
/// Pages walked in one go.
const PAGES_MAX: usize = 20;
/// Payments that found no end yet and are looked into again in every walk; where there are more, the walk waits for them.
const OPEN_MAX: usize = 1_000;

/// Where the next walk begins.
pub struct Walk {
    since: UnixMs,
    /// Behind us, without an end: one that cannot be given back keeps nobody else waiting.
    open: HashSet<PaymentKey>,
}

impl Walk {
    pub fn from(since: UnixMs) -> Self {
        Self { since, open: HashSet::new() }
    }

    /// Looks again into what found no end, then on along the list. Whatever does not answer is asked the next time.
    pub async fn go_on(&mut self, shop: &Shop) {
        for key in self.open.clone() {
            match look_into(shop, key, false).await {
                Some(Settled::Ended) => _ = self.open.remove(&key),
                Some(Settled::Waits) => {}
                None => return,
            }
        }
        let wait = shop.config.checkout.provider_wait.get();
        for _ in 0..PAGES_MAX {
            let list = tokio::time::timeout(wait, shop.stores.payments.changed_since(self.since, PAGE)).await;
            let Ok(Ok(list)) = list else { return };
            for payment in &list {
                if is_money(payment.state) && !self.is_behind(shop, payment.key).await {
                    return;
                }
                self.since = payment.changed_at + 1;
            }
            if list.len() < PAGE {
                return;
            }
        }
    }

    /// Whether this one has its end, or is remembered as having none.
    async fn is_behind(&mut self, shop: &Shop, key: PaymentKey) -> bool {
        match look_into(shop, key, false).await {
            Some(Settled::Ended) => true,
            Some(Settled::Waits) if self.open.len() < OPEN_MAX || self.open.contains(&key) => {
                self.open.insert(key);
                true
            }
            Some(Settled::Waits) | None => false,
        }
    }
}
