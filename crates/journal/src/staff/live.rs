//! Live: the figures that staff watch while a sale runs.

use sale::ids::{SaleId, SaleItemId};

use crate::{Journal, JournalError, args, sql};

/// What became of claims so far, and where the units are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveCounts {
    /// Claims with a row: the journal has decided them.
    pub decided: i64,
    pub refused: i64,
    /// In the order of display.
    pub items: Vec<ItemCounts>,
}

/// Units of one item. free + held + paying + paid = allotment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemCounts {
    pub id: SaleItemId,
    pub allotment: u32,
    pub held: u32,
    pub paying: u32,
    pub paid: u32,
    /// Units that people stand by for.
    pub standby: u32,
}

impl Journal {
    /// The figures of one committed state. Reads every claim of the sale: ask about once a second, not once a visitor.
    pub async fn live_counts(&self, sale: SaleId) -> Result<LiveCounts, JournalError> {
        let mut tx = self.db.snapshot().await?;
        let mut counts = LiveCounts::default();
        if let Some(row) = tx.row(sql!("staff/live_claims"), args![sale]).await? {
            counts.decided = row.int("decided")?;
            counts.refused = row.int("refused")?;
        }
        for row in tx.rows(sql!("staff/live_items"), args![sale]).await? {
            counts.items.push(ItemCounts {
                id: row.id("id")?,
                allotment: row.count("allotment")?,
                held: row.count("held")?,
                paying: row.count("paying")?,
                paid: row.count("paid")?,
                standby: row.count("waiting")?,
            });
        }
        Ok(counts)
    }
}
