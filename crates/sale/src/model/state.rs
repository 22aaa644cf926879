//! The state: what each part of the house knows. Nothing is shared between them but messages.

use std::collections::{BTreeMap, VecDeque};

use uuid::Uuid;

use super::ledger::Ledger;
use crate::{
    claim,
    ids::{ClaimId, OrderId, SaleId, SaleItemId, UserId},
    money::{Currency, Money},
    port::{
        ledger::{Counters, Grant, Levels},
        payments::Payment,
    },
    sale::{Sale, Stage},
    time::UnixMs,
    verdict::{
        observe::{Answer, OrderSeen, Receipt, Seen, StockSeen},
        record::{Change, ClaimRow, EntryRow, HoldRow, ItemRow, MailSeen, OrderRow, PaymentRow, ProviderEvent, Shift},
    },
};

/// What a sale is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    pub items: u8,
    pub buyers: u8,
    pub allotment: u32,
    pub purchase_limit: u32,
    pub standby_limit: u32,
    pub hold_s: u32,
    /// From the beginning to the opening, and from there to the close.
    pub opens_in_s: i64,
    pub open_s: i64,
}

/// The whole house.
#[derive(Clone, Debug)]
pub struct Model {
    pub plan: Plan,
    pub now: UnixMs,
    pub journal: Journal,
    /// One for each item; an item that is not there was lost, or never built.
    pub ledger: BTreeMap<SaleItemId, Ledger>,
    pub queue: VecDeque<Queued>,
    pub next_tag: u64,
    /// Batches between the queue and their ack.
    pub hands: Vec<Batch>,
    /// Levels on their way from the journal to the ledger.
    pub relays: Vec<(SaleItemId, Levels)>,
    /// Claims whose change was announced on the bus.
    pub bus: VecDeque<claim::ClaimView>,
    pub provider: BTreeMap<PaymentId, Payment>,
    pub provider_log: Vec<ProviderEvent>,
    pub mailbox: Vec<MailSeen>,
    /// What the clients know.
    pub attempts: BTreeMap<(SaleItemId, UserId), u32>,
    pub receipts: Vec<Receipt>,
    pub told: Vec<Seen>,
    pub stocks: Vec<StockSeen>,
    pub orders_told: Vec<OrderSeen>,
    pub answers: Vec<Answer>,
    /// Nothing has happened since the last [`Model::quiesce`].
    pub still: bool,
}

/// The truth. A transaction works on a copy, which replaces it at the commit.
#[derive(Clone, Debug)]
pub struct Journal {
    pub sale: Sale,
    pub items: BTreeMap<SaleItemId, Item>,
    pub beat: UnixMs,
    pub claims: BTreeMap<ClaimId, ClaimRow>,
    pub holds: BTreeMap<ClaimId, HoldRow>,
    pub standby: BTreeMap<ClaimId, EntryRow>,
    pub orders: BTreeMap<ClaimId, OrderRow>,
    pub payments: BTreeMap<PaymentId, PaymentRow>,
    /// The stored ending of a checkout: its status.
    pub endings: BTreeMap<PaymentId, u16>,
    pub outbox: Vec<Job>,
    pub log: Vec<Change>,
    pub shifts: Vec<Shift>,
}

/// A payment's key, in the order in which a hold's tries follow each other.
pub type PaymentId = (ClaimId, u32);

#[derive(Clone, Debug)]
pub struct Item {
    pub row: ItemRow,
    pub next_ticket: i64,
    pub stock_version: i64,
    pub last_at: UnixMs,
}

#[derive(Clone, Debug)]
pub struct Queued {
    pub tag: u64,
    pub command: claim::Command,
    pub in_hand: bool,
}

#[derive(Clone, Debug)]
pub struct Batch {
    pub item: SaleItemId,
    pub tags: Vec<u64>,
    pub commands: Vec<claim::Command>,
    /// What the ledger granted, and in which epoch.
    pub granted: Option<(i64, Vec<Grant>)>,
    pub decided: bool,
    /// Its consumer was replaced; it may not ack any more.
    pub zombie: bool,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub what: Errand,
    pub done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    Capture(PaymentId),
    Mail(OrderId),
}

/// The model's price: a sum in which an error of one unit shows.
const PRICE: i64 = 1_999;

impl Model {
    /// A published sale before its opening; the ledger is built by the first who misses it.
    pub fn new(plan: Plan) -> Self {
        let now = UnixMs(1_000_000);
        let opens_at = now.plus_s(plan.opens_in_s);
        let sale = Sale {
            id: SaleId(Uuid::from_u128(0x5a1e)),
            title: "a sale on paper".into(),
            stage: Stage::Published,
            row_version: 1,
            waiting_room_opens_at: now,
            opens_at,
            closes_at: opens_at.plus_s(plan.open_s),
            paused_at: None,
        };
        let items = (0..plan.items).map(|n| new_item(&plan, &sale, n, now)).map(|item| (item.row.id, item)).collect();
        Self {
            journal: Journal {
                sale,
                items,
                beat: now,
                claims: BTreeMap::new(),
                holds: BTreeMap::new(),
                standby: BTreeMap::new(),
                orders: BTreeMap::new(),
                payments: BTreeMap::new(),
                endings: BTreeMap::new(),
                outbox: vec![],
                log: vec![],
                shifts: vec![],
            },
            plan,
            now,
            ledger: BTreeMap::new(),
            queue: VecDeque::new(),
            next_tag: 0,
            hands: vec![],
            relays: vec![],
            bus: VecDeque::new(),
            provider: BTreeMap::new(),
            provider_log: vec![],
            mailbox: vec![],
            attempts: BTreeMap::new(),
            receipts: vec![],
            told: vec![],
            stocks: vec![],
            orders_told: vec![],
            answers: vec![],
            still: false,
        }
    }

    pub fn buyer(&self, pick: u8) -> UserId {
        UserId(Uuid::from_u128(0xb000 + u128::from(pick % self.plan.buyers.max(1))))
    }

    pub fn item_id(&self, pick: u8) -> SaleItemId {
        item_id(pick % self.plan.items.max(1))
    }
}

fn item_id(n: u8) -> SaleItemId {
    SaleItemId(Uuid::from_u128(0x17e0 + u128::from(n)))
}

fn new_item(plan: &Plan, sale: &Sale, n: u8, now: UnixMs) -> Item {
    let counters = |limit: u32| Counters { granted: 0, limit: limit.into(), drawn: 0 };
    // Three letters, and upper-case: it cannot fail, and a price in no currency would be found by the first order.
    let price = "TWD".parse::<Currency>().map(|currency| Money { amount_minor: PRICE, currency });
    let Ok(price) = price else { unreachable!("TWD is a currency") };
    Item {
        row: ItemRow {
            id: item_id(n),
            sale_id: sale.id,
            price,
            purchase_limit: plan.purchase_limit,
            hold_s: plan.hold_s,
            allotment: plan.allotment,
            taken: 0,
            standby_limit: plan.standby_limit,
            waiting: 0,
            levels: Levels { epoch: 1, units: counters(plan.allotment), places: counters(plan.standby_limit) },
        },
        next_ticket: 1,
        stock_version: 0,
        last_at: now,
    }
}
