//! Asking: what became of my claims, with a pass that checkout believes; giving one back; and never anybody else's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use axum::{Router, body::Body, http::Request};
use contract::{
    fresh,
    shop::{Planned, Shop, Terms},
};
use house::{Ear, start_with_routes};
use http_body_util::BodyExt;
use kit::instant::to_rfc3339;
use sale::{
    claim::ClaimState,
    ids::{ClaimId, UserId, claim_id},
};
use serde_json::Value;
use tower::ServiceExt;

/// A shop with one unit, the routes of its counter, and somebody who holds the unit.
struct Scene {
    shop: Shop,
    sale: Planned,
    routes: Router,
    holder: UserId,
}

async fn scene() -> Scene {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 1, price_minor: 777, ..Terms::default() }).await;
    let routes = start_with_routes(&shop);
    let holder = fresh::buyer();
    let scene = Scene { shop, sale, routes, holder };
    scene.claims(holder, 1, ClaimState::Held).await;
    scene
}

impl Scene {
    async fn claims(&self, buyer: UserId, attempt: u32, ends: ClaimState) {
        let item = self.sale.item_id;
        self.shop.put(item, [self.shop.claim(item, buyer, attempt, 1)]).await;
        self.shop.until_queue_is_empty().await;
        assert_eq!(self.shop.view(item, buyer, attempt).await.unwrap().state, ends);
    }

    fn id(&self, buyer: UserId, attempt: u32) -> ClaimId {
        claim_id(self.sale.item_id, buyer, attempt)
    }

    async fn ask(&self, method: &str, uri: &str, buyer: Option<UserId>) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(buyer) = buyer {
            request = request.header("authorization", format!("Bearer {}", self.shop.token(buyer)));
        }
        let response = self.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn list(&self, buyer: UserId) -> Vec<Value> {
        let (status, body) = self.ask("GET", "/api/v1/me/claims", Some(buyer)).await;
        assert_eq!((status, &body["next"]), (200, &Value::Null), "{body}");
        body["items"].as_array().unwrap().clone()
    }

    async fn delete(&self, buyer: UserId, id: ClaimId) -> (u16, Value) {
        self.ask("DELETE", &format!("/api/v1/me/claims/{id}"), Some(buyer)).await
    }
}

#[tokio::test]
async fn a_held_claim_is_told_with_a_pass_of_its_very_row() {
    let scene = scene().await;
    let row = scene.shop.view(scene.sale.item_id, scene.holder, 1).await.unwrap();
    let told = &scene.list(scene.holder).await[0];
    assert_eq!((told["state"].as_str(), told["version"].as_i64()), (Some("held"), Some(row.version)));
    assert_eq!(told["deadline"].as_str(), Some(&*to_rfc3339(row.deadline.unwrap())));
    assert_eq!(told.get("buyer_id"), None);
    let pass = scene.shop.keys.verify_pass(told["purchase_pass"].as_str().unwrap()).unwrap();
    assert_eq!((pass.buyer_id, pass.claim_id), (scene.holder, row.claim_id));
    assert_eq!((pass.amount.amount_minor, Some(pass.deadline)), (777, row.deadline));
    assert_eq!(Some(pass.generation), row.generation);
    scene.shop.close().await;
}

#[tokio::test]
async fn everybody_sees_their_own_claims_and_nobody_elses() {
    let scene = scene().await;
    let (waiter, stranger) = (fresh::buyer(), fresh::buyer());
    scene.claims(waiter, 1, ClaimState::Standby).await;
    assert!(scene.list(stranger).await.is_empty());
    let own = scene.list(waiter).await;
    assert_eq!(own.len(), 1);
    assert_eq!((own[0]["state"].as_str(), own[0]["position"].as_u64()), (Some("standby"), Some(1)));
    assert!(own[0]["odds"].is_u64() && own[0].get("purchase_pass").is_none());
    let elsewhere = format!("/api/v1/me/claims?sale_item_id={}", fresh::uuid());
    assert_eq!(scene.ask("GET", &elsewhere, Some(waiter)).await.1["items"], serde_json::json!([]));
    assert_eq!(scene.ask("GET", "/api/v1/me/claims", None).await.0, 401);
    assert_eq!(scene.ask("GET", "/api/v1/me/claims?sale=1", Some(waiter)).await.0, 400);
    scene.shop.close().await;
}

#[tokio::test]
async fn a_hold_given_back_goes_to_whoever_waits_and_may_be_given_back_twice() {
    let scene = scene().await;
    let waiter = fresh::buyer();
    scene.claims(waiter, 1, ClaimState::Standby).await;
    let mut ear = Ear::of(&scene.shop).await;
    for _ in 0..2 {
        let (status, told) = scene.delete(scene.holder, scene.id(scene.holder, 1)).await;
        assert_eq!((status, told["state"].as_str()), (200, Some("withdrawn")), "{told}");
    }
    let promoted = ear.hears(scene.id(waiter, 1), |view| view.state == ClaimState::Held).await;
    assert_eq!(promoted.position, None);
    // The next attempt is a new claim, and finds no unit.
    scene.claims(scene.holder, 2, ClaimState::Standby).await;
    let attempts: Vec<u64> = scene.list(scene.holder).await.iter().map(|c| c["attempt"].as_u64().unwrap()).collect();
    assert_eq!(attempts, [2, 1]);
    scene.shop.close().await;
}

#[tokio::test]
async fn what_cannot_be_given_back_says_why() {
    let scene = scene().await;
    let (refused, stranger, item) = (fresh::buyer(), fresh::buyer(), scene.sale.item_id);
    // Somebody else's, nobody's, and no id at all look alike.
    assert_eq!(scene.delete(stranger, scene.id(scene.holder, 1)).await.0, 404);
    assert_eq!(scene.delete(stranger, fresh::claim_id()).await.0, 404);
    assert_eq!(scene.ask("DELETE", "/api/v1/me/claims/7", Some(stranger)).await.0, 404);
    // Whether this one lies on the queue, the journal cannot know.
    let (status, told) = scene.delete(stranger, scene.id(stranger, 1)).await;
    assert_eq!((status, told["code"].as_str()), (409, Some("undecided")));
    scene.shop.put(item, [scene.shop.claim(item, refused, 1, 2)]).await;
    scene.shop.until_state(item, refused, ClaimState::Refused).await;
    let (status, told) = scene.delete(refused, scene.id(refused, 1)).await;
    assert_eq!((status, told["code"].as_str(), told["claim"]["state"].as_str()), (409, Some("ended"), Some("refused")));
    assert_eq!(scene.shop.view(item, scene.holder, 1).await.unwrap().state, ClaimState::Held);
    scene.shop.until_queue_is_empty().await;
    scene.shop.close().await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let scene = scene().await;
    let mut last = (0, Value::Null);
    for _ in 0..40 {
        last = scene.ask("GET", "/api/v1/me/claims", Some(scene.holder)).await;
    }
    assert_eq!((last.0, last.1["code"].as_str()), (429, Some("too_many_requests")));
    let other = fresh::buyer();
    assert!(scene.list(other).await.is_empty());
    scene.shop.close().await;
}
