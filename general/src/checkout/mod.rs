//! Checkout: a hold is paid for, or it is not; nobody is charged without a unit.
//!
//! [`post`] answers the buyer, [`pay`] is the path of the money, [`reconcile`] ends what that path left open, [`background`],
//! [`walk`] and [`capture`] work unasked.

use std::sync::Arc;

use axum::Extension;
use kit::lifecycle::Lifecycle;
use sale::{
    ids::ClaimId,
    port::payments::{Payment, PaymentError, PaymentKey},
    told::Told,
};
use tokio::sync::mpsc;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::shop::Shop;

mod answer;
mod background;
mod body;
mod breaker;
mod capture;
mod clerk;
mod config;
mod pay;
mod post;
pub mod reconcile;
mod walk;

pub use background::sweep_once;
pub use capture::capture_once;
pub use clerk::ShopClerk;
pub use config::CheckoutConfig;
pub use pay::{Refusal, pay};
pub use reconcile::{Settled, reconcile};
pub use walk::Walk;

/// Keys waiting to be reconciled at once; the sweep finds those that do not fit.
const POKES_MAX: usize = 1024;

/// What checkout needs beside the shop. One for the process, cheap to clone.
#[derive(Clone)]
pub struct Till(Arc<Inner>);

struct Inner {
    breaker: breaker::Breaker,
    /// Keys whose own request will not end them.
    pokes: mpsc::Sender<PaymentKey>,
    life: Lifecycle,
}

impl Till {
    /// A till, and the keys it hands over for reconciling.
    pub fn new(shop: &Shop, life: Lifecycle) -> (Self, mpsc::Receiver<PaymentKey>) {
        let (pokes, poked) = mpsc::channel(POKES_MAX);
        let breaker = breaker::Breaker::new(&shop.config.checkout);
        (Self(Arc::new(Inner { breaker, pokes, life })), poked)
    }

    /// Asks for this payment to be ended soon. A hint: the sweep is the guarantee.
    fn poke(&self, key: PaymentKey) {
        if self.0.pokes.try_send(key).is_err() {
            metrics::counter!("payment_pokes_dropped_total").increment(1);
        }
    }
}

/// Opens the till and spawns what works behind it; the routes find it in the extension.
pub fn start(shop: &Shop, life: &Lifecycle) -> Extension<Till> {
    let (till, poked) = Till::new(shop, life.clone());
    background::spawn(shop, poked, life);
    Extension(till)
}

pub fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(post::post))
}

/// Tells a buyer's claim as it stands committed. Telling never fails the teller: what is not told is read.
async fn tell(shop: &Shop, claim: ClaimId) {
    match shop.journal.claim(claim).await {
        Ok(Some(view)) => shop.stores.bus.tell(vec![Told::Claim(view)]).await,
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, claim_id = %claim, "a claim could not be re-read to be told"),
    }
}

/// Waits for the provider within the bound; beyond it the answer is unknown.
async fn ask(shop: &Shop, call: impl Future<Output = Result<Payment, PaymentError>>) -> Result<Payment, PaymentError> {
    let wait = shop.config.checkout.provider_wait.get();
    tokio::time::timeout(wait, call).await.unwrap_or(Err(PaymentError::Unknown))
}
