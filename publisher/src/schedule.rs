//! The schedule: what this node knows of sales, and what time it is there.
//!
//! A bus message says only that something changed; what stands here was read from the journal, and every half second
//! the row versions and the clock are confirmed again. Phases are never stored: a sale's phase follows from its row and
//! [`Schedule::judged`], so an opening needs no message at all.

mod book;
mod confirm;
mod gate;
mod time;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use journal::{Journal, sales::SaleView};
use sale::{
    ids::{SaleId, SaleItemId},
    sale::{Stage, Stock},
    time::UnixMs,
};
use tokio::{
    sync::{Notify, SetOnce},
    time::timeout,
};

pub(crate) use book::{Book, Known, Shelf};
pub(crate) use confirm::confirm_for_ever;
pub(crate) use gate::Shut;
use time::JournalTime;

use crate::config::ScheduleConfig;

pub(crate) struct Schedule {
    journal: Journal,
    config: ScheduleConfig,
    time: JournalTime,
    book: RwLock<Arc<Book>>,
    /// Set by the first confirmation.
    loaded: SetOnce<()>,
    /// Somebody should read the journal now.
    reload: Notify,
    /// What is known, or whether it may be judged, changed: whoever announces should look again.
    pub(crate) news: Notify,
}

impl Schedule {
    pub(crate) fn new(journal: Journal, config: ScheduleConfig) -> Self {
        let time = JournalTime::new(config.trust.get(), config.offset_error_max.get());
        let (book, loaded) = (RwLock::default(), SetOnce::new());
        Self { journal, config, time, book, loaded, reload: Notify::new(), news: Notify::new() }
    }

    /// Everything known, of one moment.
    pub(crate) fn book(&self) -> Arc<Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn sale(&self, id: SaleId) -> Option<Arc<Known>> {
        self.book().sales.get(&id).cloned()
    }

    pub(crate) fn item(&self, id: SaleItemId) -> Option<(Arc<Known>, usize)> {
        self.book().items.get(&id).cloned()
    }

    /// Whether everything was ever confirmed: before that nothing can be said of any sale.
    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded.initialized()
    }

    /// Whether the journal's clock was ever read: before that nobody here knows what time it is.
    pub(crate) fn knows_time(&self) -> bool {
        self.time.is_known()
    }

    /// Waits for the first confirmation, but not for ever.
    pub(crate) async fn wait_loaded(&self, at_most: Duration) {
        let _ = timeout(at_most, self.loaded.wait()).await;
    }

    /// The journal's clock as far as this node knows: never ahead of it. For telling the time and stamping receipts; where the time
    /// [is not known](Self::knows_time) yet nobody is let in to hear it.
    pub(crate) fn now(&self) -> UnixMs {
        self.time.estimate()
    }

    /// As [`now`](Self::now), but it stands still where nothing was confirmed lately: what phases are judged by.
    pub(crate) fn judged(&self) -> UnixMs {
        self.time.judged()
    }

    /// An item's units, as heard on the bus.
    pub(crate) fn hear_stock(&self, item: SaleItemId, stock: Stock, gate_open: bool) {
        if let Some((known, place)) = self.item(item) {
            known.shelves[place].gate.hear(stock, gate_open);
        }
    }

    /// Why the gate of this shelf is shut, if it is, and if that was heard lately.
    pub(crate) fn shut(&self, shelf: &Shelf) -> Option<Shut> {
        shelf.gate.shut(self.config.gate_trust.get())
    }

    /// Asks for a reading of the journal soon.
    pub(crate) fn reload(&self) {
        self.reload.notify_one();
    }

    /// A sale that somebody read by itself: published a moment ago, as a rule.
    pub(crate) fn learn(&self, view: SaleView) -> Arc<Known> {
        let id = view.sale.id;
        let known = Arc::new(Known::of(view));
        // What is over is not kept for one passer-by.
        if known.sale.stage != Stage::Reconciled {
            let mut book = self.book.write().unwrap_or_else(PoisonError::into_inner);
            *book = Arc::new(book.with(known.clone()));
        }
        self.reload();
        self.sale(id).unwrap_or(known)
    }

    /// The next book, from the present one.
    fn turn_page(&self, next: impl FnOnce(&Book) -> Book) {
        let mut book = self.book.write().unwrap_or_else(PoisonError::into_inner);
        *book = Arc::new(next(&book));
    }
}
