//! The turn: whether a later attempt follows the ones before it. A number out of turn would be refused on the queue, for good.

use tokio::time::timeout;

use super::{Accept, Ask, Found, READ_WAIT, Refusal};
use crate::pass::mint;

impl Accept {
    /// Lets a first attempt pass, and a later one if every lower one has ended. Behind the buyer's own rate: it is not memory.
    ///
    /// Errors: `AlreadyClaimed` with the claim in the way; `Invalid` where there is none. A journal that is silent is no
    /// error: it decides the claim anyway.
    pub(super) async fn in_turn(&self, ask: &Ask, found: &Found) -> Result<(), Refusal> {
        if ask.attempt == 1 {
            return Ok(());
        }
        let read = timeout(READ_WAIT, self.journal.claims_of(ask.buyer, Some(ask.item)));
        let Ok(Ok(rows)) = read.await else { return Ok(()) };
        if let Some(row) = rows.iter().find(|row| !row.state.is_terminal() || row.attempt == ask.attempt) {
            let pass = mint(&self.keys, row, found.shelf().item.price, self.schedule.now());
            return Err(Refusal::already(row.clone(), pass));
        }
        let ended = rows.iter().filter(|row| row.attempt < ask.attempt).count();
        if u32::try_from(ended).is_ok_and(|ended| ended + 1 == ask.attempt) {
            return Ok(());
        }
        // Newest first.
        Err(rows.into_iter().next().map_or(Refusal::Invalid("attempt", 1), |row| Refusal::already(row, None)))
    }
}
