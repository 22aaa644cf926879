//! Lose: the ledger forgets, is told what it must show, and begins new lives; the journal's word reaches it late or never.

use sale::{
    ids::SaleItemId,
    model::{Command, ledger::Ledger},
    port::ledger::{Kind, LedgerError, Levels},
};

use super::pair::{Pair, nth};

impl Pair<'_> {
    /// Every item falls back by so many writes, and with them the memory of who was granted what; with 0, all is gone.
    pub async fn lose(&mut self, back: u8) {
        for item in 0..self.model.plan.items {
            self.model.step(Command::LoseWrites { item, back });
        }
        (self.bench.forget)().await;
        let kept: Vec<_> = self.model.ledger.iter().map(|(item, ledger)| (*item, ledger.levels())).collect();
        for (item, levels) in kept {
            self.put(item, levels).await;
        }
    }

    /// Items that the ledger lost are built again at the epoch that is.
    pub async fn build(&mut self) {
        let items = self.model.journal.items.values().map(|item| (item.row.id, item.row.levels));
        let lost: Vec<_> = items.filter(|(item, _)| !self.model.ledger.contains_key(item)).collect();
        for (item, levels) in lost {
            self.put(item, levels).await;
        }
    }

    async fn put(&mut self, item: SaleItemId, levels: Levels) {
        self.bench.ledger.rebuild(item, levels).await.expect("a ledger that begins");
        self.model.ledger.insert(item, Ledger::at(levels));
    }

    /// One of the journal's tellings arrives, or is lost.
    pub async fn relay(&mut self, pick: u8, lose: bool) {
        let Some(n) = nth(pick, self.relays.len()) else { return };
        let (item, levels) = self.relays.remove(n);
        self.model.step(Command::Relay { pick, lose });
        if !lose {
            self.raise(item, levels).await;
        }
    }

    /// Compares what the ledger shows with the journal, and mends it.
    pub async fn reconcile(&mut self, item: u8) {
        let id = self.model.item_id(item);
        let deciding = self.model.queue.iter().any(|queued| queued.command.claim().sale_item_id == id)
            || self.model.hands.iter().any(|batch| batch.item == id);
        self.model.step(Command::Reconcile { item });
        let journal = self.levels(id).await;
        match self.bench.ledger.read(id).await {
            Err(LedgerError::Missing) => self.raise_epoch(id).await,
            Err(error) => panic!("{error}"),
            Ok(ledger) if ledger.epoch != journal.epoch => self.rebuild(id).await,
            Ok(ledger) if is_wrong(ledger, journal, deciding) => self.raise_epoch(id).await,
            Ok(_) => self.raise(id, journal).await,
        }
    }

    /// A new epoch begins, above the journal's and the ledger's.
    pub async fn raise_epoch(&self, item: SaleItemId) {
        let above = self.bench.ledger.read(item).await.map_or(0, |levels| levels.epoch);
        let levels = self.bench.journal.raise_epoch(item, above).await.expect("a new epoch");
        self.bench.ledger.rebuild(item, levels).await.expect("a ledger of the new epoch");
    }

    /// The ledger is brought to the journal's epoch; one that is there already is only told its levels.
    pub async fn rebuild(&self, item: SaleItemId) {
        let levels = self.levels(item).await;
        let there = self.bench.ledger.read(item).await.is_ok_and(|ledger| ledger.epoch == levels.epoch);
        if there {
            self.raise(item, levels).await;
        } else {
            self.bench.ledger.rebuild(item, levels).await.expect("a ledger of an older epoch, or none");
        }
    }

    async fn raise(&self, item: SaleItemId, levels: Levels) {
        match self.bench.ledger.raise(item, levels).await {
            // Another life of the ledger: the next look sends a newer word.
            Ok(_) | Err(LedgerError::Missing | LedgerError::OtherEpoch(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn levels(&self, item: SaleItemId) -> Levels {
        self.bench.journal.levels(item).await.expect("the journal").expect("a planned item")
    }
}

/// Behind the journal it lost writes; ahead of it while nobody decides it granted what nobody will bring.
fn is_wrong(ledger: Levels, journal: Levels, deciding: bool) -> bool {
    [Kind::Units, Kind::Places].into_iter().any(|kind| {
        let (ledger, journal) = (ledger.of(kind).granted, journal.of(kind).granted);
        ledger < journal || (ledger > journal && !deciding)
    })
}
