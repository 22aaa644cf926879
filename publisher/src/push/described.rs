//! The description and the code say the same: each frame type stands in `asyncapi.json`, and what we say fits it.

use std::collections::BTreeSet;

use sale::{
    claim::{ClaimState, ClaimView, Reason},
    ids::{ClaimId, OrderId, SaleId, SaleItemId, UserId},
    port::ledger::{Counters, Levels},
    sale::{Product, Question, Sale, SaleItem, Stage, Stock},
    time::UnixMs,
    told::NoticeCode,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    end::End,
    frame::{self, Asked, Op, Refused, Said},
};
use crate::schedule::Known;

fn document() -> Value {
    serde_json::from_str(crate::ASYNCAPI).unwrap()
}

/// Messages of one operation, by the name of their type.
fn messages(document: &Value, operation: &str) -> Vec<(String, Value)> {
    let listed = document["operations"][operation]["messages"].as_array().unwrap();
    listed
        .iter()
        .map(|reference| resolve(document, resolve(document, reference)))
        .map(|m| (m["name"].as_str().unwrap().to_owned(), m.clone()))
        .collect()
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} leads nowhere")),
        None => value,
    }
}

/// What is wrong with `value`, by the words of JSON Schema that the document uses; any other word is a mistake in it.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolve(document, schema);
    let mut faults = vec![];
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("{at}: {what}, but it is {value}"));
        }
    };
    for (word, rule) in schema.as_object().unwrap() {
        match word.as_str() {
            "description" | "default" | "format" | "properties" | "items" => {}
            "type" => {
                let is = |name: &Value| match name.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "null" => value.is_null(),
                    other => panic!("{at}: unknown type {other}"),
                };
                let holds = rule.as_array().map_or_else(|| is(rule), |any| any.iter().any(is));
                expect(holds, &format!("a {rule}"));
            }
            "const" => expect(value == rule, &format!("{rule}")),
            "enum" => expect(rule.as_array().unwrap().contains(value), &format!("one of {rule}")),
            "minimum" => expect(value.as_i64() >= rule.as_i64(), &format!("at least {rule}")),
            "maximum" => expect(value.as_i64() <= rule.as_i64(), &format!("at most {rule}")),
            "pattern" => expect(rule == "^[A-Z]{3}$" && value.as_str().unwrap().len() == 3, "a currency"),
            "required" => {
                for name in rule.as_array().unwrap() {
                    expect(value.get(name.as_str().unwrap()).is_some(), &format!("with {name}"));
                }
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                let strange = value.as_object().into_iter().flatten().find(|(name, _)| !known.contains_key(*name));
                expect(strange.is_none(), &format!("without {strange:?}"));
            }
            other => panic!("{at}: unknown word {other}"),
        }
    }
    if schema["format"] == "uuid" {
        expect(value.as_str().is_some_and(|text| text.parse::<Uuid>().is_ok()), "a uuid");
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(member) = value.get(name) {
            faults.extend(self::faults(document, inner, member, &format!("{at}.{name}")));
        }
    }
    for (place, member) in value.as_array().into_iter().flatten().enumerate() {
        faults.extend(self::faults(document, &schema["items"], member, &format!("{at}[{place}]")));
    }
    faults
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn known(stage: Stage, question: bool) -> Known {
    let sale = Sale {
        id: SaleId(id(1)),
        title: "PS5".into(),
        stage,
        row_version: 3,
        waiting_room_opens_at: UnixMs(100),
        opens_at: UnixMs(200),
        closes_at: UnixMs(300),
        paused_at: None,
    };
    let item = SaleItem {
        id: SaleItemId(id(2)),
        sale_id: sale.id,
        product: Product { id: id(3).into(), name: "PS5".into(), description: String::new(), image_url: String::new() },
        price: serde_json::from_value(json!({"amount_minor": 200_000, "currency": "TWD"})).unwrap(),
        list_price: None,
        purchase_limit: 1,
        hold_s: 600,
        standby_limit: 20,
        question: question.then(|| Question {
            text: "?".into(),
            options: vec!["A".into()],
            answer: "secret answer".into(),
        }),
    };
    let stock =
        Stock { stock_version: 7, allotment: 10, held: 3, paid: 1, waiting: 0, may_return_by: Some(UnixMs(900)) };
    let levels = Levels { epoch: 1, units: Counters::default(), places: Counters::default() };
    Known::of(journal::sales::SaleView { sale, items: vec![journal::sales::ItemView { item, stock, levels }] })
}

fn claim(state: ClaimState) -> ClaimView {
    ClaimView {
        claim_id: ClaimId(id(5)),
        sale_id: SaleId(id(1)),
        sale_item_id: SaleItemId(id(2)),
        buyer_id: UserId(id(4)),
        attempt: 1,
        quantity: 1,
        state,
        version: 2,
        position: Some(3),
        odds: Some(40),
        deadline: Some(UnixMs(700)),
        generation: Some(1),
        reason: (state == ClaimState::Refused).then_some(Reason::SoldOut),
        order_id: (state == ClaimState::Paid).then_some(OrderId(id(6))),
    }
}

/// At least one of each type, and one of each shape that matters.
fn everything_said() -> Vec<String> {
    let refused = |op| Refused {
        op,
        code: "too_fast",
        sale_id: Some(SaleId(id(1))),
        sale_item_id: Some(SaleItemId(id(2))),
        claim_id: Some(ClaimId(id(5))),
        retry_after_ms: Some(5),
    };
    let mut said = vec![
        Said::Hello { server_time: UnixMs(1), heartbeat_s: 25, resume_after_ms: 7 },
        Said::Clock { t0: -1, t1: UnixMs(2) },
        Said::Session { user_id: UserId(id(4)) },
        Said::Accepted { claim_id: ClaimId(id(5)), sale_item_id: SaleItemId(id(2)), attempt: 1, receipt: "r".into() },
        Said::Error { code: "binary", detail: String::new() },
    ];
    said.extend([Op::Claim, Op::Withdraw, Op::Watch].map(|op| Said::Refused(refused(op))));
    let ends = [
        End::Restart { resume_after_ms: 1 },
        End::SlowReader { resume_after_ms: 1 },
        End::Replaced { resume_after_ms: 1 },
    ];
    said.extend(ends.into_iter().filter_map(End::bye));
    let mut texts: Vec<String> = said.iter().map(|said| said.text()).collect();
    for (stage, now) in [
        (Stage::Published, 50),
        (Stage::Published, 150),
        (Stage::Published, 250),
        (Stage::Closed, 400),
        (Stage::Reconciled, 400),
    ] {
        texts.push(frame::sale(&known(stage, true), UnixMs(now)).text());
    }
    use ClaimState as C;
    for state in [C::Received, C::Held, C::Standby, C::Paying, C::Paid, C::Refused, C::Expired, C::Withdrawn] {
        texts.push(frame::claim(&claim(state), Some("pass".into())).text());
    }
    for code in [NoticeCode::Paused, NoticeCode::Resumed, NoticeCode::Extended, NoticeCode::Restart] {
        texts.push(frame::notice(SaleId(id(1)), code, Some(9)).text());
    }
    texts
}

#[test]
fn every_frame_we_say_is_described_and_every_described_frame_is_said() {
    let document = document();
    let described = messages(&document, "say");
    let mut said = BTreeSet::new();
    for text in everything_said() {
        let frame: Value = serde_json::from_str(&text).unwrap();
        let name = frame["type"].as_str().unwrap().to_owned();
        let message = described.iter().find(|(known, _)| *known == name);
        let (_, message) = message.unwrap_or_else(|| panic!("{name} is not described"));
        assert_eq!(faults(&document, &message["payload"], &frame, &name), Vec::<String>::new());
        said.insert(name);
    }
    assert_eq!(said, described.into_iter().map(|(name, _)| name).collect());
}

#[test]
fn every_frame_a_client_may_send_is_described_and_understood() {
    let document = document();
    let mut heard = BTreeSet::new();
    for (name, message) in messages(&document, "ask") {
        for example in message["examples"].as_array().unwrap() {
            let asked: Asked =
                serde_json::from_value(example["payload"].clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
            heard.insert(match asked {
                Asked::Watch { .. } => "watch",
                Asked::Clock { .. } => "clock",
                Asked::Auth { .. } => "auth",
                Asked::Claim { .. } => "claim",
                Asked::Withdraw { .. } => "withdraw",
            });
        }
    }
    // Every variant: the match above would not compile without one, and serde names them all here.
    let unknown = serde_json::from_str::<Asked>(r#"{"type":"nothing"}"#).unwrap_err().to_string();
    assert!(heard.iter().all(|name| unknown.contains(&format!("`{name}`"))), "{unknown}");
    assert_eq!(unknown.matches('`').count() / 2 - 1, heard.len(), "{unknown}");
}

#[test]
fn the_documents_own_examples_fit_it() {
    let document = document();
    for operation in ["ask", "say"] {
        for (name, message) in messages(&document, operation) {
            let examples = message["examples"].as_array().unwrap();
            assert!(!examples.is_empty(), "{name} has no example");
            for example in examples {
                assert_eq!(faults(&document, &message["payload"], &example["payload"], &name), Vec::<String>::new());
            }
        }
    }
}

#[test]
fn the_check_notices_what_does_not_fit() {
    let document = document();
    let schema = json!({"$ref": "#/components/schemas/clock"});
    for wrong in [
        json!({"type":"clock","t0":1}),
        json!({"type":"clock","t0":"1","t1":2}),
        json!({"type":"clock","t0":1,"t1":2,"x":3}),
    ] {
        assert_ne!(faults(&document, &schema, &wrong, "clock"), Vec::<String>::new(), "{wrong}");
    }
}

#[test]
fn a_sale_frame_never_carries_the_answer() {
    let frame = frame::sale(&known(Stage::Published, true), UnixMs(250));
    assert!(!frame.text().contains("secret answer"));
}

#[test]
fn every_refusal_code_is_described() {
    let document = document();
    let codes = document["components"]["schemas"]["refused"]["properties"]["code"]["enum"].as_array().unwrap().clone();
    for code in crate::accept::Refusal::CODES.iter().chain(&["unauthorized", "too_many"]) {
        assert!(codes.contains(&json!(code)), "{code} is not described");
    }
    assert_eq!(codes.len(), crate::accept::Refusal::CODES.len() + 2);
}
