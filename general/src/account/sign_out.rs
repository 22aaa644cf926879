//! Sign-out: the session ends, on every copy of its token.

use axum::{extract::State, http::StatusCode};
use kit::{
    http::{ClientAddr, Json, Problem},
    tokens::hash_refresh,
};

use super::refresh::Refresh;
use crate::{limits::Limited, refusal, shop::Shop};

/// Sign out
///
/// Ends the token's whole family. An unknown token is signed out already.
#[utoipa::path(post, path = "/api/v1/auth/sign-out", tag = "accounts", request_body = Refresh, responses(
    (status = 204),
    (status = 429, description = "`too_many_requests`", body = Problem),
))]
pub async fn sign_out(State(shop): State<Shop>, addr: ClientAddr, Json(shown): Json<Refresh>) -> Limited<StatusCode> {
    let token = hash_refresh(&shown.refresh_token);
    let owner = shop.journal.session_owner(token).await.map_err(refusal::journal)?;
    let Some(owner) = owner else { return Ok((shop.limit_anonymous(addr).await?, Ok(StatusCode::NO_CONTENT))) };
    let left = shop.limit_user(owner).await?;
    let ended = shop.journal.end_session(token).await.map_err(refusal::journal);
    Ok((left, ended.map(|()| StatusCode::NO_CONTENT)))
}
