//! Check: whatever both sides wrote down or tell must be the same.

use std::collections::BTreeMap;

use sale::{
    claim::ClaimView,
    hold::HoldState,
    ids::{ClaimId, SaleItemId},
    money::Money,
    order::OrderState,
    port::payments::PaymentKey,
    rules,
    standby::odds,
    time::UnixMs,
    verdict::{
        Record,
        record::{Change, ClaimRow, EntryRow, EntryState, Outcome, Standing, What},
    },
};

use super::pair::Pair;

/// No history has more people waiting.
const LINE_MAX: u32 = 10_000;

impl Pair<'_> {
    pub async fn compare(&mut self) {
        let journal = self.bench.journal.record().await.expect("the journal's record");
        let model = self.model.record();
        same_rows(&journal, &model);
        self.same_changes(&journal, &model);
        self.same_relays().await;
        self.same_tellings();
        self.only_forward();
        self.same_views().await;
        self.same_stock().await;
    }

    /// What was committed in this step. Inside one transaction the order is each side's own.
    fn same_changes(&mut self, journal: &Record, model: &Record) {
        let new = |record: &Record| {
            let mut changes: Vec<_> = record.changes[self.logged..].iter().map(deed).collect();
            changes.sort_by_key(|change| format!("{change:?}"));
            changes
        };
        assert_eq!(new(journal), new(model), "changes, the journal's and the model's");
        self.logged = journal.changes.len();
    }

    /// What the ledger was told and will be told, and what came of it.
    async fn same_relays(&self) {
        assert_eq!(self.relays, self.model.relays, "levels for the ledger, by the journal and by the model");
        for item in self.model.journal.items.keys() {
            let model = self.model.ledger.get(item).map(|ledger| ledger.levels());
            assert_eq!(self.bench.ledger.read(*item).await.ok(), model, "the ledgers of item {item}");
        }
    }

    /// The claims that a verb names to be told are those that the model puts on the bus.
    fn same_tellings(&self) {
        let Some(told) = &self.told else { return };
        let sorted = |views: Vec<ClaimView>| {
            let mut views: Vec<_> = views.into_iter().map(|v| ClaimView { position: None, odds: None, ..v }).collect();
            views.sort_by_key(|view| view.claim_id);
            views
        };
        let order = |view: &ClaimView| view.order_id.map(|_| view.claim_id);
        let (told, bus) = (sorted(told.clone()), sorted(self.model.bus.iter().cloned().collect()));
        assert_eq!(told.iter().map(order).collect::<Vec<_>>(), bus.iter().map(order).collect::<Vec<_>>());
        let anonymous = |views: Vec<ClaimView>| -> Vec<_> {
            views.into_iter().map(|view| ClaimView { order_id: None, ..view }).collect()
        };
        assert_eq!(anonymous(told), anonymous(bus), "claims to be told, by the journal and by the model");
    }

    /// What a buyer reads of their claims; one buyer a step, in turn.
    async fn same_views(&self) {
        let buyer = self.model.buyer((self.step_no() % 256) as u8);
        for view in self.bench.journal.claims_of(buyer, None).await.expect("the journal") {
            let id = view.claim_id;
            let model = self.model.journal.view(id).expect("a claim that the model knows too");
            let model = ClaimView { position: self.position(id), odds: self.odds(id), ..model };
            assert_eq!(view.order_id.is_some(), model.order_id.is_some(), "the order of claim {id}");
            let told = ClaimView { order_id: model.order_id, ..view };
            assert_eq!(told, model, "claim {id}, as the journal and as the model tells it");
        }
    }

    /// A claim that moved has a new version, and nothing follows an end. Of the rows, which are the same on both sides.
    fn only_forward(&mut self) {
        let journal = &self.model.journal;
        for view in journal.claims.keys().filter_map(|id| journal.view(*id)) {
            let (id, now) = (view.claim_id, (view.version, view.state));
            let Some(before) = self.seen.insert(id, now) else { continue };
            assert!(before.0 < now.0 || before == now, "claim {id}: {before:?}, then {now:?}");
            assert!(!before.1.is_terminal() || before == now, "claim {id} went on after {before:?}");
        }
    }

    /// Rank on the standby list: 1 is next.
    fn position(&self, claim: ClaimId) -> Option<u32> {
        let waiting = |e: &&EntryRow| e.state == EntryState::Waiting;
        let own = self.model.journal.standby.get(&claim).filter(waiting)?;
        let line = self.model.journal.standby.values().filter(waiting).filter(|e| e.sale_item_id == own.sale_item_id);
        Some(1 + line.filter(|e| e.ticket < own.ticket).count() as u32)
    }

    /// Of the standby entry's units, by how the holds of its item have ended so far.
    fn odds(&self, claim: ClaimId) -> Option<u8> {
        let journal = &self.model.journal;
        let own = journal.standby.get(&claim).filter(|entry| entry.state == EntryState::Waiting)?;
        let waiting = journal.standby.values().filter(|e| e.sale_item_id == own.sale_item_id);
        let ahead =
            waiting.filter(|e| e.state == EntryState::Waiting && e.ticket < own.ticket).map(|e| e.quantity).sum();
        let [live, returned, paid] = self.ends(own.sale_item_id);
        Some(odds(ahead, own.quantity, live, returned, paid))
    }

    /// Units of an item whose holds live, were given back, and were paid.
    fn ends(&self, item: SaleItemId) -> [u32; 3] {
        let mut ends = [0; 3];
        for hold in self.model.journal.holds.values().filter(|hold| hold.sale_item_id == item) {
            let end = match hold.state {
                HoldState::Held | HoldState::Paying => 0,
                HoldState::Released | HoldState::Expired => 1,
                HoldState::Allocated => 2,
            };
            ends[end] += hold.quantity;
        }
        ends
    }

    /// What the public reads: the phase, and each item's figures.
    async fn same_stock(&self) {
        let (sale, now) = (&self.model.journal.sale, self.model.now);
        let view = self.bench.journal.sale(sale.id).await.expect("the journal").expect("the planned sale");
        assert_eq!(view.sale.phase(now), sale.phase(now));
        for item in view.items {
            let (row, stock) = (&self.model.journal.items[&item.item.id].row, item.stock);
            let [_, _, paid] = self.ends(row.id);
            assert_eq!(
                (stock.held, stock.paid, stock.waiting),
                (row.taken - paid, paid, row.waiting),
                "stock of {}",
                row.id
            );
            let line = self.bench.journal.line(row.id, LINE_MAX).await.expect("the journal");
            assert!(
                line.iter().all(|place| self.position(place.claim_id) == Some(place.position)),
                "line of {}",
                row.id
            );
            assert_eq!(line.iter().map(|place| place.quantity).sum::<u32>(), row.waiting, "line of {}", row.id);
            let idle = line.first().is_some_and(|head| head.quantity <= row.allotment - row.taken);
            assert!(!idle || rules::is_over(sale.phase(now)), "a unit of {} lies idle before its head", row.id);
        }
    }
}

fn same_rows(journal: &Record, model: &Record) {
    assert_eq!(journal.at, model.at, "heartbeats, the journal's and the model's");
    assert_eq!(journal.sales, model.sales);
    assert_eq!(by(&journal.items, |x| x.id), by(&model.items, |x| x.id));
    assert_eq!(by(&journal.holds, |x| x.claim_id), by(&model.holds, |x| x.claim_id));
    assert_eq!(by(&journal.standby, |x| x.claim_id), by(&model.standby, |x| x.claim_id));
    assert_eq!(claims(journal), claims(model));
    assert_eq!(orders(journal), orders(model));
    assert_eq!(payments(journal), payments(model));
}

fn by<T: Clone, K: Ord>(rows: &[T], key: fn(&T) -> K) -> Vec<T> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(key);
    rows
}

/// The journal writes an entry's end into its claim's outcome, the model into the entry alone; both tell the same.
fn claims(record: &Record) -> Vec<ClaimRow> {
    let rows: Vec<_> = record.claims.iter().map(|row| ClaimRow { outcome: Outcome::Hold, ..row.clone() }).collect();
    by(&rows, |row| row.id)
}

/// Orders by what they are of: their ids are each side's own.
fn orders(record: &Record) -> BTreeMap<ClaimId, (u32, Money, String, OrderState, UnixMs)> {
    let fact = |o: &sale::verdict::record::OrderRow| (o.quantity, o.total, o.mail_to.clone(), o.state, o.created_at);
    record.orders.iter().map(|order| (order.claim_id, fact(order))).collect()
}

/// Payments; in how many words a want of money is told is each side's own.
fn payments(record: &Record) -> BTreeMap<(ClaimId, u32), (Money, Standing)> {
    let plain = |state| match state {
        Standing::Cancelling => Standing::Authorising,
        Standing::Voided => Standing::Declined,
        other => other,
    };
    let id = |key: PaymentKey| (key.claim_id, key.attempt);
    record.payments.iter().map(|p| (id(p.key), (p.amount, plain(p.state)))).collect()
}

/// A change without the counters of its instant.
fn deed(change: &Change) -> (UnixMs, SaleItemId, Option<ClaimId>, What, u32) {
    (change.at, change.sale_item_id, change.claim_id, change.what, change.quantity)
}
