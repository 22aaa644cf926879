//! The relay: how the ledger learns what the journal did, and how either notices that it lost something.

use super::{Model, ledger::Ledger, nth};
use crate::{
    ids::SaleItemId,
    port::ledger::{Kind, Levels},
};

impl Model {
    /// One telling arrives, in any order, or never. The maximum makes all of that harmless.
    pub(super) fn relay(&mut self, pick: u8, lose: bool) {
        let Some(n) = nth(pick, self.relays.len()) else { return };
        let (item, levels) = self.relays.remove(n);
        if !lose {
            self.inform(item, levels);
        }
    }

    fn inform(&mut self, item: SaleItemId, levels: Levels) {
        if let Some(ledger) = self.ledger.get_mut(&item) {
            // Another epoch: the telling is void, the reconciler sends a newer one.
            let _ = ledger.raise(levels);
        }
    }

    /// Reads the journal, then the ledger: sends the level again, or starts a new epoch where the ledger fell behind.
    pub(super) fn reconcile(&mut self, item: u8) {
        let item = self.item_id(item);
        let Some(levels) = self.journal.items.get(&item).map(|i| i.row.levels) else { return };
        let Some(ledger) = self.ledger.get(&item).map(Ledger::levels) else { return self.raise_epoch(item) };
        // Behind: it lost writes. Ahead while nobody decides: a grant whose taker died after another had decided its claim; it would
        // keep the gates closed before a unit that is free.
        let lost = |kind| ledger.of(kind).granted < levels.of(kind).granted;
        let leaked = |kind| ledger.of(kind).granted > levels.of(kind).granted && !self.is_deciding(item);
        let wrong = |kind| lost(kind) || leaked(kind);
        if ledger.epoch == levels.epoch && (wrong(Kind::Units) || wrong(Kind::Places)) {
            self.raise_epoch(item);
        } else if ledger.epoch == levels.epoch {
            self.inform(item, levels);
        } else {
            self.rebuild(item);
        }
    }

    /// Whether a command of the item waits, or is in anybody's hand.
    fn is_deciding(&self, item: SaleItemId) -> bool {
        self.queue.iter().any(|q| q.command.claim().sale_item_id == item)
            || self.hands.iter().any(|batch| batch.item == item)
    }

    /// The journal starts an epoch above its own and the ledger's, and the ledger goes on from there.
    pub(super) fn raise_epoch(&mut self, item: SaleItemId) {
        let ledger_epoch = self.ledger.get(&item).map_or(0, |ledger| ledger.levels().epoch);
        if let Some(row) = self.journal.items.get_mut(&item).map(|i| &mut i.row) {
            row.levels.epoch = row.levels.epoch.max(ledger_epoch) + 1;
        }
        self.rebuild(item);
    }

    /// Writes the journal's counters over an older ledger. One of the journal's own epoch is only told of them.
    pub(super) fn rebuild(&mut self, item: SaleItemId) {
        let Some(levels) = self.journal.items.get(&item).map(|i| i.row.levels) else { return };
        match self.ledger.get_mut(&item) {
            Some(ledger) if ledger.levels().epoch == levels.epoch => drop(ledger.raise(levels)),
            // A later epoch there: the journal that started it was read too early; the next round sees it.
            Some(ledger) => drop(ledger.rebuild(levels)),
            None => drop(self.ledger.insert(item, Ledger::at(levels))),
        }
    }

    /// A store that forgets: its last writes, or everything.
    pub(super) fn lose_writes(&mut self, item: u8, back: u8) {
        let item = self.item_id(item);
        if back == 0 {
            self.ledger.remove(&item);
        } else if let Some(ledger) = self.ledger.get_mut(&item) {
            ledger.lose(back.into());
        }
    }
}
