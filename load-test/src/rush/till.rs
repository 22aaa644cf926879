//! The till: somebody with an account and a password buys one unit, over the same doors as everybody.

use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use kit::clock::SeedChance;
use sale::{
    claim::ClaimState,
    ids::{OrderId, SaleItemId},
    port::chance::Chance,
    verdict::observe::Channel,
};
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout_at};
use uuid::Builder;

use super::drive::TURNED_AWAY;
use crate::buyer::{
    account::Account,
    diary::Diary,
    frame::{ClaimSeen, Frame},
    http::{Call, Http},
    socket::{Heard, Socket},
};

/// A link of the chain that takes longer is broken.
const LINK_WAIT: Duration = Duration::from_secs(20);

/// What a purchase took.
#[derive(Clone, Copy, Debug)]
pub struct Bought {
    pub order_id: OrderId,
    pub receipt_to_result: Duration,
    pub checkout: Duration,
    /// When the order was answered.
    pub at: SystemTime,
}

/// A unit that is held.
#[derive(Clone, Debug)]
pub struct Held {
    pub claim: ClaimSeen,
    pub receipt_to_result: Duration,
}

/// Claims on a socket, waits for the hold, pays.
pub async fn buy(account: &Account, diary: &Diary, item: SaleItemId) -> anyhow::Result<Bought> {
    let Held { claim, receipt_to_result } = hold(account, diary, item).await?;
    let (checkout, order_id) = pay(account, diary, &claim).await?;
    Ok(Bought { order_id, receipt_to_result, checkout, at: SystemTime::now() })
}

/// Claims on a socket, again where the door says when, and waits for the hold.
pub async fn hold(account: &Account, diary: &Diary, item: SaleItemId) -> anyhow::Result<Held> {
    let give_up = Instant::now() + LINK_WAIT;
    let mut socket = Socket::connect(account.source, diary.scene.target).await?;
    socket.send(&json!({"type": "auth", "access_token": account.access_token})).await;
    until(&mut socket, give_up, |frame| matches!(frame, Frame::Session { .. }).then_some(())).await?;
    let claim = json!({"type": "claim", "sale_item_id": item});
    socket.send(&claim).await;
    let (mut receipt, mut held) = (None, None);
    while receipt.is_none() || held.is_none() {
        let told = until(&mut socket, give_up, |frame| match frame {
            Frame::Accepted { .. } | Frame::Claim(_) | Frame::Refused { .. } => Some(frame.clone()),
            _ => None,
        });
        match told.await? {
            Frame::Accepted { claim_id, .. } => {
                diary.receipt(claim_id, item, None);
                receipt = Some(Instant::now());
            }
            Frame::Claim(claim) => {
                diary.claim(&claim, Channel::Socket);
                held = (claim.state == ClaimState::Held).then(|| (Instant::now(), claim)).or(held);
            }
            Frame::Refused { code, retry_after_ms: Some(wait), .. } if code == TURNED_AWAY => {
                sleep_until(give_up.min(Instant::now() + Duration::from_millis(wait))).await;
                socket.send(&claim).await;
            }
            other => bail!("the claim of a payer was answered {other:?}"),
        }
    }
    let (receipt, (held_at, claim)) = receipt.zip(held).context("neither receipt nor hold")?;
    Ok(Held { claim, receipt_to_result: held_at.saturating_duration_since(receipt) })
}

async fn pay(account: &Account, diary: &Diary, claim: &ClaimSeen) -> anyhow::Result<(Duration, OrderId)> {
    let pass = claim.purchase_pass.as_ref().context("a hold without a pass")?;
    let body = json!({
        "purchase_pass": pass,
        "payment": {"method": "sandbox", "token": "tok_approve"},
        "shipping": {"name": "Lin", "phone": "0900000000", "address": format!("Street {}", account.n)},
    });
    let mut key = [0; 16];
    SeedChance::new(u64::from(account.n)).fill(&mut key);
    let key = Builder::from_random_bytes(key).into_uuid().to_string();
    let call = Call::post("/api/v1/checkout", body).bearer(&account.access_token).key(&key);
    let begun = Instant::now();
    let answer = Http::new(account.source, diary.scene.target).call(&call).await?;
    let took = begun.elapsed();
    diary.stored_answer(&call, &answer);
    let order = (answer.status == 201).then(|| diary.order(&answer.body)).flatten();
    let order = order.with_context(|| format!("a checkout was answered {} {}", answer.status, answer.code()))?;
    Ok((took, order.id))
}

/// The first frame that is wanted.
async fn until<T>(socket: &mut Socket, by: Instant, mut wanted: impl FnMut(&Frame) -> Option<T>) -> anyhow::Result<T> {
    loop {
        match timeout_at(by, socket.next()).await.context("a socket said nothing for too long")? {
            Heard::Frame(frame) => {
                if let Some(found) = wanted(&frame) {
                    return Ok(found);
                }
            }
            Heard::Garbled(text) => bail!("a frame does not read: {text}"),
            Heard::Closed(code) => bail!("the socket was closed: {code:?}"),
        }
    }
}
