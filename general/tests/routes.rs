//! Every route, asked by everybody: who gets in, and that nobody else changes a row.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::House;
use kit::{
    clock::SeedChance,
    tokens::{Keys, Role},
};
use serde_json::{Value, json};

/// Method, path, body, and the status for: nobody, a buyer, staff.
type Row = (&'static str, &'static str, Option<Value>, [u16; 3]);

const NOBODYS: &str = "018f0000-0000-7000-8000-000000000000";

fn rows() -> Vec<Row> {
    let id = NOBODYS;
    let refresh = || Some(json!({"refresh_token": "never issued"}));
    let empty = || Some(json!({}));
    vec![
        ("POST", "/api/v1/users", Some(json!({"email": "ann", "password": "correct horse"})), [422; 3]),
        ("POST", "/api/v1/auth/token", Some(json!({"email": "a@b.c", "password": "x"})), [401; 3]),
        ("POST", "/api/v1/auth/refresh", refresh(), [401; 3]),
        ("POST", "/api/v1/auth/sign-out", refresh(), [204; 3]),
        // Signed in by a good token whose account is gone.
        ("GET", "/api/v1/users/me", None, [401; 3]),
        ("GET", "/api/v1/sales", None, [200; 3]),
        ("GET", "/api/v1/sales/{id}", None, [404; 3]),
        ("GET", "/api/v1/products", None, [200; 3]),
        ("GET", "/api/v1/admin/sales", None, [401, 403, 200]),
        ("POST", "/api/v1/admin/sales", empty(), [401, 403, 422]),
        ("PATCH", "/api/v1/admin/sales/{id}", empty(), [401, 403, 404]),
        ("POST", "/api/v1/admin/sales/{id}/open", None, [401, 403, 404]),
        ("POST", "/api/v1/admin/sales/{id}/pause", None, [401, 403, 404]),
        ("POST", "/api/v1/admin/sales/{id}/resume", None, [401, 403, 404]),
        ("POST", "/api/v1/admin/sales/{id}/close", None, [401, 403, 404]),
        (
            "POST",
            "/api/v1/admin/sales/{id}/extend",
            Some(json!({"closes_at": "2027-01-16T00:00:00Z"})),
            [401, 403, 404],
        ),
        ("POST", "/api/v1/admin/sales/{id}/restock", Some(json!({"sale_item_id": id, "units": 1})), [401, 403, 404]),
        ("POST", "/api/v1/admin/sales/{id}/repeat", empty(), [401, 403, 404]),
        ("GET", "/api/v1/admin/sales/{id}/live", None, [401, 403, 404]),
        ("GET", "/api/v1/admin/audit", None, [401, 403, 200]),
    ]
}

/// Rooms whose routes are tested beside their own code.
const ELSEWHERE: [&str; 3] = ["checkout", "orders", "claims"];

#[test]
fn the_table_has_every_route() {
    let document = serde_json::to_value(general::openapi()).unwrap();
    let mut documented = vec![];
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            if !ELSEWHERE.contains(&tag) {
                documented.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    let mut tested: Vec<_> =
        rows().into_iter().map(|(method, path, ..)| (method.to_owned(), path.to_owned())).collect();
    documented.sort_unstable();
    tested.sort_unstable();
    assert_eq!(tested, documented);
}

#[tokio::test]
async fn everybody_gets_in_where_they_belong_and_nobody_changes_a_row() {
    let house = House::open().await;
    let before = house.commits().await;
    for (method, path, body, statuses) in rows() {
        let path = path.replace("{id}", NOBODYS);
        let (buyer, staff) = (house.buyer(), house.staff());
        for (token, status) in [None, Some(buyer.as_str()), Some(&staff)].into_iter().zip(statuses) {
            house.clock.advance(200);
            let answer = house.ask(method, &path, token, body.clone()).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
            assert_problem(&answer);
        }
    }
    assert_eq!(house.commits().await, before);
    house.close().await;
}

#[tokio::test]
async fn a_forged_token_is_refused_wherever_a_token_counts() {
    let house = House::open().await;
    let other = Keys::random(&SeedChance::new(99));
    let forged = other.access(house::STAFF, Role::Staff, house.now(), std::time::Duration::from_secs(60));
    let good = house.staff();
    let stripped = good.rsplit_once('.').unwrap().0.to_owned() + ".";
    let before = house.commits().await;
    for (method, path, body, [_, buyer, staff]) in rows() {
        let public = path.contains("/auth/") || path.starts_with("/api/v1/sales") || path == "/api/v1/users";
        let path = path.replace("{id}", NOBODYS);
        for token in [forged.as_str(), &stripped, "x"] {
            let answer = house.ask(method, &path, Some(token), body.clone()).await;
            if public {
                assert!(buyer == staff && answer.status == buyer, "{method} {path}: a public route looks at no token");
            } else {
                assert_eq!((answer.status, answer.code()), (401, "invalid_token"), "{method} {path}");
                assert!(answer.headers.contains_key("www-authenticate"));
            }
        }
        house.clock.advance(60_000);
    }
    assert_eq!(house.commits().await, before);
    house.close().await;
}

#[tokio::test]
async fn every_body_that_cannot_be_gets_a_clear_problem_and_changes_no_row() {
    let house = House::open().await;
    let huge = format!("{{\"a\": \"{}\"}}", "x".repeat(70_000));
    let deep = "[".repeat(10_000);
    let before = house.commits().await;
    for (method, path, body, _) in rows().into_iter().filter(|row| row.2.is_some()) {
        let path = path.replace("{id}", NOBODYS);
        let mut unknown = body.clone().unwrap();
        unknown["surprise"] = json!(1);
        let mut wrong_types = vec!["[[]]".to_owned(), "1".to_owned(), "\"text\"".to_owned(), "null".to_owned()];
        for (member, _) in body.unwrap().as_object().unwrap() {
            wrong_types.push(json!({member: {"not": ["this"]}}).to_string());
        }
        let mut cases = vec![
            ("{".to_owned(), 400, "malformed_json"),
            ("{\"a\": 1} x".to_owned(), 422, "invalid_body"),
            (deep.clone(), 400, "malformed_json"),
            (huge.clone(), 413, "body_too_large"),
            (unknown.to_string(), 422, "invalid_body"),
        ];
        cases.extend(wrong_types.into_iter().map(|body| (body, 422, "invalid_body")));
        for (body, status, code) in cases {
            house.clock.advance(60_000);
            let staff = house.staff();
            let answer = house.send(method, &path, Some(&staff), Some(&body), [127, 0, 0, 1]).await;
            let shown: String = body.chars().take(60).collect();
            // A list of deep lists may be told as either.
            let either = code == "malformed_json" && answer.code() == "invalid_body";
            assert!(
                either || (answer.status, answer.code()) == (status, code),
                "{method} {path} {shown}: {}",
                answer.text
            );
            assert_problem(&answer);
        }
    }
    assert_eq!(house.commits().await, before);
    house.close().await;
}

#[tokio::test]
async fn what_is_no_id_names_nothing() {
    let house = House::open().await;
    for id in ["7", "018f0000-0000-7000-8000-00000000000", "..%2F..", "%00"] {
        house.ask("GET", &format!("/api/v1/sales/{id}"), None, None).await.refused(404, "not_found");
        let path = format!("/api/v1/admin/sales/{id}/pause");
        house.clock.advance(1000);
        house.ask("POST", &path, Some(&house.staff()), None).await.refused(404, "not_found");
    }
    house.close().await;
}

#[tokio::test]
async fn a_user_writes_ten_times_a_second_and_no_more() {
    let house = House::open().await;
    let path = format!("/api/v1/admin/sales/{NOBODYS}/pause");
    for _ in 0..10 {
        house.ask("POST", &path, Some(&house.staff()), None).await.refused(404, "not_found");
    }
    let answer = house.ask("POST", &path, Some(&house.staff()), None).await.refused(429, "too_many_requests");
    assert_eq!(answer.headers["retry-after"], "1");
    house.close().await;
}

#[track_caller]
fn assert_problem(answer: &house::Answer) {
    if answer.status < 400 {
        return;
    }
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let code = answer.code();
    let known = general::docs::PROBLEMS.iter().find(|kind| kind.code == code);
    assert_eq!(known.map(|kind| kind.status), Some(answer.status), "{code} is not in the table of problems");
    assert_eq!(answer.body["type"], json!(format!("/docs/problems#{code}")));
}
