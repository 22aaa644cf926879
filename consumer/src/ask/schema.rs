//! The schema: a claim as the API documents describe it. The shape itself is [`sale::wire`]'s; a test compares the two.

// Never built, only described.
#![allow(dead_code)]

use utoipa::ToSchema;
use uuid::Uuid;

/// A claim as its buyer reads it.
#[derive(ToSchema)]
pub(super) struct Claim {
    claim_id: Uuid,
    sale_id: Uuid,
    sale_item_id: Uuid,
    attempt: u32,
    quantity: u32,
    state: State,
    /// Whoever has seen two keeps the higher.
    version: i64,
    /// Rank on the standby list; 1 is next. Only while standing by.
    position: Option<u32>,
    /// Estimated chance of promotion in whole percent. Only while standing by.
    odds: Option<u8>,
    /// Until when to pay, RFC 3339. Only while held.
    #[schema(example = "2026-11-21T00:10:00.000Z")]
    deadline: Option<String>,
    /// What checkout asks for. Only while held.
    purchase_pass: Option<String>,
    /// Only if refused.
    reason: Option<Reason>,
    /// Only if paid.
    order_id: Option<Uuid>,
}

#[derive(ToSchema)]
#[schema(as = ClaimState)]
#[schema(rename_all = "snake_case")]
enum State {
    Received,
    Held,
    Standby,
    Paying,
    Paid,
    Refused,
    Expired,
    Withdrawn,
}

#[derive(ToSchema)]
#[schema(as = RefusalReason)]
#[schema(rename_all = "snake_case")]
enum Reason {
    NotOpen,
    Closed,
    AlreadyClaimed,
    LimitReached,
    AllHeld,
    SoldOut,
    Failed,
}

/// A buyer's claims.
#[derive(ToSchema)]
pub(super) struct ClaimList {
    items: Vec<Claim>,
    /// Always null: a buyer's claims are one page.
    next: Option<String>,
}

#[cfg(test)]
mod tests {
    use sale::{
        claim::{ClaimState, Reason},
        ids::{ClaimId, OrderId, SaleId, SaleItemId},
        wire::ClaimBody,
    };
    use serde_json::{Value, to_value};
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn words<T: serde::Serialize>(all: &[T]) -> Value {
        to_value(all).unwrap()
    }

    #[test]
    fn the_documents_describe_the_claim_that_is_sent() {
        let id = Uuid::nil();
        let sent = to_value(ClaimBody {
            claim_id: ClaimId(id),
            sale_id: SaleId(id),
            sale_item_id: SaleItemId(id),
            attempt: 1,
            quantity: 1,
            state: ClaimState::Held,
            version: 1,
            position: Some(1),
            odds: Some(1),
            deadline: Some(String::new()),
            purchase_pass: Some(String::new()),
            reason: Some(Reason::Closed),
            order_id: Some(OrderId(id)),
        })
        .unwrap();
        let api = to_value(crate::openapi()).unwrap();
        let schemas = &api["components"]["schemas"];
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&schemas["Claim"]["properties"]), names(&sent));
        use {ClaimState as S, Reason as R};
        let states = [S::Received, S::Held, S::Standby, S::Paying, S::Paid, S::Refused, S::Expired, S::Withdrawn];
        assert_eq!(schemas["ClaimState"]["enum"], words(&states));
        let reasons = [R::NotOpen, R::Closed, R::AlreadyClaimed, R::LimitReached, R::AllHeld, R::SoldOut, R::Failed];
        assert_eq!(schemas["RefusalReason"]["enum"], words(&reasons));
    }
}
