//! The wire: a claim as a browser reads it, in an HTTP body and in a frame of the socket.
//!
//! Both doors that hand claims out use these shapes, so that they cannot drift apart.

use serde::{Deserialize, Serialize};

use crate::{
    claim::{ClaimState, ClaimView, Reason},
    ids::{ClaimId, OrderId, SaleId, SaleItemId},
    time::UnixMs,
};

/// A claim as its buyer reads it. `At` is how this medium writes an instant: RFC 3339 text in bodies, Unix ms in frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimOnWire<At> {
    pub claim_id: ClaimId,
    pub sale_id: SaleId,
    pub sale_item_id: SaleItemId,
    pub attempt: u32,
    pub quantity: u32,
    pub state: ClaimState,
    /// Whoever hears two keeps the higher.
    pub version: i64,
    /// Rank on the standby list; 1 is next. Only while standing by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// Estimated chance of promotion in whole percent. Only while standing by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odds: Option<u8>,
    /// Until when to pay. Only while held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<At>,
    /// What checkout asks for. Only while held, and only where a key is at hand to mint it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_pass: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
}

/// In an HTTP body.
pub type ClaimBody = ClaimOnWire<String>;

/// In a frame: `{"type":"claim", ..}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "claim")]
pub struct ClaimFrame {
    #[serde(flatten)]
    pub claim: ClaimOnWire<i64>,
}

impl<At> ClaimOnWire<At> {
    /// The committed row as the wire shows it; `write` is the medium's way to write an instant.
    pub fn of(view: &ClaimView, purchase_pass: Option<String>, write: impl Fn(UnixMs) -> At) -> Self {
        let held = view.state == ClaimState::Held;
        let waits = view.state == ClaimState::Standby;
        Self {
            claim_id: view.claim_id,
            sale_id: view.sale_id,
            sale_item_id: view.sale_item_id,
            attempt: view.attempt,
            quantity: view.quantity,
            state: view.state,
            version: view.version,
            position: view.position.filter(|_| waits),
            odds: view.odds.filter(|_| waits),
            deadline: view.deadline.filter(|_| held).map(write),
            purchase_pass: purchase_pass.filter(|_| held),
            reason: view.reason,
            order_id: view.order_id,
        }
    }
}

impl ClaimFrame {
    pub fn of(view: &ClaimView, purchase_pass: Option<String>) -> Self {
        Self { claim: ClaimOnWire::of(view, purchase_pass, |at| at.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use serde_json::json;
    use uuid::Uuid;

    fn view(state: ClaimState) -> ClaimView {
        ClaimView {
            claim_id: ClaimId(Uuid::from_u128(1)),
            sale_id: SaleId(Uuid::from_u128(2)),
            sale_item_id: SaleItemId(Uuid::from_u128(3)),
            buyer_id: UserId(Uuid::from_u128(4)),
            attempt: 1,
            quantity: 2,
            state,
            version: 5,
            position: Some(7),
            odds: Some(40),
            deadline: Some(UnixMs(99)),
            generation: Some(1),
            reason: None,
            order_id: None,
        }
    }

    #[test]
    fn a_held_claim_shows_deadline_and_pass_and_no_rank_and_never_whose_it_is() {
        let frame = serde_json::to_value(ClaimFrame::of(&view(ClaimState::Held), Some("pass".into()))).unwrap();
        let expected = json!({
            "type": "claim",
            "claim_id": Uuid::from_u128(1), "sale_id": Uuid::from_u128(2), "sale_item_id": Uuid::from_u128(3),
            "attempt": 1, "quantity": 2, "state": "held", "version": 5, "deadline": 99, "purchase_pass": "pass",
        });
        assert_eq!(frame, expected);
    }

    #[test]
    fn only_who_stands_by_has_a_rank_and_only_who_holds_has_a_pass() {
        let body: ClaimBody = ClaimOnWire::of(&view(ClaimState::Standby), Some("pass".into()), |at| at.0.to_string());
        assert_eq!((body.position, body.odds, body.deadline, body.purchase_pass), (Some(7), Some(40), None, None));
        let paid: ClaimBody = ClaimOnWire::of(&view(ClaimState::Paid), Some("pass".into()), |at| at.0.to_string());
        assert_eq!((paid.position, paid.deadline, paid.purchase_pass), (None, None, None));
    }
}
