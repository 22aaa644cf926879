//! Planning: a sale of one item that is open now, unless its terms say otherwise.

use journal::staff::{Plan, PlannedItem, PlannedProduct};
use sale::{
    ids::{ProductId, SaleId, SaleItemId},
    money::Money,
    sale::{Product, Question},
};

use super::Shop;
use crate::fresh;

/// What a test cares about; the rest is as in most sales.
#[derive(Clone, Debug)]
pub struct Terms {
    pub allotment: u32,
    pub purchase_limit: u32,
    pub standby_limit: u32,
    pub hold_s: u32,
    /// From now; the past means that it is open.
    pub opens_in_ms: i64,
    pub closes_in_ms: i64,
    pub price_minor: i64,
    pub question: Option<Question>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            allotment: 10,
            purchase_limit: 1,
            standby_limit: 20,
            hold_s: 600,
            opens_in_ms: -1000,
            closes_in_ms: 3_600_000,
            price_minor: 200_000,
            question: None,
        }
    }
}

/// A planned sale and its one item.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    pub sale_id: SaleId,
    pub item_id: SaleItemId,
}

impl Shop {
    /// Plans a sale of one item.
    pub async fn plan(&self, terms: Terms) -> Planned {
        let planned = Planned { sale_id: fresh::sale(), item_id: fresh::item() };
        let now = self.now();
        let product = Product {
            id: ProductId(fresh::uuid()),
            name: "Kettle".into(),
            description: "It whistles.".into(),
            image_url: "/static/img/kettle.svg".into(),
        };
        let currency = "TWD".parse().expect("a currency");
        let item = PlannedItem {
            id: planned.item_id,
            product: PlannedProduct::New(product),
            price: Money { amount_minor: terms.price_minor, currency },
            list_price: None,
            allotment: terms.allotment,
            purchase_limit: terms.purchase_limit,
            hold_s: terms.hold_s,
            standby_limit: terms.standby_limit,
            question: terms.question,
        };
        let plan = Plan {
            id: planned.sale_id,
            title: "Kettles".into(),
            draft: false,
            waiting_room_opens_at: Some(now + terms.opens_in_ms),
            opens_at: now + terms.opens_in_ms,
            closes_at: now + terms.closes_in_ms,
            items: vec![item],
            repeats: None,
        };
        self.journal.plan(fresh::buyer(), plan).await.expect("a sale");
        self.known_sales().push(planned.sale_id);
        planned
    }
}
