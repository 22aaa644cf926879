//! Me: the account behind the token.

use axum::extract::State;
use kit::http::{Buyer, Json, Problem, auth::unauthorized};

use super::UserBody;
use crate::{refusal, shop::Shop};

/// Who I am
#[utoipa::path(get, path = "/api/v1/users/me", tag = "accounts", security(("bearer" = [])), responses(
    (status = 200, body = UserBody),
    (status = 401, description = "`unauthorized`, `invalid_token`, `token_expired`", body = Problem),
))]
pub async fn me(State(shop): State<Shop>, Buyer(id): Buyer) -> Result<Json<UserBody>, Problem> {
    let found = shop.journal.account(id).await.map_err(refusal::journal)?;
    // A token can outlive its account.
    found.map(|account| Json(UserBody::of(&account))).ok_or_else(|| unauthorized(None))
}
