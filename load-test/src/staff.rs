//! The staff: plans the sale, works its switches and watches its figures.

use std::{net::Ipv4Addr, net::SocketAddrV4, time::Duration};

use anyhow::{Context, bail};
use kit::{clock::SystemClock, instant::to_rfc3339};
use sale::{
    ids::{SaleId, SaleItemId},
    port::clock::Clock,
    sale::Phase,
    time::UnixMs,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    buyer::{
        account::sign_in,
        http::{Answer, Call, Http},
    },
    scene::SaleFacts,
};

/// A staff command that has no answer after this long has failed: the server may be down that long in a crash run.
const COMMAND_WAIT: Duration = Duration::from_secs(30);
const PAUSE_BETWEEN_TRIES: Duration = Duration::from_millis(250);

pub struct Staff {
    http: Http,
    token: String,
}

/// The sale to plan.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    pub units: u32,
    pub standby: u32,
    pub hold_s: u32,
    pub purchase_limit: u32,
    pub opens_in: Duration,
    pub open_for: Duration,
    pub comebacks: u32,
}

/// The figures of a running sale.
#[derive(Clone, Debug, Deserialize)]
pub struct Live {
    pub state: Phase,
    pub items: Vec<LiveItem>,
    /// `None` while the queue does not answer.
    pub queue_depth: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct LiveItem {
    pub allotment: u32,
    pub held: u32,
    pub paying: u32,
    pub paid: u32,
    pub standby: u32,
}

impl Live {
    /// Every unit is paid, and nobody waits for an answer.
    pub fn is_sold_out(&self) -> bool {
        self.queue_depth == Some(0) && self.items.iter().all(|item| item.paid >= item.allotment && item.is_quiet())
    }

    /// Closed, and every unit is paid or free.
    pub fn is_quiet(&self) -> bool {
        let closed = matches!(self.state, Phase::Closed | Phase::Reconciled);
        closed && self.queue_depth == Some(0) && self.items.iter().all(LiveItem::is_quiet)
    }
}

impl LiveItem {
    fn is_quiet(&self) -> bool {
        self.held == 0 && self.paying == 0 && self.standby == 0
    }
}

impl Staff {
    pub async fn sign_in(target: SocketAddrV4, email: &str, password: &str) -> anyhow::Result<Self> {
        let mut http = Http::new(Ipv4Addr::LOCALHOST, target);
        let answer = sign_in(&mut http, email, password).await?;
        let token = answer.body["access_token"].as_str();
        let token = token.with_context(|| format!("staff cannot sign in: {} {}", answer.status, answer.code()))?;
        Ok(Self { token: token.to_owned(), http })
    }

    /// Plans one sale of one item that opens after `opens_in`; its waiting room is open at once.
    pub async fn plan(&mut self, planned: Planned) -> anyhow::Result<SaleFacts> {
        let now = SystemClock.now();
        let opens_at = now + planned.opens_in.as_millis() as i64;
        let closes_at = opens_at + planned.open_for.as_millis() as i64;
        let (answer, wrong_answer) = ("Full moon".to_owned(), "New moon".to_owned());
        let body = json!({
            "title": "A rehearsal",
            "waiting_room_opens_at": to_rfc3339(now),
            "opens_at": to_rfc3339(opens_at),
            "closes_at": to_rfc3339(closes_at),
            "items": [{
                "product": {"name": "Paper lantern", "description": "For the load test."},
                "price": {"amount_minor": 200_000, "currency": "TWD"},
                "allotment": planned.units,
                "purchase_limit": planned.purchase_limit,
                "hold_s": planned.hold_s,
                "standby_limit": planned.standby,
                "question": {"text": "Which moon is round?", "options": [answer, wrong_answer], "answer": answer},
            }],
        });
        let told = self.command(Call::post("/api/v1/admin/sales", body)).await?;
        let (sale_id, item_id) = ids(&told.body).context("the planned sale has no ids")?;
        // The server's word counts, not ours.
        let opens_at = told.instant("opens_at").context("the planned sale has no opening")?;
        let hold_ms = i64::from(planned.hold_s) * 1000;
        Ok(SaleFacts { sale_id, item_id, opens_at, hold_ms, answer, wrong_answer, comebacks: planned.comebacks })
    }

    /// Plans a sale of several items as `body` says; returns its ids and those of its items, in order, and when it opens.
    pub async fn plan_all(&mut self, body: Value) -> anyhow::Result<(SaleId, Vec<SaleItemId>, UnixMs)> {
        let told = self.command(Call::post("/api/v1/admin/sales", body)).await?;
        let (sale_id, _) = ids(&told.body).context("the planned sale has no ids")?;
        let items = told.body["items"].as_array().into_iter().flatten();
        let items = items.filter_map(|item| item["id"].as_str()?.parse().ok()).collect();
        Ok((sale_id, items, told.instant("opens_at").context("the planned sale has no opening")?))
    }

    /// Works one of the switches: open, pause, resume, close, extend, restock.
    pub async fn switch(&mut self, sale: SaleId, verb: &str, body: Value) -> anyhow::Result<Answer> {
        self.command(Call::post(format!("/api/v1/admin/sales/{sale}/{verb}"), body)).await
    }

    /// Moves the closing by `by` from where it is now.
    pub async fn extend(&mut self, sale: SaleId, by: Duration) -> anyhow::Result<()> {
        let path = format!("/api/v1/sales/{sale}");
        let told = self.command(Call::get(path)).await?;
        let closes_at = told.instant("closes_at").context("the sale has no closing")?;
        let closes_at: UnixMs = closes_at + by.as_millis() as i64;
        self.switch(sale, "extend", json!({"closes_at": to_rfc3339(closes_at)})).await.map(drop)
    }

    pub async fn live(&mut self, sale: SaleId) -> anyhow::Result<Live> {
        let answer = self.command(Call::get(format!("/api/v1/admin/sales/{sale}/live"))).await?;
        answer.read().map_err(anyhow::Error::msg)
    }

    /// Repeats until there is a clear answer; what was already done answers 409 and is fine on a repeat.
    async fn command(&mut self, call: Call) -> anyhow::Result<Answer> {
        let call = call.bearer(&self.token);
        let (give_up, mut repeated) = (Instant::now() + COMMAND_WAIT, false);
        let mut last = String::new();
        while Instant::now() < give_up {
            match self.http.call(&call).await {
                Ok(answer) if answer.is_ok() || (repeated && answer.status == 409) => return Ok(answer),
                Ok(answer) if !matches!(answer.status, 429 | 503) => {
                    bail!("staff: {} {} answered {} {}", call.method, call.path, answer.status, answer.body)
                }
                Ok(answer) => last = format!("{} {}", answer.status, answer.code()),
                Err(lost) => last = lost.to_string(),
            }
            repeated = true;
            sleep(PAUSE_BETWEEN_TRIES).await;
        }
        bail!("waited {} s for {} {}: {last}", COMMAND_WAIT.as_secs(), call.method, call.path)
    }
}

fn ids(sale: &Value) -> Option<(SaleId, SaleItemId)> {
    Some((sale["id"].as_str()?.parse().ok()?, sale["items"][0]["id"].as_str()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(state: Phase, held: u32, paid: u32, standby: u32) -> Live {
        Live { state, queue_depth: Some(0), items: vec![LiveItem { allotment: 5, held, paying: 0, paid, standby }] }
    }

    #[test]
    fn a_sale_is_quiet_when_it_is_closed_and_every_unit_is_paid_or_free() {
        assert!(live(Phase::Closed, 0, 3, 0).is_quiet());
        assert!(!live(Phase::Open, 0, 3, 0).is_quiet());
        assert!(!live(Phase::Closed, 1, 3, 0).is_quiet());
        assert!(!live(Phase::Closed, 0, 3, 1).is_quiet());
        assert!(live(Phase::Open, 0, 5, 0).is_sold_out() && !live(Phase::Open, 1, 4, 0).is_sold_out());
    }
}
