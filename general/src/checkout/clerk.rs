//! The clerk: how orders are numbered and what is written down as a checkout's answer.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use journal::checkout::Clerk;
use sale::{
    hold::HoldState,
    ids::{ClaimId, OrderId},
    order::Order,
    port::chance::Chance,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

use crate::order::OrderBody;

#[derive(Clone)]
pub struct ShopClerk(pub Arc<dyn Chance>);

/// What is stored of a 402.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeclinedNote {
    pub deadline: UnixMs,
}

/// What is stored of a 410.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndedNote {
    pub state: HoldState,
}

impl Clerk for ShopClerk {
    fn order_id(&self, now: UnixMs) -> OrderId {
        OrderId(self.0.v7(now))
    }

    /// `YYYYMMDDHH` in UTC and six random digits.
    fn order_number(&self, now: UnixMs) -> String {
        let at = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC);
        let random = self.0.below(1_000_000);
        format!("{:04}{:02}{:02}{:02}{random:06}", at.year(), at.month(), at.day(), at.hour())
    }

    fn paid(&self, order: &Order) -> String {
        written(&OrderBody::of(order))
    }

    fn declined(&self, deadline: UnixMs) -> String {
        written(&DeclinedNote { deadline })
    }

    fn ended(&self, state: HoldState) -> String {
        written(&EndedNote { state })
    }
}

/// The body of 202.
pub fn paying(claim_id: ClaimId) -> String {
    written(&serde_json::json!({"state": "paying", "claim_id": claim_id}))
}

fn written(value: &impl Serialize) -> String {
    // Plain structs of texts and numbers: nothing in them can fail to be written.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::clock::SeedChance;

    #[test]
    fn an_order_number_is_the_hour_and_six_digits() {
        let clerk = ShopClerk(Arc::new(SeedChance::new(1)));
        let number = clerk.order_number(UnixMs(1_795_219_200_000 + 3_600_000 * 9));
        assert!(number.starts_with("2026112109"), "{number}");
        assert!(number.len() == 16 && number.bytes().all(|b| b.is_ascii_digit()));
        assert_ne!(number, clerk.order_number(UnixMs(1_795_219_200_000 + 3_600_000 * 9)));
    }
}
