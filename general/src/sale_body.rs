//! The sale's body: a sale as HTTP shows it, to the public and to staff.

use journal::sales::{ItemView, SaleView};
use kit::instant::to_rfc3339;
use sale::{money, sale as words, sale::Phase, time::UnixMs};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whole minor units of one currency.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount_minor": 200000, "currency": "TWD"}))]
pub struct Money {
    pub amount_minor: i64,
    /// ISO 4217.
    #[schema(value_type = String)]
    pub currency: money::Currency,
}

/// What the catalogue sells.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Product {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    pub image_url: String,
}

/// The question that slows robots down. The answer is shown to staff alone.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuestionBody {
    pub text: String,
    pub options: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// One product in one sale, with its units as of one commit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemBody {
    pub id: Uuid,
    pub product: Product,
    pub price: Money,
    /// The struck-through price beside it.
    pub list_price: Option<Money>,
    pub allotment: u32,
    /// Units that nobody holds or has paid.
    pub available: u32,
    /// Units held or being paid for.
    pub held: u32,
    pub paid: u32,
    /// Units that people stand by for.
    pub waiting: u32,
    /// Units, over one buyer's whole sale.
    pub purchase_limit: u32,
    /// How long a unit is kept, in seconds.
    pub hold_s: u32,
    /// Units, not people.
    pub standby_limit: u32,
    /// `on_sale`, `all_held`, `sold_out` or `closed`.
    #[schema(value_type = String, example = "on_sale")]
    pub state: words::ItemState,
    /// Grows with every change of the units; whoever hears two keeps the higher.
    pub stock_version: i64,
    /// Until when the units that are held may come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_return_by: Option<String>,
    pub question: Option<QuestionBody>,
}

/// A sale as the public sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SaleBody {
    pub id: Uuid,
    pub title: String,
    /// `scheduled`, `waiting_room`, `open`, `paused`, `closed`, `reconciled`; staff also see `draft`.
    #[schema(value_type = String, example = "open")]
    pub state: Phase,
    /// Grows with every change of state or row; whoever hears two keeps the higher.
    pub version: i64,
    pub waiting_room_opens_at: String,
    pub opens_at: String,
    pub closes_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<String>,
    /// The clock by which `state` is told.
    pub server_time: String,
    pub items: Vec<ItemBody>,
}

/// A sale as staff see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AdminSaleBody {
    #[serde(flatten)]
    pub sale: SaleBody,
    /// `draft`, `published`, `closed` or `reconciled`: how far staff have taken it.
    #[schema(value_type = String, example = "published")]
    pub stage: words::Stage,
    pub row_version: i64,
}

impl SaleBody {
    /// As the public sees it: never the answer.
    pub fn of(view: &SaleView, now: UnixMs) -> Self {
        Self::build(view, now, false)
    }

    fn build(view: &SaleView, now: UnixMs, with_answer: bool) -> Self {
        let sale = &view.sale;
        let phase = sale.phase(now);
        Self {
            id: sale.id.0,
            title: sale.title.clone(),
            state: phase,
            version: sale.version(now),
            waiting_room_opens_at: to_rfc3339(sale.waiting_room_opens_at),
            opens_at: to_rfc3339(sale.opens_at),
            closes_at: to_rfc3339(sale.closes_at),
            paused_at: sale.paused_at.map(to_rfc3339),
            server_time: to_rfc3339(now),
            items: view.items.iter().map(|item| ItemBody::of(item, phase, with_answer)).collect(),
        }
    }
}

impl AdminSaleBody {
    pub fn of(view: &SaleView, now: UnixMs) -> Self {
        let (stage, row_version) = (view.sale.stage, view.sale.row_version);
        Self { sale: SaleBody::build(view, now, true), stage, row_version }
    }
}

impl ItemBody {
    fn of(view: &ItemView, phase: Phase, with_answer: bool) -> Self {
        let (item, stock) = (&view.item, &view.stock);
        Self {
            id: item.id.0,
            product: Product::of(&item.product),
            price: item.price.into(),
            list_price: item.list_price.map(Money::from),
            allotment: stock.allotment,
            available: stock.available(),
            held: stock.held,
            paid: stock.paid,
            waiting: stock.waiting,
            purchase_limit: item.purchase_limit,
            hold_s: item.hold_s,
            standby_limit: item.standby_limit,
            state: stock.state(phase),
            stock_version: stock.stock_version,
            may_return_by: stock.may_return_by.map(to_rfc3339),
            question: item.question.as_ref().map(|question| QuestionBody::of(question, with_answer)),
        }
    }
}

impl Product {
    pub fn of(product: &words::Product) -> Self {
        let words::Product { id, name, description, image_url } = product.clone();
        Self { id: id.0, name, description, image_url }
    }
}

impl QuestionBody {
    fn of(question: &words::Question, with_answer: bool) -> Self {
        let words::Question { text, options, answer } = question.clone();
        Self { text, options, answer: Some(answer).filter(|_| with_answer) }
    }
}

impl From<money::Money> for Money {
    fn from(money: money::Money) -> Self {
        Self { amount_minor: money.amount_minor, currency: money.currency }
    }
}

impl From<Money> for money::Money {
    fn from(money: Money) -> Self {
        Self { amount_minor: money.amount_minor, currency: money.currency }
    }
}
