//! How somebody signs up, in and out, and what a stolen token is worth.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use general::Config;
use house::{Answer, House};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";

async fn sign_up(house: &House, email: &str) -> Answer {
    house.ask("POST", "/api/v1/users", None, Some(json!({"email": email, "password": PASSWORD, "name": " Ann "}))).await
}

async fn sign_in(house: &House, email: &str, password: &str) -> Answer {
    house.ask("POST", "/api/v1/auth/token", None, Some(json!({"email": email, "password": password}))).await
}

async fn with_refresh(house: &House, route: &str, token: &Value) -> Answer {
    house.ask("POST", &format!("/api/v1/auth/{route}"), None, Some(json!({"refresh_token": token}))).await
}

#[tokio::test]
async fn who_signs_up_is_signed_in_and_can_sign_in_again_however_they_spell_it() {
    let house = House::open().await;
    let session = sign_up(&house, " Ann@Example.com").await.is(201);
    assert_eq!(session.headers["ratelimit-limit"], "3");
    let session = session.body;
    assert_eq!(session["user"]["email"], "ann@example.com");
    assert_eq!((&session["user"]["name"], &session["user"]["role"]), (&json!("Ann"), &json!("buyer")));
    assert_eq!(session["expires_in"], 1800);
    let me = house.ask("GET", "/api/v1/users/me", session["access_token"].as_str(), None).await.is(200);
    assert_eq!(me.body, session["user"]);
    let again = sign_in(&house, "ANN@example.COM", PASSWORD).await.is(200).body;
    assert_eq!(again["user"], session["user"]);
    sign_up(&house, "ann@EXAMPLE.com").await.refused(409, "email_taken");
    house.close().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_told_alike() {
    let house = House::open().await;
    sign_up(&house, "ann@example.com").await.is(201);
    let wrong = sign_in(&house, "ann@example.com", "wrong horse").await.refused(401, "bad_credentials");
    let unknown = sign_in(&house, "bob@example.com", PASSWORD).await.refused(401, "bad_credentials");
    let nonsense = sign_in(&house, "no address", PASSWORD).await.refused(401, "bad_credentials");
    for other in [&unknown, &nonsense] {
        for member in ["type", "title", "status", "detail", "code"] {
            assert_eq!(wrong.body[member], other.body[member]);
        }
        assert_eq!(wrong.headers["ratelimit-limit"], other.headers["ratelimit-limit"]);
    }
    house.close().await;
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_and_costs_no_try() {
    let house = House::open().await;
    let cases = [
        (json!({"email": "ann", "password": PASSWORD}), "invalid_email"),
        (json!({"email": "ann@example.com", "password": "seven77"}), "weak_password"),
        (json!({"email": "ann@example.com", "password": "a".repeat(129)}), "weak_password"),
        (json!({"email": "ann@example.com", "password": "ANN@example.com"}), "weak_password"),
        (json!({"email": "ann@example.com", "password": PASSWORD, "name": "a".repeat(65)}), "invalid_name"),
        (json!({"email": "ann@example.com", "password": PASSWORD, "name": "a\nb"}), "invalid_name"),
        (json!({"email": "ann@example.com", "password": PASSWORD, "role": "staff"}), "invalid_body"),
    ];
    let before = house.commits().await;
    for (body, code) in cases {
        house.ask("POST", "/api/v1/users", None, Some(body)).await.refused(422, code);
    }
    assert_eq!(house.commits().await, before);
    // Eight characters of any script are eight characters.
    let body = json!({"email": "ann@example.com", "password": "密碼密碼密碼密碼"});
    house.ask("POST", "/api/v1/users", None, Some(body)).await.is(201);
    house.close().await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_copy_of_it_ends_the_family() {
    let house = House::open().await;
    let first = sign_up(&house, "ann@example.com").await.is(201).body;
    let second = with_refresh(&house, "refresh", &first["refresh_token"]).await.is(200).body;
    assert_eq!(second["user"], first["user"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let third = with_refresh(&house, "refresh", &second["refresh_token"]).await.is(200).body;
    // The thief brings the one that was used.
    with_refresh(&house, "refresh", &first["refresh_token"]).await.refused(401, "invalid_refresh_token");
    with_refresh(&house, "refresh", &third["refresh_token"]).await.refused(401, "invalid_refresh_token");
    // Another sign-in is another family.
    let other = sign_in(&house, "ann@example.com", PASSWORD).await.is(200).body;
    with_refresh(&house, "refresh", &other["refresh_token"]).await.is(200);
    house.close().await;
}

#[tokio::test]
async fn of_two_that_refresh_with_one_token_at_once_at_most_one_gets_through() {
    let house = House::open().await;
    let session = sign_up(&house, "ann@example.com").await.is(201).body;
    let token = &session["refresh_token"];
    let (a, b) = tokio::join!(with_refresh(&house, "refresh", token), with_refresh(&house, "refresh", token));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    house.close().await;
}

#[tokio::test]
async fn a_session_ends_after_a_week_without_a_refresh_and_leaves_no_row() {
    let house = House::open().await;
    let session = sign_up(&house, "ann@example.com").await.is(201).body;
    house.clock.advance(7 * 86_400_000 - 1);
    let next = with_refresh(&house, "refresh", &session["refresh_token"]).await.is(200).body;
    house.clock.advance(7 * 86_400_000);
    with_refresh(&house, "refresh", &next["refresh_token"]).await.refused(401, "invalid_refresh_token");
    assert_eq!(house.journal.prune_sessions(1).await.unwrap(), 1);
    assert_eq!(house.journal.prune_sessions(10).await.unwrap(), 1);
    house.close().await;
}

#[tokio::test]
async fn who_signs_out_is_out_on_every_copy_and_a_stranger_learns_nothing() {
    let house = House::open().await;
    let first = sign_up(&house, "ann@example.com").await.is(201).body;
    let second = with_refresh(&house, "refresh", &first["refresh_token"]).await.is(200).body;
    // Even by a used token: it names the family.
    with_refresh(&house, "sign-out", &first["refresh_token"]).await.is(204);
    with_refresh(&house, "refresh", &second["refresh_token"]).await.refused(401, "invalid_refresh_token");
    with_refresh(&house, "sign-out", &json!("never issued")).await.is(204);
    house.close().await;
}

#[tokio::test]
async fn an_access_token_speaks_for_thirty_minutes() {
    let house = House::open().await;
    let session = sign_up(&house, "ann@example.com").await.is(201).body;
    let token = session["access_token"].as_str();
    house.clock.advance(1_799_000);
    house.ask("GET", "/api/v1/users/me", token, None).await.is(200);
    house.clock.advance(1_000);
    house.ask("GET", "/api/v1/users/me", token, None).await.refused(401, "token_expired");
    house.close().await;
}

#[tokio::test]
async fn sign_ins_are_limited_by_account_and_by_address() {
    let house = House::open().await;
    let body = |n: usize| json!({"email": format!("u{n}@example.com"), "password": "wrong horse"}).to_string();
    let send = async |n, ip| house.send("POST", "/api/v1/auth/token", None, Some(&body(n)), ip).await;
    for _ in 0..7 {
        send(0, [127, 0, 0, 1]).await.refused(401, "bad_credentials");
    }
    let answer = send(0, [127, 0, 0, 2]).await.refused(429, "too_many_requests");
    assert_eq!(answer.headers["retry-after"], "9");
    assert_eq!(answer.headers["ratelimit-remaining"], "0");
    for n in 1..=23 {
        send(n, [127, 0, 0, 1]).await.refused(401, "bad_credentials");
    }
    send(24, [127, 0, 0, 1]).await.refused(429, "too_many_requests");
    send(24, [127, 0, 0, 3]).await.refused(401, "bad_credentials");
    house.clock.advance(9_000);
    send(0, [127, 0, 0, 4]).await.refused(401, "bad_credentials");
    house.close().await;
}

#[tokio::test]
async fn sign_ups_are_limited_by_address_and_the_rate_can_be_raised() {
    let house = House::open().await;
    for n in 0..3 {
        sign_up(&house, &format!("u{n}@example.com")).await.is(201);
    }
    let answer = sign_up(&house, "u3@example.com").await.refused(429, "too_many_requests");
    assert_eq!(answer.headers["retry-after"], "1200");
    house.close().await;

    let mut config = Config::default();
    config.limits.sign_up_per_address = "1000/1s".parse().unwrap();
    let house = House::with(config).await;
    for n in 0..6 {
        sign_up(&house, &format!("u{n}@example.com")).await.is(201);
    }
    house.close().await;
}

#[tokio::test]
async fn writes_by_nobody_we_know_are_limited_by_address() {
    let house = House::open().await;
    for _ in 0..10 {
        with_refresh(&house, "refresh", &json!("never issued")).await.refused(401, "invalid_refresh_token");
    }
    with_refresh(&house, "refresh", &json!("never issued")).await.refused(429, "too_many_requests");
    with_refresh(&house, "sign-out", &json!("never issued")).await.refused(429, "too_many_requests");
    house.close().await;
}

#[tokio::test]
async fn the_operators_staff_account_is_there_after_every_start() {
    let house = House::open().await;
    let ensure =
        async |password| general::ensure_staff(&house.stores, &house.journal, "Boss@Example.com", password).await;
    let made = ensure("first secret").await.unwrap();
    let session = sign_in(&house, "boss@example.com", "first secret").await.is(200).body;
    assert_eq!(session["user"]["role"], "staff");
    let admin = "/api/v1/admin/sales";
    house.ask("GET", admin, session["access_token"].as_str(), None).await.is(200);
    // The same again: staff stay signed in. Another password: they are out.
    assert_eq!(ensure("first secret").await.unwrap(), made);
    let session = with_refresh(&house, "refresh", &session["refresh_token"]).await.is(200).body;
    assert_eq!(ensure("second secret").await.unwrap().id, made.id);
    with_refresh(&house, "refresh", &session["refresh_token"]).await.refused(401, "invalid_refresh_token");
    sign_in(&house, "boss@example.com", "first secret").await.refused(401, "bad_credentials");
    sign_in(&house, "boss@example.com", "second secret").await.is(200);
    assert!(ensure("short").await.is_err());
    house.close().await;
}
