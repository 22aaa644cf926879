//! `POST /api/v1/checkout`: a pass, a card's token and an address become an order.

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use journal::checkout::PayAsk;
use kit::{
    http::{Buyer, Json, Problem},
    tokens::Pass,
};
use sale::ids::UserId;
use tokio::sync::oneshot;

use super::{
    Till,
    answer::{refuse, respond},
    body::CheckoutBody,
    pay::pay,
};
use crate::{limits::Limited, order::OrderBody, shop::Shop};

/// The name under which this route's keys are kept.
const ROUTE: &str = "checkout";
const KEY_MAX_BYTES: usize = 128;

/// Pay for a hold
///
/// The amount is the sale's. The same `Idempotency-Key` with the same body has one effect and gets the same answer.
#[utoipa::path(post, path = "/api/v1/checkout", tag = "checkout", request_body = CheckoutBody,
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible characters; a new one for each payment")),
    security(("bearer" = [])),
    responses(
        (status = 201, description = "paid", body = OrderBody),
        (status = 202, description = "`paying`: the provider has not answered; the socket and `GET /api/v1/me/claims` tell the end"),
        (status = 400, description = "`missing_idempotency_key`, `malformed_json`, `body_unreadable`", body = Problem),
        (status = 402, description = "`payment_declined`: may try again until `deadline`", body = Problem),
        (status = 403, description = "`paused`, `foreign_origin`, or the pass of somebody else: `forbidden`", body = Problem),
        (status = 409, description = "`in_flight`", body = Problem),
        (status = 410, description = "`hold_ended`", body = Problem),
        (status = 422, description = "`key_reused`, `invalid_pass`, `invalid_body`", body = Problem),
        (status = 429, description = "`too_many_requests`", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    ))]
pub async fn post(
    State(shop): State<Shop>,
    Extension(till): Extension<Till>,
    Buyer(buyer): Buyer,
    headers: HeaderMap,
    body: Result<Json<CheckoutBody>, Problem>,
) -> Limited<Response> {
    let limit = shop.limit_user(buyer).await?;
    let answer = async {
        let (ask, token) = read(&shop, buyer, &headers, &body?.0)?;
        checkout(shop, till, ask, token).await
    };
    Ok((limit, answer.await))
}

/// Whether all of it can be acted on, in the order in which it must be said: key, pass, body.
fn read(shop: &Shop, buyer: UserId, headers: &HeaderMap, body: &CheckoutBody) -> Result<(PayAsk, String), Problem> {
    let key = idempotency_key(headers)?;
    let pass = verified(shop, buyer, &body.purchase_pass)?;
    let asked = body.check()?;
    let body_hash = asked.hash(pass.claim_id);
    let (claim_id, shipping, language) = (pass.claim_id, asked.shipping, language(headers));
    let ask = PayAsk { buyer, claim_id, route: ROUTE, key, body_hash, shipping, language };
    Ok((ask, asked.token))
}

/// The money's path runs in a task of its own: a client that hangs up must not cut it in the middle.
async fn checkout(shop: Shop, till: Till, ask: PayAsk, token: String) -> Result<Response, Problem> {
    let (tell, told) = oneshot::channel();
    let life = till.0.life.clone();
    life.spawn_visit("checkout", async move {
        let _ = tell.send(pay(&shop, &till, &ask, &token).await);
    });
    match told.await {
        Ok(answer) => respond(&answer.map_err(refuse)?),
        Err(_) => Err(Problem::internal("a checkout ended without an answer")),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut all = headers.get_all("idempotency-key").iter();
    let (first, more) = (all.next(), all.next());
    let sane = |key: &&str| (1..=KEY_MAX_BYTES).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    let key = first.filter(|_| more.is_none()).and_then(|value| value.to_str().ok()).filter(sane);
    key.map(str::to_owned).ok_or_else(|| {
        let title = "one header Idempotency-Key of 1 to 128 visible characters is required";
        Problem::new(StatusCode::BAD_REQUEST, "missing_idempotency_key", title)
    })
}

/// The first language in the browser's list that our letters are written in.
fn language(headers: &HeaderMap) -> Option<String> {
    let list = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let ours = |entry: &str| match entry.trim().get(..2)?.to_ascii_lowercase().as_str() {
        "zh" => Some("zh-TW"),
        "en" => Some("en"),
        _ => None,
    };
    list.split(',').find_map(ours).map(str::to_owned)
}

/// Signature and owner only: when a pass ends is the hold's row to say.
fn verified(shop: &Shop, buyer: UserId, pass: &str) -> Result<Pass, Problem> {
    let invalid = |_| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_pass", "the purchase pass is not valid");
    let pass = shop.keys.verify_pass(pass).map_err(invalid)?;
    if pass.buyer_id == buyer { Ok(pass) } else { Err(Problem::forbidden()) }
}
