//! Plan: a new sale with its items, and the products it brings into the catalogue.

use sale::{
    ids::{ProductId, SaleId, SaleItemId, UserId},
    money::Money,
    sale::{Product, Question, Stage},
    time::UnixMs,
};

use super::{Done, StaffError, window::Window};
use crate::{
    Journal, JournalError, args,
    audit::{self, AuditLine},
    capacity, catalogue,
    db::{Tx, word},
    sql,
};

/// As `insert_sale.sql` writes it.
const FIRST_ROW_VERSION: i64 = 1;

/// A sale to be. The caller has checked every figure against its bounds; the window is judged here, by the journal's clock.
#[derive(Clone, Debug)]
pub struct Plan {
    pub id: SaleId,
    pub title: String,
    /// A draft is seen by staff alone.
    pub draft: bool,
    /// Else 30 minutes before the opening, or at once.
    pub waiting_room_opens_at: Option<UnixMs>,
    pub opens_at: UnixMs,
    pub closes_at: UnixMs,
    pub items: Vec<PlannedItem>,
    /// The sale that this one repeats, for the audit.
    pub repeats: Option<SaleId>,
}

#[derive(Clone, Debug)]
pub struct PlannedItem {
    pub id: SaleItemId,
    pub product: PlannedProduct,
    pub price: Money,
    pub list_price: Option<Money>,
    pub allotment: u32,
    pub purchase_limit: u32,
    pub hold_s: u32,
    pub standby_limit: u32,
    pub question: Option<Question>,
}

#[derive(Clone, Debug)]
pub enum PlannedProduct {
    New(Product),
    Known(ProductId),
}

impl Journal {
    /// Writes a new sale. It may open at once: nobody has been told another moment.
    ///
    /// Errors: `Invalid` for a window that cannot be, or a product that is not there.
    pub async fn plan(&self, actor: UserId, plan: Plan) -> Result<Done, StaffError> {
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        let window = Window::new(now, plan.waiting_room_opens_at, plan.opens_at, plan.closes_at)?;
        insert_sale(&mut tx, &plan, window, now).await?;
        for (place, item) in plan.items.iter().enumerate() {
            insert_item(&mut tx, plan.id, place, item, now).await?;
        }
        let (action, detail) = deed(&plan);
        audit::write(&mut tx, AuditLine { at: now, actor_id: actor, action, sale_id: Some(plan.id), detail }).await?;
        capacity::changed(&mut tx, plan.id, FIRST_ROW_VERSION, now).await?;
        tx.commit().await?;
        Ok(Done::only(plan.id, now))
    }
}

fn deed(plan: &Plan) -> (String, String) {
    let units: u64 = plan.items.iter().map(|item| u64::from(item.allotment)).sum();
    let what = format!("{} items, {units} units{}", plan.items.len(), if plan.draft { ", draft" } else { "" });
    match plan.repeats {
        Some(of) => ("sale.repeat".to_owned(), format!("repeats {of}: {what}")),
        None => ("sale.plan".to_owned(), what),
    }
}

async fn insert_sale(tx: &mut Tx, plan: &Plan, window: Window, now: UnixMs) -> Result<(), JournalError> {
    let stage = if plan.draft { Stage::Draft } else { Stage::Published };
    let args =
        args![plan.id, &plan.title, word(stage), window.waiting_room_opens_at, window.opens_at, window.closes_at, now];
    tx.run(sql!("staff/insert_sale"), args).await.map(|_| ())
}

async fn insert_item(
    tx: &mut Tx,
    sale: SaleId,
    place: usize,
    item: &PlannedItem,
    now: UnixMs,
) -> Result<(), StaffError> {
    let product_id = match &item.product {
        PlannedProduct::New(product) => {
            catalogue::insert(tx, product, now).await?;
            product.id
        }
        PlannedProduct::Known(id) => {
            let field = format!("items[{place}].product_id");
            let found = catalogue::find(tx, *id).await?;
            found.ok_or(StaffError::Invalid { field, why: "names no product" })?.id
        }
    };
    let question = item.question.as_ref().map(serde_json::to_string).transpose();
    let question = question.map_err(|error| JournalError::Data(error.to_string()))?;
    let args = args![
        item.id,
        sale,
        place as i64,
        product_id,
        item.price.amount_minor,
        item.list_price.map(|price| price.amount_minor),
        item.price.currency.as_str(),
        item.purchase_limit,
        item.hold_s,
        question,
        item.allotment,
        item.standby_limit,
        now
    ];
    tx.run(sql!("staff/insert_item"), args).await?;
    Ok(())
}
