//! The diary: how a buyer writes down what they were told, for the verdict.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sale::{
    claim::ClaimState,
    ids::{ClaimId, OrderId, SaleItemId, UserId},
    money::Money,
    order::OrderState,
    time::UnixMs,
    verdict::{
        Observation,
        observe::{self, Channel, OrderSeen, Receipt, Seen, StockSeen},
    },
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    frame::{ClaimSeen, SaleSeen},
    http::{Answer, Call},
};
use crate::{
    pulse::Beat,
    scene::{Scene, bump},
};

#[derive(Clone)]
pub struct Diary {
    pub buyer_id: UserId,
    pub scene: Arc<Scene>,
}

/// An order as the wire shows it, as far as we judge it.
#[derive(Debug, Deserialize)]
pub struct OrderBody {
    pub id: OrderId,
    pub state: OrderState,
    pub claim_id: ClaimId,
    pub quantity: u32,
    pub total: Money,
}

impl Diary {
    pub fn receipt(&self, claim_id: ClaimId, item: SaleItemId, received_at: Option<UnixMs>) {
        bump(&self.scene.counts.receipts);
        self.scene.pulse.beat(Beat::Receipt);
        let (at, buyer_id) = (self.scene.now(), self.buyer_id);
        self.write(Observation::Receipt(Receipt { at, buyer_id, claim_id, sale_item_id: item, received_at }));
    }

    /// A state as told, kept or ignored. `received` is the receipt again and no state of a row.
    pub fn claim(&self, told: &ClaimSeen, channel: Channel) {
        if told.state == ClaimState::Received {
            return;
        }
        let seen = Seen {
            at: self.scene.now(),
            buyer_id: self.buyer_id,
            channel,
            claim_id: told.claim_id,
            sale_item_id: told.sale_item_id,
            quantity: told.quantity,
            state: told.state,
            version: told.version,
            deadline: told.deadline.map(UnixMs),
            pass_expires_at: told.purchase_pass.as_deref().and_then(expiry),
            reason: told.reason,
            order_id: told.order_id,
        };
        if told.state == ClaimState::Held && told.purchase_pass.is_none() {
            self.complain("a held claim was told without its purchase pass");
        }
        self.write(Observation::Claim(seen));
    }

    pub fn stock(&self, told: &SaleSeen) {
        let at = self.scene.now();
        for item in &told.items {
            let (Some(available), Some(held), Some(paid)) = (item.available, item.held, item.paid) else { continue };
            let (sale_item_id, stock_version, state) = (item.id, item.stock_version, item.state);
            let seen = StockSeen { at, sale_item_id, stock_version, state, available, held, paid };
            self.scene.notebook.write_stock(seen);
        }
    }

    /// An order in an answer; complains where it is none.
    pub fn order(&self, body: &Value) -> Option<OrderBody> {
        match OrderBody::deserialize(body) {
            Ok(order) => {
                let OrderBody { id: order_id, state, claim_id, quantity, total } = order;
                let (at, buyer_id) = (self.scene.now(), self.buyer_id);
                self.write(Observation::Order(OrderSeen { at, buyer_id, order_id, claim_id, quantity, total, state }));
                Some(order)
            }
            Err(error) => {
                self.complain(format!("an order does not read: {error}"));
                None
            }
        }
    }

    /// An ending that is stored under an idempotency key, and must come again for the same call.
    pub fn stored_answer(&self, call: &Call, answer: &Answer) {
        let Some(key) = call.idempotency_key.clone() else { return };
        let mut told = answer.body.clone();
        if let Some(body) = told.as_object_mut() {
            // Names the request, not the answer.
            body.remove("request_id");
        }
        self.write(Observation::Answer(observe::Answer {
            at: self.scene.now(),
            buyer_id: self.buyer_id,
            route: format!("{} {}", call.method, call.path),
            key,
            body_hash: hash(call.body.as_ref().unwrap_or(&Value::Null)),
            status: answer.status,
            answer_hash: hash(&told),
        }));
    }

    /// Something that was not ours to do.
    pub fn attempt(&self, kind: &str, status: u16, never: Option<ClaimId>) {
        self.scene.counts.add(format!("forged, {status}"));
        let at = self.scene.now();
        self.write(Observation::Attempt(observe::Attempt { at, kind: kind.to_owned(), status, never }));
    }

    pub fn complain(&self, text: impl Into<String>) {
        self.scene.notebook.complain(format!("{} (buyer {})", text.into(), self.buyer_id));
    }

    /// Whatever the server does, it never answers so.
    pub fn check(&self, call: &Call, answer: &Answer) {
        let (method, path, status, code) = (call.method, &call.path, answer.status, answer.code());
        let broken = status >= 500 && status != 503;
        let nameless = status >= 400 && code.is_empty();
        if broken || nameless {
            self.complain(format!("{method} {path} answered {status} {code:?}"));
        }
        if status == 429 && answer.retry_after.is_none() {
            self.complain(format!("{method} {path} was too fast, and nobody said when to come again"));
        }
    }

    fn write(&self, seen: Observation) {
        self.scene.notebook.write(&seen);
    }
}

/// `exp` of a token, unverified: we are who it was given to.
pub(crate) fn expiry(pass: &str) -> Option<UnixMs> {
    let payload = URL_SAFE_NO_PAD.decode(pass.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    Some(UnixMs(claims["exp"].as_i64()? * 1000))
}

fn hash(what: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    what.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expiry_is_read_from_a_pass_and_from_nothing_else() {
        let pass = format!("h.{}.s", URL_SAFE_NO_PAD.encode(br#"{"exp":1795219200}"#));
        assert_eq!(expiry(&pass), Some(UnixMs(1_795_219_200_000)));
        assert_eq!(expiry("pass"), None);
        assert_eq!(expiry("a.b.c"), None);
    }
}
