//! Orders: rows of paid holds.

use sale::{
    ids::{OrderId, UserId},
    money::Money,
    order::{Order, Shipping},
};

use crate::{
    Journal, JournalError, args,
    db::{Row, Tx, word},
    sql,
};

impl Journal {
    /// A buyer's orders, newest first: at most `max`, those behind `after`. A foreign or unknown `after` finds nothing.
    pub async fn orders_of(&self, buyer: UserId, after: Option<OrderId>, max: u32) -> Result<Vec<Order>, JournalError> {
        let rows = match after {
            None => self.db.rows(sql!("order/of_buyer"), args![buyer, max]).await?,
            Some(id) => self.db.rows(sql!("order/of_buyer_after"), args![buyer, id, max]).await?,
        };
        rows.iter().map(of).collect()
    }

    /// One order of this buyer; nobody else's is ever found.
    pub async fn order(&self, id: OrderId, buyer: UserId) -> Result<Option<Order>, JournalError> {
        let row = self.db.row(sql!("order/of_buyer_by_id"), args![id, buyer]).await?;
        row.map(|r| of(&r)).transpose()
    }
}

/// Writes a new order; `false` where its number is taken.
pub(crate) async fn insert(tx: &mut Tx, order: &Order) -> Result<bool, JournalError> {
    let (to, total) = (&order.shipping, order.total);
    let args = args![
        order.id,
        &order.number,
        order.claim_id,
        order.sale_item_id,
        order.buyer_id,
        &order.product_name,
        &order.image_url,
        order.quantity,
        total.amount_minor,
        total.currency.as_str(),
        &to.name,
        &to.phone,
        &to.address,
        &order.mail_to,
        word(order.state),
        order.created_at,
    ];
    Ok(tx.run(sql!("order/insert"), args).await? == 1)
}

pub(crate) fn of(row: &Row) -> Result<Order, JournalError> {
    let currency = row.text("currency")?.parse().map_err(|e| JournalError::Data(format!("{e}")))?;
    Ok(Order {
        id: row.id("id")?,
        number: row.text("number")?,
        state: row.word("state")?,
        claim_id: row.id("claim_id")?,
        sale_item_id: row.id("sale_item_id")?,
        buyer_id: row.id("buyer_id")?,
        product_name: row.text("product_name")?,
        image_url: row.text("image_url")?,
        quantity: row.count("quantity")?,
        total: Money { amount_minor: row.int("total_minor")?, currency },
        shipping: Shipping {
            name: row.text("ship_name")?,
            phone: row.text("ship_phone")?,
            address: row.text("ship_address")?,
        },
        mail_to: row.text("mail_to")?,
        created_at: row.at("created_at")?,
    })
}
