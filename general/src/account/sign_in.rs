//! Sign-in: address and password for a session.

use axum::{extract::State, http::StatusCode};
use journal::account::Account;
use kit::http::{ClientAddr, Json, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{normalise, session::SessionBody};
use crate::{limits::Limited, refusal, shop::Shop};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[schema(example = "ann@example.com")]
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// Sign in
///
/// An unknown address and a wrong password get the same answer after the same work.
#[utoipa::path(post, path = "/api/v1/auth/token", tag = "accounts", request_body = SignIn, responses(
    (status = 200, body = SessionBody),
    (status = 401, description = "`bad_credentials`", body = Problem),
    (status = 429, description = "`too_many_requests`", body = Problem),
    (status = 503, description = "`unavailable`, `busy`, `timed_out`, `full_house`; Retry-After says when", body = Problem),
))]
pub async fn sign_in(
    State(shop): State<Shop>,
    addr: ClientAddr,
    Json(shown): Json<SignIn>,
) -> Limited<Json<SessionBody>> {
    // What is no address belongs to nobody; it is looked up all the same, so that nothing tells the two apart.
    let email = normalise(&shown.email).unwrap_or_else(|_| shown.email.trim().to_lowercase());
    let left = shop.limit_login(addr, &email).await?;
    Ok((left, open(&shop, &email, shown.password).await.map(Json)))
}

async fn open(shop: &Shop, email: &str, password: String) -> Result<SessionBody, Problem> {
    let owner = prove(shop, email, password).await?;
    let begun = shop.begin_session();
    shop.journal.open_session(owner.id, begun.row).await.map_err(refusal::journal)?;
    Ok(begun.body(shop, &owner))
}

async fn prove(shop: &Shop, email: &str, password: String) -> Result<Account, Problem> {
    let found = shop.journal.credentials(email).await.map_err(refusal::journal)?;
    let (owner, hash) = found.map_or((None, None), |c| (Some(c.account), Some(c.password_hash)));
    let proven = shop.hasher.verify(password, hash).await.map_err(refusal::password)?;
    let refused = || Problem::new(StatusCode::UNAUTHORIZED, "bad_credentials", "address or password is wrong");
    owner.filter(|_| proven).ok_or_else(refused)
}
