//! What the journal says of the item that is on sale, asked past all our programs.

use anyhow::{Context, Result};
use stack::Stack;

pub struct OnSale {
    id: String,
    pub epoch: i64,
    /// Units and places that the ledger granted, as far as the journal knows.
    ratified: i64,
}

impl OnSale {
    /// The newest sale's item: a fault run plans one of one item.
    pub fn find(stack: &Stack) -> Result<Self> {
        let row = stack.postgres()?.journal_sql(
            "SELECT i.id, i.epoch, i.unit_ratified + i.place_ratified FROM sale_item i JOIN sale s ON s.id = i.sale_id \
             ORDER BY s.opens_at DESC LIMIT 1",
        )?;
        let mut columns = row.trim().split('|');
        let mut next = || columns.next().filter(|text| !text.is_empty()).context("the journal has no item on sale");
        Ok(Self { id: next()?.to_owned(), epoch: next()?.parse()?, ratified: next()?.parse()? })
    }

    /// A key of the slot that holds this item.
    pub fn slot(&self) -> String {
        format!("{{{}}}", self.id)
    }

    pub fn has_granted_since(&self, stack: &Stack) -> bool {
        Self::find(stack).is_ok_and(|now| now.ratified > self.ratified)
    }

    pub fn has_another_epoch(&self, stack: &Stack) -> bool {
        Self::find(stack).is_ok_and(|now| now.epoch > self.epoch)
    }

    /// Claims that were decided with a grant of an epoch older than one that had been seen before them.
    pub fn commits_of_an_older_epoch(&self, stack: &Stack) -> Result<u64> {
        let older = stack.postgres()?.journal_sql(&format!(
            "SELECT count(*) FROM (SELECT epoch, max(epoch) OVER (ORDER BY decided_at GROUPS BETWEEN UNBOUNDED PRECEDING \
             AND 1 PRECEDING) AS seen FROM claim WHERE sale_item_id = '{}' AND grant_kind IS NOT NULL) c WHERE epoch < seen",
            self.id
        ))?;
        older.trim().parse().with_context(|| format!("a count: {older}"))
    }

    /// Holds the row of this item, and with it every decision on it, for a while.
    pub fn stand_in_the_way(&self, stack: &Stack, seconds: f64) -> Result<()> {
        let id = &self.id;
        let wait = format!("SELECT 1 FROM sale_item WHERE id = '{id}' FOR UPDATE; SELECT pg_sleep({seconds})");
        stack.postgres()?.journal_sql(&wait).map(drop)
    }
}
