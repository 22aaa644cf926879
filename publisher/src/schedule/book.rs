//! The book: sales and their items side by side, as one reading of the journal left them.

use std::{collections::HashMap, sync::Arc};

use journal::sales::SaleView;
use sale::{
    ids::{SaleId, SaleItemId},
    sale::{Phase, Sale, SaleItem, Stage},
    time::UnixMs,
};

use super::gate::Gate;

/// Sales that are over and still remembered: who watches one hears how it ended, and a late claim hears that it is closed.
const OVER_MAX: usize = 64;

#[derive(Default)]
pub(crate) struct Book {
    pub(crate) sales: HashMap<SaleId, Arc<Known>>,
    /// Each item's sale, and its place there.
    pub(crate) items: HashMap<SaleItemId, (Arc<Known>, usize)>,
}

/// A sale as last read, and its shelves.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) sale: Sale,
    pub(crate) shelves: Vec<Shelf>,
}

/// One item. Its gate outlives readings: newer news than the journal's may have come in between.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    pub(crate) item: SaleItem,
    pub(crate) gate: Arc<Gate>,
}

impl Known {
    /// What is read outside the book: a sale that nobody here follows.
    pub(crate) fn of(view: SaleView) -> Self {
        Self::after(view, None)
    }

    fn after(view: SaleView, before: Option<&Self>) -> Self {
        let gate_of = |id: SaleItemId| before?.shelves.iter().find(|s| s.item.id == id).map(|s| s.gate.clone());
        let shelf = |seen: journal::sales::ItemView| {
            let open = seen.levels.gate_open();
            let gate = gate_of(seen.item.id).inspect(|gate| gate.hear(seen.stock, open));
            Shelf { gate: gate.unwrap_or_else(|| Arc::new(Gate::new(seen.stock, open))), item: seen.item }
        };
        Self { sale: view.sale, shelves: view.items.into_iter().map(shelf).collect() }
    }

    /// The next instant at which this sale turns by itself.
    pub(crate) fn next_turn(&self, now: UnixMs) -> Option<UnixMs> {
        self.sale.next_turn(now)
    }

    pub(crate) fn phase(&self, now: UnixMs) -> Phase {
        self.sale.phase(now)
    }

    /// Grows whenever a figure of some item changed.
    pub(crate) fn stock_version(&self) -> i64 {
        self.shelves.iter().map(|shelf| shelf.gate.stock().stock_version).sum()
    }
}

impl Book {
    /// The book after a reading of everything that lives, and of what lived before and does no more (`over`).
    pub(super) fn after(&self, live: Vec<SaleView>, over: Vec<SaleView>) -> Self {
        let mut sales: HashMap<SaleId, Arc<Known>> = HashMap::new();
        for view in live.into_iter().chain(over).filter(|view| view.sale.stage != Stage::Draft) {
            let before = self.sales.get(&view.sale.id);
            // A reader may be behind another: never go back.
            let known = match before.filter(|before| before.sale.row_version > view.sale.row_version) {
                Some(newer) => newer.clone(),
                None => Arc::new(Known::after(view, before.map(|before| &**before))),
            };
            sales.insert(known.sale.id, known);
        }
        let mut done: Vec<_> =
            self.sales.values().filter(|known| !sales.contains_key(&known.sale.id)).cloned().collect();
        done.sort_by_key(|known| std::cmp::Reverse(known.sale.closes_at));
        sales.extend(
            done.into_iter().filter(|k| k.sale.stage == Stage::Reconciled).take(OVER_MAX).map(|k| (k.sale.id, k)),
        );
        Self::of(sales)
    }

    /// The book with one more sale, unless it is known already.
    pub(super) fn with(&self, known: Arc<Known>) -> Self {
        let mut sales = self.sales.clone();
        sales.entry(known.sale.id).or_insert(known);
        Self::of(sales)
    }

    fn of(sales: HashMap<SaleId, Arc<Known>>) -> Self {
        let items = sales.values().flat_map(|known| {
            known.shelves.iter().enumerate().map(|(place, shelf)| (shelf.item.id, (known.clone(), place)))
        });
        Self { items: items.collect(), sales }
    }

    /// Sales that lived here and are not among these any more.
    pub(super) fn gone(&self, live: &[SaleView]) -> Vec<SaleId> {
        let lived =
            self.sales.values().filter(|known| known.sale.stage != Stage::Reconciled).map(|known| known.sale.id);
        lived.filter(|id| !live.iter().any(|view| view.sale.id == *id)).collect()
    }
}
