//! The ledger in memory: the model's counters behind a lock. Empty after every start: the consumer rebuilds it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use sale::{
    ids::{ClaimId, SaleItemId},
    port::ledger::{Ask, Counters, Grant, Kind, Ledger, LedgerError, Levels},
};

/// So many items are kept at once; the one longest untouched goes first, and is rebuilt when asked for again.
pub const ITEMS_MAX: usize = 10_000;

/// The counters of every item, and which claim was granted which numbers.
#[derive(Debug, Default)]
pub struct MemoryLedger(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    books: HashMap<SaleItemId, Book>,
    touches: u64,
}

/// One item. The grants remembered never outnumber the units and places granted, and those never exceed their limits.
#[derive(Debug, Default)]
struct Book {
    levels: Levels,
    grants: HashMap<ClaimId, Grant>,
    touched: u64,
}

impl MemoryLedger {
    pub fn new() -> Self {
        Self::default()
    }

    /// Loses everything, as a store without a disk may at any moment.
    pub fn forget(&self) {
        self.shelf().books.clear();
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn book(&mut self, item: SaleItemId) -> Result<&mut Book, LedgerError> {
        self.touches += 1;
        let book = self.books.get_mut(&item).ok_or(LedgerError::Missing)?;
        book.touched = self.touches;
        Ok(book)
    }

    fn make_room(&mut self) {
        if self.books.len() < ITEMS_MAX {
            return;
        }
        if let Some(item) = self.books.iter().min_by_key(|(_, book)| book.touched).map(|(item, _)| *item) {
            self.books.remove(&item);
        }
    }
}

impl Book {
    /// The same claim gets the same numbers; a new one units, else places, else nothing.
    fn take(&mut self, ask: Ask) -> Grant {
        if let Some(grant) = self.grants.get(&ask.claim_id) {
            return *grant;
        }
        let grant = draw(&mut self.levels.units, Kind::Units, ask.quantity)
            .or_else(|| draw(&mut self.levels.places, Kind::Places, ask.quantity));
        if let Some(grant) = grant {
            self.grants.insert(ask.claim_id, grant);
        }
        grant.unwrap_or(Grant::Nothing)
    }

    fn raise(&mut self, to: Levels) {
        lift(&mut self.levels.units, to.units);
        lift(&mut self.levels.places, to.places);
    }

    /// What the journal ratified is answered from its rows: these numbers need not be remembered here.
    fn forget_ratified(&mut self, ratified: Levels) {
        self.grants.retain(|_, grant| match grant {
            Grant::Granted { kind, first, quantity } => *first + i64::from(*quantity) - 1 > ratified.of(*kind).granted,
            Grant::Nothing => false,
        });
    }
}

fn draw(counters: &mut Counters, kind: Kind, quantity: u32) -> Option<Grant> {
    let wanted = i64::from(quantity);
    if wanted == 0 || counters.available() < wanted {
        return None;
    }
    let first = counters.granted + 1;
    counters.granted += wanted;
    Some(Grant::Granted { kind, first, quantity })
}

fn lift(counters: &mut Counters, to: Counters) {
    counters.limit = counters.limit.max(to.limit);
    counters.drawn = counters.drawn.max(to.drawn);
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn take(&self, item: SaleItemId, asks: &[Ask]) -> Result<(i64, Vec<Grant>), LedgerError> {
        let mut shelf = self.shelf();
        let book = shelf.book(item)?;
        let grants = asks.iter().map(|ask| book.take(*ask)).collect();
        Ok((book.levels.epoch, grants))
    }

    async fn raise(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        let mut shelf = self.shelf();
        let book = shelf.book(item)?;
        if book.levels.epoch != levels.epoch {
            return Err(LedgerError::OtherEpoch(book.levels.epoch));
        }
        book.raise(levels);
        Ok(book.levels)
    }

    async fn rebuild(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        let mut shelf = self.shelf();
        if !shelf.books.contains_key(&item) {
            shelf.make_room();
            shelf.books.insert(item, Book { levels, ..Book::default() });
        }
        let book = shelf.book(item)?;
        if book.levels.epoch > levels.epoch {
            return Err(LedgerError::OtherEpoch(book.levels.epoch));
        }
        if book.levels.epoch < levels.epoch {
            // The numbers that the journal never ratified are void: counting goes on where the journal stands.
            book.grants.clear();
            book.levels.epoch = levels.epoch;
            book.levels.units.granted = levels.units.granted;
            book.levels.places.granted = levels.places.granted;
        }
        book.levels.units.granted = book.levels.units.granted.max(levels.units.granted);
        book.levels.places.granted = book.levels.places.granted.max(levels.places.granted);
        book.raise(levels);
        book.forget_ratified(levels);
        Ok(book.levels)
    }

    async fn read(&self, item: SaleItemId) -> Result<Levels, LedgerError> {
        Ok(self.shelf().book(item)?.levels)
    }
}
