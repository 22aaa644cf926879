//! The catalogue: products, as far as a sale shows them.

use sale::{
    ids::ProductId,
    sale::{Product, Stage},
    time::UnixMs,
};

use crate::{
    Journal, JournalError, args,
    db::{Row, Tx, word},
    sql,
};

/// Whose eyes look: products of sales that nobody has been told of are for staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eyes {
    Public,
    Staff,
}

impl Journal {
    /// Up to `max` products, newest first, from after the given one on. The public's may be of a moment ago.
    pub async fn products(&self, eyes: Eyes, after: Option<ProductId>, max: u32) -> Result<Vec<Product>, JournalError> {
        // Ids are made in the order of time, so the id is the cursor.
        let after = after.map_or(uuid::Uuid::max(), |id| id.0);
        let all = i64::from(eyes == Eyes::Staff);
        let (sql, args) = (sql!("catalogue/list"), args![after, all, word(Stage::Draft), max]);
        let rows = match eyes {
            Eyes::Public => self.db.stale_rows(sql, args).await?,
            Eyes::Staff => self.db.rows(sql, args).await?,
        };
        rows.iter().map(product).collect()
    }
}

pub(crate) async fn find(tx: &mut Tx, id: ProductId) -> Result<Option<Product>, JournalError> {
    tx.row(sql!("catalogue/find"), args![id]).await?.as_ref().map(product).transpose()
}

pub(crate) async fn insert(tx: &mut Tx, product: &Product, now: UnixMs) -> Result<(), JournalError> {
    let args = args![product.id, &product.name, &product.description, &product.image_url, now];
    tx.run(sql!("catalogue/insert"), args).await.map(|_| ())
}

fn product(row: &Row) -> Result<Product, JournalError> {
    Ok(Product {
        id: row.id("id")?,
        name: row.text("name")?,
        description: row.text("description")?,
        image_url: row.text("image_url")?,
    })
}
