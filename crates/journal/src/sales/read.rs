//! Reading sales: one, a page, or all that live.

use sale::{
    ids::{SaleId, SaleItemId},
    money::Money,
    port::ledger::{Counters, Levels},
    sale::{Product, Sale, SaleItem, Stage, Stock},
};
use uuid::Uuid;

use super::{ItemView, SaleView};
use crate::{
    Journal, JournalError, args,
    db::{Row, Tx},
    sql,
};

impl Journal {
    pub async fn sale(&self, id: SaleId) -> Result<Option<SaleView>, JournalError> {
        let mut tx = self.db.snapshot().await?;
        let Some(row) = tx.row(sql!("sale/by_id"), args![id]).await? else { return Ok(None) };
        Ok(Some(with_items(&mut tx, sale_of(&row)?).await?))
    }

    /// A page of sales, the latest opening first. `hide` leaves out one stage (drafts, for the public); `after` is the last one seen.
    ///
    /// With `hide` it is the public's page and may be of a moment ago; staff find what they have just written.
    pub async fn sales(
        &self,
        hide: Option<Stage>,
        after: Option<SaleId>,
        max: u32,
    ) -> Result<Vec<SaleView>, JournalError> {
        let mut tx = if hide.is_some() { self.db.stale_snapshot().await? } else { self.db.snapshot().await? };
        let hidden = hide.map(crate::db::word).unwrap_or_default();
        let (paged, last) = (i64::from(after.is_some()), after.map_or(Uuid::nil(), |id| id.0));
        let rows = tx.rows(sql!("sale/page"), args![hidden, paged, last, max]).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            views.push(with_items(&mut tx, sale_of(&row)?).await?);
        }
        Ok(views)
    }

    /// Every sale that is published or closed but not reconciled, with its items.
    pub async fn live_sales(&self) -> Result<Vec<SaleView>, JournalError> {
        let mut tx = self.db.snapshot().await?;
        let sales = tx.rows(sql!("sale/live"), args![]).await?;
        let mut views: Vec<SaleView> = sales
            .iter()
            .map(|row| Ok(SaleView { sale: sale_of(row)?, items: vec![] }))
            .collect::<Result<_, JournalError>>()?;
        for row in tx.rows(sql!("item/live"), args![]).await? {
            let item = item_of(&row)?;
            if let Some(view) = views.iter_mut().find(|v| v.sale.id == item.item.sale_id) {
                view.items.push(item);
            }
        }
        Ok(views)
    }

    pub async fn sale_of_item(&self, id: SaleItemId) -> Result<Option<SaleId>, JournalError> {
        self.db.row(sql!("sale/of_item"), args![id]).await?.map(|row| row.id("sale_id")).transpose()
    }

    /// What the ledger of an item must show; granted stands for what was ratified.
    pub async fn levels(&self, item: SaleItemId) -> Result<Option<Levels>, JournalError> {
        self.db.row(sql!("item/levels"), args![item]).await?.map(|row| levels_of(&row)).transpose()
    }
}

async fn with_items(tx: &mut Tx, sale: Sale) -> Result<SaleView, JournalError> {
    let rows = tx.rows(sql!("item/of_sale"), args![sale.id]).await?;
    let items = rows.iter().map(item_of).collect::<Result<_, _>>()?;
    Ok(SaleView { sale, items })
}

pub(crate) fn sale_of(row: &Row) -> Result<Sale, JournalError> {
    Ok(Sale {
        id: row.id("id")?,
        title: row.text("title")?,
        stage: row.word("stage")?,
        row_version: row.int("row_version")?,
        waiting_room_opens_at: row.at("waiting_room_opens_at")?,
        opens_at: row.at("opens_at")?,
        closes_at: row.at("closes_at")?,
        paused_at: row.opt_at("paused_at")?,
    })
}

pub(crate) fn levels_of(row: &Row) -> Result<Levels, JournalError> {
    Ok(Levels {
        epoch: row.int("epoch")?,
        units: Counters {
            granted: row.int("unit_ratified")?,
            limit: row.int("unit_limit")?,
            drawn: row.int("unit_drawn")?,
        },
        places: Counters {
            granted: row.int("place_ratified")?,
            limit: row.int("place_limit")?,
            drawn: row.int("place_drawn")?,
        },
    })
}

fn item_of(row: &Row) -> Result<ItemView, JournalError> {
    let bad = |what: &str| JournalError::Data(format!("sale item has an unreadable {what}"));
    let currency = row.text("currency")?.parse().map_err(|_| bad("currency"))?;
    let money = |amount_minor| Money { amount_minor, currency };
    let question =
        row.opt_text("question")?.map(|q| serde_json::from_str(&q)).transpose().map_err(|_| bad("question"))?;
    let paid = row.count("paid")?;
    let item = SaleItem {
        id: row.id("id")?,
        sale_id: row.id("sale_id")?,
        product: Product {
            id: row.id("product_id")?,
            name: row.text("name")?,
            description: row.text("description")?,
            image_url: row.text("image_url")?,
        },
        price: money(row.int("price_minor")?),
        list_price: row.opt_int("list_price_minor")?.map(money),
        purchase_limit: row.count("purchase_limit")?,
        hold_s: row.count("hold_s")?,
        standby_limit: row.count("standby_limit")?,
        question,
    };
    let stock = Stock {
        // Allocation touches the hold alone; paid units only grow, so the sum still grows with every change.
        stock_version: row.int("stock_version")? + i64::from(paid),
        allotment: row.count("allotment")?,
        held: row.count("taken")?.saturating_sub(paid),
        paid,
        waiting: row.count("waiting")?,
        may_return_by: row.opt_at("may_return_by")?,
    };
    Ok(ItemView { item, stock, levels: levels_of(row)? })
}
