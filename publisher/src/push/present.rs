//! The present: who (re)connects is first told how their claims stand.

use std::{sync::Arc, time::Duration};

use journal::JournalError;
use sale::{
    claim::ClaimView,
    ids::{SaleId, UserId},
};
use tokio::time::timeout;

use super::{Push, inbox::At};

/// A journal that takes longer is as good as silent.
pub(super) const READ_WAIT: Duration = Duration::from_secs(2);
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// Tells one line the newest claim on each item of these sales; asks until the journal answers or the line is not theirs any more.
pub(super) async fn present(push: Arc<Push>, line: At, buyer: UserId, sales: Vec<SaleId>) {
    while push.hub.sits(line, buyer) {
        match read(&push, buyer).await {
            Ok(claims) => {
                for row in claims.iter().filter(|row| sales.contains(&row.sale_id)) {
                    // Whoever else speaks through this line by now is told nothing of this buyer's.
                    if !push.hub.tell_one(line, row, push.claim_frame(row)) {
                        return;
                    }
                }
                return;
            }
            Err(error) => tracing::debug!(%error, "present claims wait for the journal"),
        }
        if !push.life.sleep(RETRY_EVERY).await {
            return;
        }
    }
}

/// The newest claim of this buyer on each item.
pub(super) async fn read(push: &Push, buyer: UserId) -> Result<Vec<ClaimView>, JournalError> {
    let silent = || JournalError::Unavailable("no answer in time".into());
    let _permit = push.reads.acquire().await.map_err(|_| silent())?;
    let all = timeout(READ_WAIT, push.journal.claims_of(buyer, None)).await.map_err(|_| silent())??;
    let mut newest: Vec<ClaimView> = vec![];
    for row in all {
        match newest.iter_mut().find(|known| known.sale_item_id == row.sale_item_id) {
            Some(known) if known.attempt < row.attempt => *known = row,
            Some(_) => {}
            None => newest.push(row),
        }
    }
    Ok(newest)
}
