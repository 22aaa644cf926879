//! Frames: what the server says on the socket, and a claim however it is told.

use sale::{
    ids::{ClaimId, SaleId, SaleItemId, UserId},
    sale::{ItemState, Phase},
    time::UnixMs,
    wire::{ClaimBody, ClaimOnWire},
};
use serde::Deserialize;

/// A claim with its instants in Unix ms, from a frame or from a body.
pub type ClaimSeen = ClaimOnWire<i64>;

/// The same claim out of an HTTP body. `None` where its deadline is no instant.
pub fn claim_from_body(body: ClaimBody) -> Option<ClaimSeen> {
    let deadline = match &body.deadline {
        Some(text) => Some(kit::instant::parse_rfc3339(text).ok()?.0),
        None => None,
    };
    Some(ClaimSeen {
        claim_id: body.claim_id,
        sale_id: body.sale_id,
        sale_item_id: body.sale_item_id,
        attempt: body.attempt,
        quantity: body.quantity,
        state: body.state,
        version: body.version,
        position: body.position,
        odds: body.odds,
        deadline,
        purchase_pass: body.purchase_pass,
        reason: body.reason,
        order_id: body.order_id,
    })
}

/// One item inside a sale frame.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ItemSeen {
    pub id: SaleItemId,
    pub state: ItemState,
    pub stock_version: i64,
    #[serde(default)]
    pub available: Option<u32>,
    #[serde(default)]
    pub held: Option<u32>,
    #[serde(default)]
    pub paid: Option<u32>,
    #[serde(default)]
    pub waiting: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SaleSeen {
    pub sale_id: SaleId,
    pub version: i64,
    pub state: Phase,
    pub opens_at: UnixMs,
    pub closes_at: UnixMs,
    pub items: Vec<ItemSeen>,
}

/// One frame. Fields we do not know are let through: the server may be newer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame {
    Hello {
        server_time: UnixMs,
        heartbeat_s: u32,
        resume_after_ms: u64,
    },
    Clock {
        t0: i64,
        t1: UnixMs,
    },
    Sale(SaleSeen),
    Claim(ClaimSeen),
    Session {
        user_id: UserId,
    },
    Accepted {
        claim_id: ClaimId,
        sale_item_id: SaleItemId,
        attempt: u32,
        receipt: String,
    },
    Refused {
        code: String,
        op: String,
        #[serde(default)]
        sale_item_id: Option<SaleItemId>,
        #[serde(default)]
        claim_id: Option<ClaimId>,
        #[serde(default)]
        retry_after_ms: Option<u64>,
    },
    Notice {
        code: String,
        text: String,
    },
    Bye {
        code: serde_json::Value,
        resume_after_ms: u64,
    },
    Error {
        code: String,
        detail: String,
    },
}

/// A claim of one unit for tests: its id follows from the attempt.
#[cfg(test)]
pub fn example(attempt: u32, version: i64, state: sale::claim::ClaimState) -> ClaimSeen {
    use sale::claim::ClaimState;

    let id = uuid::Uuid::from_u128(9);
    ClaimSeen {
        claim_id: ClaimId(uuid::Uuid::from_u128(attempt.into())),
        sale_id: SaleId(id),
        sale_item_id: SaleItemId(id),
        attempt,
        quantity: 1,
        state,
        version,
        position: None,
        odds: None,
        deadline: (state == ClaimState::Held).then_some(20_000),
        purchase_pass: (state == ClaimState::Held).then(|| "pass".to_owned()),
        reason: None,
        order_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_held_claim_reads_the_same_from_a_frame_and_from_a_body() {
        let id = uuid::Uuid::from_u128(7);
        let mut claim = json!({"type": "claim", "claim_id": id, "sale_id": id, "sale_item_id": id, "attempt": 1, "quantity": 1,
            "state": "held", "version": 3, "deadline": 1_795_219_200_000_i64, "purchase_pass": "p"});
        let Frame::Claim(framed) = serde_json::from_value(claim.clone()).unwrap() else { panic!("not a claim") };
        claim["deadline"] = json!("2026-11-21T00:00:00.000Z");
        let body: ClaimBody = serde_json::from_value(claim).unwrap();
        assert_eq!(claim_from_body(body), Some(framed));
    }

    #[test]
    fn frames_of_the_wire_document_read() {
        let id = uuid::Uuid::from_u128(7);
        for frame in [
            json!({"type": "hello", "server_time": 1, "heartbeat_s": 25, "resume_after_ms": 0}),
            json!({"type": "refused", "sale_item_id": id, "code": "sold_out", "op": "claim"}),
            json!({"type": "bye", "code": "restart", "resume_after_ms": 1500}),
            json!({"type": "sale", "sale_id": id, "version": 11, "state": "open", "waiting_room_opens_at": 1, "opens_at": 2,
                "closes_at": 3, "items": [{"id": id, "state": "on_sale", "available": 3, "held": 0, "paid": 0, "waiting": 0,
                "stock_version": 1, "price": {"amount_minor": 1, "currency": "TWD"}}]}),
        ] {
            serde_json::from_value::<Frame>(frame.clone()).unwrap_or_else(|error| panic!("{error}: {frame}"));
        }
    }
}
