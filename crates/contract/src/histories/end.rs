//! The end: everything in flight arrives, the sale is over, and the journal's record is judged by the laws.

use journal::outbox::{CAPTURE, MAIL};
use sale::{
    model::Command,
    rules::DOUBT_MS,
    sale::Phase,
    time::UnixMs,
    verdict::{
        self, Record,
        observe::{Fault, FaultKind},
        record::LedgerRow,
    },
};

use super::{draw::Step, pair::Pair};

/// More rounds than the drain of a bounded history needs.
const ROUNDS_MAX: usize = 500;
const CHORES_MAX: u32 = 1_000;
/// Every chore is due by then, also those written before the clock was set back.
const END_OF_TIME: UnixMs = UnixMs(i64::MAX);
/// As far as the clock may go at once without a jump.
const STRIDE_MS: u16 = 5_000;
/// After the last promise, until all is called still.
const REST_MS: i64 = 61_000;
/// The laws that read the change log by its instants: where the clock was set back, its lines do not stand in their order.
const LAWS_OF_TIME: [u8; 2] = [8, 17];

impl Pair<'_> {
    /// Rest, close, and every promise runs out; the record of it all.
    pub async fn finish(&mut self) -> Record {
        self.drain().await;
        self.judged("at rest").await;
        self.live(Step::Of(Command::Close)).await;
        let hold_ms = i64::from(self.model.plan.hold_s) * 1000;
        let (beat, closed) = (self.model.journal.beat, self.model.journal.sale.closes_at);
        let end = closed.max(beat).max(self.model.now) + (hold_ms + DOUBT_MS + REST_MS);
        while self.model.now < end {
            self.live(Step::Stride { ms: STRIDE_MS }).await;
        }
        self.drain().await;
        let record = self.judged("after the end").await;
        assert!(verdict::ended(&record), "the end was never judged");
        record
    }

    /// Queue, ledger, provider and outbox come to rest. The sale goes on.
    async fn drain(&mut self) {
        self.live(Step::Of(Command::Beat)).await;
        if self.model.journal.sale.phase(self.model.now) == Phase::Paused {
            self.live(Step::Of(Command::Resume)).await;
        }
        self.model.hands.clear();
        self.live(Step::Of(Command::Crash)).await;
        for _ in 0..ROUNDS_MAX {
            if self.model.queue.is_empty() {
                break;
            }
            self.live(Step::Serve { max: 8 }).await;
        }
        assert!(self.model.queue.is_empty(), "the queue does not drain");
        while !self.open_payments().is_empty() {
            self.live(Step::Of(Command::Cancel { pick: 0 })).await;
        }
        self.work().await;
        for item in 0..self.model.plan.items {
            self.live(Step::Of(Command::Sweep { item })).await;
            // The first look may find a lost ledger, the second tells the new one.
            self.live(Step::Of(Command::Reconcile { item })).await;
            self.live(Step::Of(Command::Reconcile { item })).await;
        }
    }

    /// The outbox does all its work, on both sides.
    async fn work(&mut self) {
        while self.model.journal.outbox.iter().any(|job| !job.done) {
            self.model.step(Command::Work { pick: 0, forget: false });
        }
        let journal = &self.bench.journal;
        let captures = journal.outbox_due(CAPTURE, CHORES_MAX, END_OF_TIME).await.expect("the outbox");
        let ends: Vec<_> = captures.iter().map(|chore| (chore.id, chore.read().expect("a key"), true)).collect();
        journal.captures_ended(&ends).await.expect("captures");
        let mails = journal.outbox_due(MAIL, CHORES_MAX, END_OF_TIME).await.expect("the outbox");
        journal.outbox_done(&mails.iter().map(|chore| chore.id).collect::<Vec<_>>()).await.expect("mails");
    }

    /// The journal's own record, with the ledger beside it, breaks no law.
    async fn judged(&self, when: &str) -> Record {
        let mut record = self.bench.journal.record().await.expect("the journal's record");
        for item in &record.items {
            let levels = self.bench.ledger.read(item.id).await.expect("a ledger that was reconciled");
            record.ledger.push(LedgerRow { sale_item_id: item.id, levels });
        }
        record.shifts = self.model.journal.shifts.clone();
        // A history says nothing about speed: a step may come at any time.
        let from = record.changes.first().map_or(record.at, |change| change.at);
        record.faults.push(Fault {
            from,
            healed_at: self.model.journal.sale.closes_at.min(record.at),
            kind: FaultKind::Other,
        });
        let mut broken = verdict::check(&record);
        if self.set_back {
            broken.retain(|violation| !LAWS_OF_TIME.contains(&violation.law));
        }
        assert_eq!(broken, vec![], "{when}");
        record
    }
}
