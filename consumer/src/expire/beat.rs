//! The heartbeat: proof that the journal's clock goes; where it stood still, everybody is given the time back.

use std::sync::Arc;

use journal::{JournalError, heartbeat::Beat, sales::SaleView};
use sale::{claim::ClaimView, port::timers::Knock, rules::GRACE_MS, told::Told};

use crate::counter::Counter;

/// So many claims are told of a shift; who is beyond it reads their claim again when they come back.
const TOLD_MAX: u32 = 10_000;

/// Beats until the soft stop.
pub(crate) async fn run(counter: Arc<Counter>) {
    loop {
        match counter.journal.beat().await {
            Ok(beat) if beat.shifted_ms > 0 => counter.shifted(beat).await,
            Ok(_) => {}
            Err(error) => {
                metrics::counter!("beats_missed_total").increment(1);
                tracing::warn!(%error, "no heartbeat: nobody judges time until the journal answers");
            }
        }
        if !counter.life.sleep(counter.config.expire.beat_every.get()).await {
            return;
        }
    }
}

impl Counter {
    /// Every live deadline has moved: whoever holds something is told, and the doors read the closing times again.
    async fn shifted(&self, beat: Beat) {
        metrics::counter!("clock_shifts_total").increment(1);
        metrics::counter!("clock_shifted_ms_total").increment(beat.shifted_ms.unsigned_abs());
        tracing::warn!(shifted_ms = beat.shifted_ms, "the clock had stood still: every live deadline moved");
        let Some((claims, sales)) = self.moved(beat).await else { return };
        let knocks = claims.iter().filter_map(knock).collect();
        let told = sales.iter().map(|view| Told::Sale { sale_id: view.sale.id });
        let told = told.chain(claims.into_iter().map(Told::Claim)).collect();
        tokio::join!(self.stores.bus.tell(told), self.stores.timers.arm(knocks));
    }

    /// Whose deadlines moved, and the sales that go on; asked until the journal answers. `None`: the stop began before.
    async fn moved(&self, beat: Beat) -> Option<(Vec<ClaimView>, Vec<SaleView>)> {
        loop {
            let read = async {
                Ok::<_, JournalError>((
                    self.journal.claims_changed_since(beat.at, TOLD_MAX).await?,
                    self.journal.live_sales().await?,
                ))
            };
            match read.await {
                Ok(moved) => return Some(moved),
                Err(error) => tracing::warn!(%error, "who got more time is told when the journal answers"),
            }
            if !self.life.sleep(self.config.expire.beat_every.get()).await {
                return None;
            }
        }
    }
}

fn knock(claim: &ClaimView) -> Option<Knock> {
    let (claim_id, sale_item_id) = (claim.claim_id, claim.sale_item_id);
    Some(Knock { sale_item_id, claim_id, generation: claim.generation?, due_at: claim.deadline? + GRACE_MS })
}
