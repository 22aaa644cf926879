//! The change log: every committed change of units or claims, in commit order. The verdict reads it.

use sale::{
    ids::{ClaimId, SaleItemId},
    time::UnixMs,
};

use crate::{args, db::Tx, sql};

/// One line of the log. Counters are the item's after the change; a change that moves none leaves them out.
pub(crate) struct Change<'a> {
    pub what: &'a str,
    pub claim: Option<ClaimId>,
    pub quantity: u32,
    pub counters: Option<(u32, u32)>,
    pub deadline: Option<UnixMs>,
}

pub(crate) fn log_change(tx: &mut Tx, at: UnixMs, item: SaleItemId, change: Change<'_>) {
    let (taken, waiting) = change.counters.map_or((None, None), |(t, w)| (Some(i64::from(t)), Some(i64::from(w))));
    let args =
        args![at, item, change.claim.map(|c| c.0), change.what, change.quantity, taken, waiting, change.deadline];
    tx.later(sql!("change_log/insert"), args);
}
