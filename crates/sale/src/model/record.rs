//! The record of a model: what it wrote, told, paid and mailed, for the verdict; and how it is brought to rest.

use std::collections::BTreeMap;

use super::{
    Command, Model,
    state::{Item, Journal},
};
use crate::{
    hold::HoldState,
    rules::DOUBT_MS,
    sale::Stock,
    verdict::{
        Record,
        observe::{Fault, FaultKind},
        record::{HoldRow, LedgerRow, Left, Standing},
    },
};

/// More rounds than any drain of a bounded history needs: what is left after them stays in the record, for the laws to see.
const ROUNDS_MAX: usize = 500;

impl Model {
    /// Everything that was written down so far.
    pub fn record(&self) -> Record {
        let journal = &self.journal;
        Record {
            at: journal.beat,
            sales: vec![journal.sale.clone()],
            items: journal.items.values().map(|i| i.row.clone()).collect(),
            changes: journal.log.clone(),
            claims: journal.claims.values().cloned().collect(),
            holds: journal.holds.values().cloned().collect(),
            standby: journal.standby.values().cloned().collect(),
            orders: journal.orders.values().cloned().collect(),
            payments: journal.payments.values().cloned().collect(),
            shifts: journal.shifts.clone(),
            left: Left {
                queue: self.queue.len() as u64,
                outbox: journal.outbox.iter().filter(|j| !j.done).count() as u64,
            },
            still: self.still,
            ledger: self.ledger.iter().map(|(id, l)| LedgerRow { sale_item_id: *id, levels: l.levels() }).collect(),
            provider: Some(self.provider_log.clone()),
            mails: Some(self.mailbox.clone()),
            leaks: vec![],
            receipts: self.receipts.clone(),
            told: self.told.clone(),
            stocks: self.stocks.clone(),
            orders_told: self.orders_told.clone(),
            answers: self.answers.clone(),
            http: vec![],
            faults: self.slowness(),
            bounds: vec![],
            clock_error_ms: 0,
        }
    }

    /// A history says nothing about speed, since a step may come at any time: it is one long fault until all have heard.
    fn slowness(&self) -> Vec<Fault> {
        let mut heard = BTreeMap::new();
        for seen in &self.told {
            heard.entry(seen.claim_id).or_insert(seen.at);
        }
        let last = self.receipts.iter().map(|r| heard.get(&r.claim_id).copied().unwrap_or(r.at)).max();
        let fault = |(from, healed_at)| Fault { from, healed_at, kind: FaultKind::Other };
        self.receipts.first().map(|first| first.at).zip(last).map(fault).into_iter().collect()
    }

    /// Lets everything in flight arrive: queue, ledger, bus, provider, outbox. The sale goes on.
    pub fn quiesce(&mut self) {
        self.step(Command::Beat);
        self.step(Command::Resume);
        self.hands.clear();
        self.step(Command::Crash);
        for _ in 0..ROUNDS_MAX {
            if self.queue.is_empty() {
                break;
            }
            self.step(Command::Receive { max: 8 });
            for _ in 0..4 {
                self.step(Command::Take { batch: 0 });
                self.step(Command::Ratify { batch: 0 });
            }
            self.step(Command::Ack { batch: 0 });
        }
        self.settle_money();
        for item in 0..self.plan.items {
            self.step(Command::Sweep { item });
            // The first round may find a lost ledger, the second tells the new one.
            self.step(Command::Reconcile { item });
            self.step(Command::Reconcile { item });
        }
        while !self.bus.is_empty() {
            self.step(Command::Tell { pick: 0, lose: false, again: false });
        }
        for buyer in 0..self.plan.buyers {
            self.step(Command::Read { buyer });
        }
        self.still = true;
    }

    /// Every payment in doubt is asked about or ended, and the outbox does all its work.
    fn settle_money(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let open = |p: &Standing| matches!(p, Standing::Authorising | Standing::InDoubt);
            if !self.journal.payments.values().any(|p| open(&p.state)) {
                break;
            }
            self.step(Command::Hear { pick: 0 });
            self.step(Command::Cancel { pick: 0 });
        }
        for _ in 0..ROUNDS_MAX {
            self.step(Command::Work { pick: 0, forget: false });
        }
    }

    /// Brings the sale to its end: past the close, the last hold, the last doubt, and the rest after them.
    pub fn finish(&mut self) {
        self.quiesce();
        let hold_ms = i64::from(self.plan.hold_s) * 1000;
        let end = self.journal.sale.closes_at.max(self.now) + (hold_ms + DOUBT_MS + 120_000);
        while self.now < end {
            self.step(Command::Advance { ms: 30_000 });
        }
        self.quiesce();
    }
}

impl Journal {
    /// An item's public figures.
    pub(super) fn stock(&self, item: &Item) -> Stock {
        let own = |h: &&HoldRow| h.sale_item_id == item.row.id;
        let paid =
            self.holds.values().filter(own).filter(|h| h.state == HoldState::Allocated).map(|h| h.quantity).sum();
        Stock {
            stock_version: item.stock_version,
            allotment: item.row.allotment,
            held: item.row.taken.saturating_sub(paid),
            paid,
            waiting: item.row.waiting,
            may_return_by: None,
        }
    }
}
