//! The keys: everything of one item, in one slot.

use sale::ids::SaleItemId;

/// Every key that the ledger has of one item; the braces make the item's id its slot.
pub(super) struct Keys {
    /// Hash: the epoch, and granted, limit and drawn of both kinds.
    pub(super) counters: String,
    /// Hash: claim id to `epoch kind first quantity`. Never more entries than units and places were granted.
    pub(super) grants: String,
}

impl Keys {
    pub(super) fn of(prefix: &str, item: SaleItemId) -> Self {
        Self {
            counters: format!("{prefix}:ledger:{{{item}}}:counters"),
            grants: format!("{prefix}:ledger:{{{item}}}:grants"),
        }
    }

    pub(super) fn all(&self) -> [&str; 2] {
        [&self.counters, &self.grants]
    }
}
