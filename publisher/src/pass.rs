//! The pass: minted from the committed row wherever a held claim is handed out.

use kit::tokens::{Keys, Pass};
use sale::{
    claim::{ClaimState, ClaimView},
    money::Money,
    time::UnixMs,
};

/// The purchase pass of a held claim; `None` for any other. `price` is of one unit.
///
/// Shape: `row` must come from the journal, not from the bus: the deadline may have moved since.
pub(crate) fn mint(keys: &Keys, row: &ClaimView, price: Money, now: UnixMs) -> Option<String> {
    if row.state != ClaimState::Held {
        return None;
    }
    let pass = Pass {
        buyer_id: row.buyer_id,
        claim_id: row.claim_id,
        sale_item_id: row.sale_item_id,
        quantity: row.quantity,
        amount: price.times(row.quantity)?,
        generation: row.generation?,
        deadline: row.deadline?,
    };
    Some(keys.pass(pass, now))
}
