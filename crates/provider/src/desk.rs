//! The desk: the provider's calls as HTTP. A refusal says in its body that it is one, so that no proxy's 404 can be taken for it.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use kit::lifecycle::Lifecycle;
use sale::{
    money::Money,
    port::payments::{Payment, PaymentError, PaymentKey, Payments},
    time::UnixMs,
};
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// Payments on one page of the list, whatever is asked for.
const PAGE_MAX: usize = 500;

#[derive(Clone)]
struct Desk {
    payments: Arc<dyn Payments>,
    poll_wait: Duration,
    soft: CancellationToken,
}

#[derive(Deserialize)]
struct Authorise {
    amount: Money,
    token: String,
}

#[derive(Deserialize)]
struct Since {
    since: UnixMs,
    max: usize,
}

/// The payment that a path names.
struct Key(PaymentKey);

/// All calls; each needs the key.
pub fn routes(payments: Arc<dyn Payments>, key: &str, poll_wait: Duration, life: &Lifecycle) -> Router {
    let proof: Arc<str> = format!("Bearer {key}").into();
    Router::new()
        .route("/v1/payments", get(list))
        .route("/v1/payments/{claim_id}/{attempt}", get(find))
        .route("/v1/payments/{claim_id}/{attempt}/authorise", post(authorise))
        .route("/v1/payments/{claim_id}/{attempt}/capture", post(capture))
        .route("/v1/payments/{claim_id}/{attempt}/cancel", post(cancel))
        .route("/v1/payments/{claim_id}/{attempt}/refund", post(refund))
        .route("/v1/webhooks/next", get(webhook))
        .layer(from_fn_with_state(proof, known))
        .with_state(Desk { payments, poll_wait, soft: life.soft() })
}

async fn known(State(proof): State<Arc<str>>, headers: HeaderMap, request: Request, next: Next) -> Response {
    if headers.get(AUTHORIZATION).is_some_and(|given| given.as_bytes() == proof.as_bytes()) {
        return next.run(request).await;
    }
    StatusCode::UNAUTHORIZED.into_response()
}

async fn authorise(State(desk): State<Desk>, Key(key): Key, Json(body): Json<Authorise>) -> Response {
    told(desk.payments.authorise(key, body.amount, &body.token).await)
}

async fn capture(State(desk): State<Desk>, Key(key): Key) -> Response {
    told(desk.payments.capture(key).await)
}

async fn cancel(State(desk): State<Desk>, Key(key): Key) -> Response {
    told(desk.payments.cancel(key).await)
}

async fn refund(State(desk): State<Desk>, Key(key): Key) -> Response {
    told(desk.payments.refund(key).await)
}

async fn find(State(desk): State<Desk>, Key(key): Key) -> Response {
    told(desk.payments.find(key).await)
}

async fn list(State(desk): State<Desk>, Query(Since { since, max }): Query<Since>) -> Response {
    match desk.payments.changed_since(since, max.min(PAGE_MAX)).await {
        Ok(payments) => Json(payments).into_response(),
        Err(error) => refused(error),
    }
}

/// Waits for the next webhook; 204 where none came.
async fn webhook(State(desk): State<Desk>) -> Response {
    tokio::select! {
        payment = desk.payments.webhook() => Json(payment).into_response(),
        () = tokio::time::sleep(desk.poll_wait) => StatusCode::NO_CONTENT.into_response(),
        () = desk.soft.cancelled() => StatusCode::NO_CONTENT.into_response(),
    }
}

fn told(answer: Result<Payment, PaymentError>) -> Response {
    match answer {
        Ok(payment) => Json(payment).into_response(),
        Err(error) => refused(error),
    }
}

fn refused(error: PaymentError) -> Response {
    let (status, why) = match error {
        // The line is dead; this is only how a proxy would put it.
        PaymentError::Unknown => return StatusCode::GATEWAY_TIMEOUT.into_response(),
        PaymentError::NotFound => (StatusCode::NOT_FOUND, json!("not_found")),
        PaymentError::WrongState(state) => (StatusCode::CONFLICT, json!({ "wrong_state": state })),
    };
    (status, Json(json!({ "refused": why }))).into_response()
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Response> {
        let path = Path::<(uuid::Uuid, u32)>::from_request_parts(parts, state).await;
        let Path((claim_id, attempt)) = path.map_err(IntoResponse::into_response)?;
        Ok(Self(PaymentKey { claim_id: claim_id.into(), attempt }))
    }
}
