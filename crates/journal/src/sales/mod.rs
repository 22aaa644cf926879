//! Sales as they stand: rows read together, never decided upon.

mod read;

pub(crate) use read::{levels_of, sale_of};
use sale::{
    port::ledger::Levels,
    sale::{Sale, SaleItem, Stock},
};

/// A sale and what is in it, of one committed state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleView {
    pub sale: Sale,
    pub items: Vec<ItemView>,
}

/// An item with its counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemView {
    pub item: SaleItem,
    pub stock: Stock,
    pub levels: Levels,
}
