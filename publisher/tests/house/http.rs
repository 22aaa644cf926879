//! The street door as a browser without a socket uses it.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
    response::Response,
};
use kit::http::{ServeConfig, shell};
use sale::ids::{SaleItemId, UserId};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::House;

pub struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<String>,
    pub limits: bool,
    pub body: Value,
}

impl House {
    pub async fn claim(&self, buyer: UserId, item: SaleItemId, body: Value) -> Answer {
        let token = format!("Bearer {}", self.token(buyer));
        let request = Request::post(format!("/api/v1/sale-items/{item}/claims"))
            .header("authorization", token)
            .header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// The usual claim: one unit, first attempt.
    pub async fn claim_one(&self, buyer: UserId, item: SaleItemId) -> Answer {
        self.claim(buyer, item, json!({})).await
    }

    /// What `/readyz` answers in the process of this publisher.
    pub async fn readiness(&self, publisher: &publisher::Publisher) -> u16 {
        let probes = kit::http::health::probes(self.life.clone(), vec![publisher.check()]);
        let request = Request::get("/readyz").body(Body::empty()).unwrap();
        probes.oneshot(request).await.unwrap().status().as_u16()
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let router = shell(self.publisher.router.clone(), &ServeConfig::default());
        Answer::of(router.oneshot(request).await.unwrap()).await
    }
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 100_000).await.unwrap();
        Self {
            status: parts.status,
            retry_after: parts.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned()),
            limits: parts.headers.contains_key("ratelimit-limit"),
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    pub fn told(&self) -> (u16, &str) {
        (self.status.as_u16(), super::code(&self.body))
    }
}
