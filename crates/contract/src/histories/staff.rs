//! Staff, and time: what moves deadlines, the close and the allotment.

use journal::staff::{Done, StaffError};
use sale::model::Command;

use super::pair::Pair;

const SECOND_MS: u16 = 1_000;

impl Pair<'_> {
    /// A verb of the staff: done on both sides or on neither.
    pub async fn staff(&mut self, verb: Command) {
        self.told = None;
        let marks = |pair: &Self| (pair.model.journal.sale.row_version, pair.model.relays.len());
        let before = marks(self);
        let done = self.obeyed(&verb).await;
        self.model.step(verb.clone());
        let changed = marks(self) != before;
        match done {
            Ok(done) => {
                assert!(changed, "the journal did {verb:?}, the model did not");
                self.relays.extend(done.items.into_iter().map(|moved| (moved.sale_item_id, moved.levels)));
            }
            Err(StaffError::Journal(error)) => panic!("{verb:?}: {error}"),
            Err(error) => assert!(!changed, "the model did {verb:?}, the journal did not: {error}"),
        }
    }

    async fn obeyed(&self, verb: &Command) -> Result<Done, StaffError> {
        let (journal, id) = (&self.bench.journal, self.model.journal.sale.id);
        match *verb {
            Command::Pause => journal.pause_sale(self.staff, id).await,
            Command::Resume => journal.resume_sale(self.staff, id).await,
            Command::Close => journal.close_sale(self.staff, id).await,
            Command::Extend { ms } => {
                let closes_at = self.model.journal.sale.closes_at + i64::from(ms);
                journal.extend_sale(self.staff, id, closes_at).await
            }
            Command::Restock { item, units } => {
                journal.restock(self.staff, id, self.model.item_id(item), units.into()).await
            }
            ref other => unreachable!("{other:?} is no verb of the staff"),
        }
    }

    /// Time passes and nobody is there to see it.
    pub fn jump(&mut self, ms: u16) {
        self.model.step(Command::Jump { ms });
        self.bench.clock.set(self.model.now);
    }

    pub fn back(&mut self, ms: u16) {
        self.set_back = true;
        self.model.now = self.model.now + -i64::from(ms);
        self.bench.clock.set(self.model.now);
    }

    pub async fn beat(&mut self) {
        // A heartbeat moves deadlines without naming their claims.
        self.told = None;
        self.model.step(Command::Beat);
        self.bench.journal.beat().await.expect("a heartbeat");
    }

    /// Every second the heart beats, and the sweeper looks where there is something to do.
    pub async fn pass(&mut self, seconds: u8) {
        for _ in 0..seconds {
            self.stride(SECOND_MS).await;
        }
    }

    pub async fn stride(&mut self, ms: u16) {
        self.jump(ms);
        self.beat().await;
        self.sweep_due().await;
    }

    async fn sweep_due(&mut self) {
        let due = self.bench.journal.items_to_sweep().await.expect("the journal");
        for item in 0..self.model.plan.items {
            if due.contains(&self.model.item_id(item)) {
                self.sweep(item).await;
            }
        }
    }

    pub async fn sweep(&mut self, item: u8) {
        let id = self.model.item_id(item);
        let due = self.bench.journal.items_to_sweep().await.expect("the journal").contains(&id);
        let before = (self.model.relays.len(), self.model.journal.log.len());
        self.model.step(Command::Sweep { item });
        let swept = self.model.relays.len() > before.0;
        // Behind a clock that was set back the item's own last time is what counts, and only its lock knows that.
        let quiet = due || self.set_back || self.model.journal.log.len() == before.1;
        assert!(quiet, "a sweep of {id} found what nobody called due");
        match self.bench.journal.sweep(id).await {
            Ok(ratified) => {
                assert!(swept, "the journal swept {id}, the model did not");
                self.committed(ratified);
            }
            Err(error) => assert!(!swept, "the model swept {id}, the journal did not: {error}"),
        }
    }
}
