//! Announcing: what was committed is told to people and to the ledger, neither waiting for the other.

use std::time::Duration;

use journal::claim::Ratified;
use sale::{
    claim::{ClaimState, ClaimView, Reason},
    ids::SaleItemId,
    port::ledger::{LedgerError, Levels},
    told::Told,
};
use tokio::time::timeout;

use crate::counter::Counter;

/// People do not wait for a ledger that hangs: the next hold that is over may be due.
const RAISE_WAIT: Duration = Duration::from_millis(300);

/// Counts a committed change by what its claim is now, and why it was refused if it was.
fn count(claim: &ClaimView) {
    let reason = claim.reason.map_or("none", Reason::as_str);
    metrics::counter!("claims_changed_total", "state" => word(claim.state), "reason" => reason).increment(1);
}

fn word(state: ClaimState) -> &'static str {
    match state {
        ClaimState::Received => "received",
        ClaimState::Held => "held",
        ClaimState::Standby => "standby",
        ClaimState::Paying => "paying",
        ClaimState::Paid => "paid",
        ClaimState::Refused => "refused",
        ClaimState::Expired => "expired",
        ClaimState::Withdrawn => "withdrawn",
    }
}

impl Counter {
    /// Tells what a committed transaction changed. Nothing here can fail the commit: who misses it is told again by the relay.
    pub async fn announce(&self, done: Ratified) {
        let Ratified { sale_id, sale_item_id, claims, levels, levels_moved, stock, knocks } = done;
        claims.iter().for_each(count);
        let mut told: Vec<Told> = claims.into_iter().map(Told::Claim).collect();
        told.extend(self.board.note(sale_id, sale_item_id, stock, levels.gate_open()));
        let raise = async {
            if levels_moved {
                self.raise(sale_item_id, levels).await;
            }
        };
        tokio::join!(self.stores.bus.tell(told), raise, self.stores.timers.arm(knocks));
    }

    /// Tells one claim by itself: nothing else changed with it.
    pub async fn announce_claim(&self, claim: ClaimView) {
        count(&claim);
        self.stores.bus.tell(vec![Told::Claim(claim)]).await;
    }

    async fn raise(&self, item: SaleItemId, levels: Levels) {
        let raised = timeout(RAISE_WAIT, self.stores.ledger.raise(item, levels)).await;
        // The reconciler sends the same levels every second, and builds what is missing.
        if let Err(error) = raised.unwrap_or(Err(LedgerError::Unavailable)) {
            tracing::debug!(sale_item = %item, %error, "the ledger could not be raised now");
        }
    }
}
