//! The body: what a buyer sends to pay, checked and brought into one form.

use kit::http::{Problem, object};
use sale::{ids::ClaimId, order::Shipping};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::refusal::{FieldError, invalid_fields};

const TOKEN_MAX_BYTES: usize = 64;
const NAME_MAX_CHARS: usize = 64;
const PHONE_MIN_CHARS: usize = 3;
const PHONE_MAX_CHARS: usize = 32;
const ADDRESS_MAX_CHARS: usize = 300;

/// A hold, a card's token, and where the goods go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckoutBody {
    /// As handed out with the held claim; an older one of a live hold is good.
    pub purchase_pass: String,
    #[serde(deserialize_with = "object::one")]
    pub payment: PaymentBody,
    #[serde(deserialize_with = "object::one")]
    pub shipping: ShippingBody,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentBody {
    /// `sandbox`.
    #[schema(example = "sandbox")]
    pub method: String,
    /// What stands for the card; card data never comes here.
    #[schema(example = "tok_approve")]
    pub token: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShippingBody {
    #[schema(max_length = 64)]
    pub name: String,
    #[schema(min_length = 3, max_length = 32)]
    pub phone: String,
    #[schema(max_length = 300)]
    pub address: String,
}

/// A body that can be acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub token: String,
    pub shipping: Shipping,
}

impl CheckoutBody {
    /// Errors: 422 `invalid_body`, each wrong member named.
    pub fn check(&self) -> Result<Asked, Problem> {
        let mut errors = Vec::new();
        let mut ensure = |holds: bool, field: &str, why: &str| {
            if !holds {
                errors.push(FieldError { field: field.to_owned(), why: why.to_owned() });
            }
        };
        let shipping = self.shipping.tidy();
        let token = &self.payment.token;
        ensure(self.payment.method == "sandbox", "payment.method", "must be \"sandbox\"");
        ensure(is_token(token), "payment.token", "must be 1 to 64 of A-Z a-z 0-9 _ -");
        ensure(fits(&shipping.name, 1, NAME_MAX_CHARS), "shipping.name", "must be 1 to 64 characters");
        ensure(is_phone(&shipping.phone), "shipping.phone", "must be 3 to 32 digits, blanks and + - ( ) . #");
        ensure(fits(&shipping.address, 1, ADDRESS_MAX_CHARS), "shipping.address", "must be 1 to 300 characters");
        if errors.is_empty() { Ok(Asked { token: token.clone(), shipping }) } else { Err(invalid_fields(errors)) }
    }
}

impl ShippingBody {
    fn tidy(&self) -> Shipping {
        // An address is often typed over several lines; a label needs one.
        let lines = self.address.lines().map(str::trim).filter(|line| !line.is_empty());
        let address = lines.collect::<Vec<_>>().join(", ");
        Shipping { name: self.name.trim().to_owned(), phone: self.phone.trim().to_owned(), address }
    }
}

impl Asked {
    /// What an idempotency key stands for. The pass goes in as its claim: a fresher pass of the same hold asks the same.
    pub fn hash(&self, claim: ClaimId) -> [u8; 32] {
        let Shipping { name, phone, address } = &self.shipping;
        let mut hash = Sha256::new();
        hash.update(b"miaosha checkout 1");
        hash.update(claim.0.as_bytes());
        for part in [&self.token, name, phone, address] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

fn is_token(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=TOKEN_MAX_BYTES).contains(&text.len()) && text.bytes().all(known)
}

fn is_phone(text: &str) -> bool {
    let known = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '(' | ')' | '.' | '#');
    (PHONE_MIN_CHARS..=PHONE_MAX_CHARS).contains(&text.len())
        && text.chars().all(known)
        && text.chars().any(|c| c.is_ascii_digit())
}

fn fits(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(token: &str, name: &str, phone: &str, address: &str) -> CheckoutBody {
        serde_json::from_value(json!({
            "purchase_pass": "x",
            "payment": {"method": "sandbox", "token": token},
            "shipping": {"name": name, "phone": phone, "address": address},
        }))
        .unwrap()
    }

    #[test]
    fn a_sane_body_is_tidied_and_a_fresher_pass_asks_the_same() {
        let asked = body("tok_approve", " 小明 ", "+886 2-1234", "台北市\r\n 1 號 \n").check().unwrap();
        assert_eq!(asked.shipping.address, "台北市, 1 號");
        assert_eq!(asked.shipping.name, "小明");
        let claim = ClaimId("00000000-0000-8000-8000-000000000001".parse().unwrap());
        let again = body("tok_approve", "小明", "+886 2-1234", "台北市, 1 號").check().unwrap();
        assert_eq!(asked.hash(claim), again.hash(claim));
        let other = body("tok_approve", "小明", "+886 2-1234", "台北市, 2 號").check().unwrap();
        assert_ne!(asked.hash(claim), other.hash(claim));
    }

    #[test]
    fn a_list_is_no_card_and_no_address() {
        let good = json!({
            "purchase_pass": "x",
            "payment": {"method": "sandbox", "token": "tok_approve"},
            "shipping": {"name": "n", "phone": "123", "address": "a"},
        });
        assert!(serde_json::from_value::<CheckoutBody>(good.clone()).is_ok());
        for (member, list) in [("payment", json!(["sandbox", "tok_approve"])), ("shipping", json!(["n", "123", "a"]))] {
            let mut wrong = good.clone();
            wrong[member] = list;
            assert!(serde_json::from_value::<CheckoutBody>(wrong).is_err(), "{member}");
        }
    }

    #[test]
    fn what_cannot_be_is_named_member_by_member() {
        let long = "x".repeat(301);
        for bad in [
            body("tok approve", "n", "123", "a"),
            body("", "n", "123", "a"),
            body("tok_approve", "", "123", "a"),
            body("tok_approve", "a\u{0}b", "123", "a"),
            body("tok_approve", "n", "12", "a"),
            body("tok_approve", "n", "call me", "a"),
            body("tok_approve", "n", "----", "a"),
            body("tok_approve", "n", "123", " \n "),
            body("tok_approve", "n", "123", &long),
        ] {
            assert_eq!(bad.check().unwrap_err().status().as_u16(), 422, "{bad:?}");
        }
    }
}
