//! The sale of a measured run: as many items, units and seconds as it needs; a question only where answers are to be wrong.

use std::time::Duration;

use kit::{clock::SystemClock, instant::to_rfc3339};
use sale::{
    ids::{SaleId, SaleItemId},
    port::clock::Clock,
    time::UnixMs,
};
use serde_json::json;

use crate::{scene::SaleFacts, staff::Staff};

/// One plan takes no more.
pub const ITEMS_MAX: usize = 20;
const RIGHT_ANSWER: &str = "Full moon";
pub const WRONG_ANSWER: &str = "New moon";

#[derive(Clone, Copy, Debug)]
pub struct Offer {
    pub items: usize,
    /// Units of each item.
    pub units: u32,
    pub standby: u32,
    pub hold_s: u32,
    pub opens_in: Duration,
    pub open_for: Duration,
    /// Whoever claims is asked a question.
    pub asks: bool,
}

#[derive(Clone, Debug)]
pub struct Planned {
    pub sale_id: SaleId,
    pub items: Vec<SaleItemId>,
    pub opens_at: UnixMs,
    pub hold_s: u32,
}

impl Offer {
    pub async fn plan(&self, staff: &mut Staff) -> anyhow::Result<Planned> {
        let now = SystemClock.now();
        let opens_at = now + self.opens_in.as_millis() as i64;
        let question = self.asks.then(
            || json!({"text": "Which moon is round?", "options": [RIGHT_ANSWER, WRONG_ANSWER], "answer": RIGHT_ANSWER}),
        );
        let item = |n: usize| {
            json!({
                "product": {"name": format!("Paper lantern {}", n + 1), "description": "For the load test."},
                "price": {"amount_minor": 200_000, "currency": "TWD"},
                "allotment": self.units.max(1),
                "hold_s": self.hold_s,
                "standby_limit": self.standby,
                "question": question,
            })
        };
        let body = json!({
            "title": "A measured sale",
            "waiting_room_opens_at": to_rfc3339(now),
            "opens_at": to_rfc3339(opens_at),
            "closes_at": to_rfc3339(opens_at + self.open_for.as_millis() as i64),
            "items": (0..self.items.clamp(1, ITEMS_MAX)).map(item).collect::<Vec<_>>(),
        });
        let (sale_id, items, opens_at) = staff.plan_all(body).await?;
        Ok(Planned { sale_id, items, opens_at, hold_s: self.hold_s })
    }
}

impl Planned {
    /// As far as others look at it: nobody here answers questions or comes back.
    pub fn facts(&self) -> anyhow::Result<SaleFacts> {
        let item_id = *self.items.first().ok_or_else(|| anyhow::anyhow!("a sale without items"))?;
        Ok(SaleFacts {
            sale_id: self.sale_id,
            item_id,
            opens_at: self.opens_at,
            hold_ms: i64::from(self.hold_s) * 1000,
            answer: String::new(),
            wrong_answer: String::new(),
            comebacks: 0,
        })
    }
}
