//! The plan's body: what a merchandiser may say of a sale to be, and what is so where they say nothing.

use kit::{http::object, instant::rfc3339};
use sale::{sale::Question, time::UnixMs};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::sale_body::Money;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    /// May be at once; otherwise it can be moved later, but never closer than 10 s.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub opens_at: UnixMs,
    /// At most 30 days after the opening.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub closes_at: UnixMs,
    /// Else 30 minutes before the opening, or at once.
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub waiting_room_opens_at: Option<UnixMs>,
    /// A draft is seen by staff alone.
    #[serde(default)]
    pub draft: bool,
    #[serde(deserialize_with = "object::list")]
    #[schema(min_items = 1, max_items = 20)]
    pub items: Vec<PlanItem>,
}

/// One item. Either `product`, which is new, or `product_id`, which the catalogue has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanItem {
    #[serde(default, deserialize_with = "object::option")]
    pub product: Option<ProductBody>,
    #[serde(default)]
    pub product_id: Option<Uuid>,
    #[serde(deserialize_with = "object::one")]
    pub price: Money,
    /// The struck-through price beside it, in the same currency.
    #[serde(default, deserialize_with = "object::option")]
    pub list_price: Option<Money>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub allotment: u32,
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100)]
    pub purchase_limit: u32,
    /// How long a unit is kept, in seconds; else 600.
    #[serde(default = "ten_minutes")]
    #[schema(minimum = 2, maximum = 86_400)]
    pub hold_s: u32,
    /// Units; else twice the allotment.
    #[serde(default)]
    #[schema(maximum = 2_000_000)]
    pub standby_limit: Option<u32>,
    #[serde(default, deserialize_with = "object::option")]
    #[schema(value_type = Option<QuestionWish>)]
    pub question: Option<Question>,
}

/// A question with 2 to 10 options, one of which is the answer.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the documented shape of a type that knows nothing of documents")]
struct QuestionWish {
    text: String,
    options: Vec<String>,
    answer: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductBody {
    #[schema(min_length = 1, max_length = 120)]
    pub name: String,
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub image_url: String,
}

fn one() -> u32 {
    1
}

fn ten_minutes() -> u32 {
    600
}

impl PlanItem {
    pub fn standby_limit(&self) -> u32 {
        self.standby_limit.unwrap_or(self.allotment.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_list_is_no_item_and_no_price_and_no_product_and_no_question() {
        let item = json!({
            "product": {"name": "Chair"}, "price": {"amount_minor": 1, "currency": "TWD"}, "allotment": 1,
            "list_price": {"amount_minor": 2, "currency": "TWD"},
            "question": {"text": "Which?", "options": ["A", "B"], "answer": "A"},
        });
        let plan = |item: Value| {
            let window = json!({"title": "T", "opens_at": "2026-11-21T00:00:00Z", "closes_at": "2026-11-21T01:00:00Z"});
            let mut body = window;
            body["items"] = json!([item]);
            serde_json::from_value::<PlanBody>(body)
        };
        assert!(plan(item.clone()).is_ok());
        let money = json!([1, "TWD"]);
        let question = json!(["Which?", ["A", "B"], "A"]);
        let lists =
            [("product", json!(["Chair"])), ("price", money.clone()), ("list_price", money), ("question", question)];
        for (member, list) in lists {
            let mut wrong = item.clone();
            wrong[member] = list;
            assert!(plan(wrong).is_err(), "{member}");
        }
        let by_position =
            json!([{"name": "Chair"}, null, {"amount_minor": 1, "currency": "TWD"}, null, 1, 1, 600, 2, null]);
        assert!(plan(by_position).is_err());
    }
}
