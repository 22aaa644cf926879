//! Refresh: a used-up refresh token for the next session of its family.

use axum::{extract::State, http::StatusCode};
use journal::account::RotateError;
use kit::{
    http::{ClientAddr, Json, Problem},
    tokens::hash_refresh,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::session::SessionBody;
use crate::{limits::Limited, refusal, shop::Shop};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    pub(super) refresh_token: String,
}

/// Refresh a session
///
/// The token is good once. Used a second time it ends its whole family: a stolen token cannot be told from its original.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "accounts", request_body = Refresh, responses(
    (status = 200, body = SessionBody),
    (status = 401, description = "`invalid_refresh_token`", body = Problem),
    (status = 429, description = "`too_many_requests`", body = Problem),
))]
pub async fn refresh(
    State(shop): State<Shop>,
    addr: ClientAddr,
    Json(shown): Json<Refresh>,
) -> Limited<Json<SessionBody>> {
    let old = hash_refresh(&shown.refresh_token);
    // A known owner pays from their own bucket: many people refresh from one address behind a shared connection.
    let left = match shop.journal.session_owner(old).await.map_err(refusal::journal)? {
        Some(owner) => shop.limit_user(owner).await?,
        None => shop.limit_anonymous(addr).await?,
    };
    Ok((left, rotate(&shop, old).await.map(Json)))
}

async fn rotate(shop: &Shop, old: [u8; 32]) -> Result<SessionBody, Problem> {
    let begun = shop.begin_session();
    match shop.journal.rotate_session(old, begun.row.token_hash, begun.row.expires_at).await {
        Ok(owner) => Ok(begun.body(shop, &owner)),
        Err(RotateError::Reused) => {
            tracing::warn!("a used refresh token came back: its family is revoked");
            metrics::counter!("refresh_reuse_total").increment(1);
            Err(refused())
        }
        Err(RotateError::Unknown) => Err(refused()),
        Err(RotateError::Journal(error)) => Err(refusal::journal(error)),
    }
}

/// The same whatever was wrong with it.
fn refused() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_refresh_token", "this session is over: sign in again")
}
