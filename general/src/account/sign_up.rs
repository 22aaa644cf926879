//! Sign-up: an account, and the first session with it.

use axum::{extract::State, http::StatusCode};
use journal::account::{Account, Role, SignUpError};
use kit::http::{ClientAddr, Json, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{NAME_MAX_CHARS, PASSWORD_CHARS, normalise, session::SessionBody};
use crate::{limits::Limited, refusal, shop::Shop};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    #[schema(example = "ann@example.com", max_length = 254)]
    email: String,
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password: String,
    #[serde(default)]
    #[schema(max_length = 64)]
    name: Option<String>,
}

/// Sign up
#[utoipa::path(post, path = "/api/v1/users", tag = "accounts", request_body = SignUp, responses(
    (status = 201, body = SessionBody),
    (status = 409, description = "`email_taken`", body = Problem),
    (status = 422, description = "`invalid_email`, `weak_password`, `invalid_name`, `invalid_body`", body = Problem),
    (status = 429, description = "`too_many_requests`", body = Problem),
    (status = 503, description = "`unavailable`, `busy`, `timed_out`, `full_house`; Retry-After says when", body = Problem),
))]
pub async fn sign_up(
    State(shop): State<Shop>,
    addr: ClientAddr,
    Json(wish): Json<SignUp>,
) -> Limited<(StatusCode, Json<SessionBody>)> {
    // What cannot be is turned back before it costs anybody one of their three tries an hour.
    let (email, name) = checked(&wish)?;
    let left = shop.limit_sign_up(addr).await?;
    let done = create(&shop, email, name, wish.password).await;
    Ok((left, done.map(|session| (StatusCode::CREATED, Json(session)))))
}

fn checked(wish: &SignUp) -> Result<(String, String), Problem> {
    let unfit =
        |code, title, detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, title).detail(detail);
    let bad_email = |error: super::BadEmail| unfit("invalid_email", "this is no e-mail address", error.to_string());
    let email = normalise(&wish.email).map_err(bad_email)?;
    let (least, most) = (PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
    if !PASSWORD_CHARS.contains(&wish.password.chars().count()) {
        let detail = format!("a password has {least} to {most} characters");
        return Err(unfit("weak_password", "choose another password", detail));
    }
    if wish.password.trim().eq_ignore_ascii_case(&email) {
        return Err(unfit("weak_password", "choose another password", "the address is no secret".into()));
    }
    let name = wish.name.as_deref().unwrap_or_default().trim().to_owned();
    if name.chars().count() > NAME_MAX_CHARS || name.chars().any(char::is_control) {
        let detail = format!("a name has at most {NAME_MAX_CHARS} characters, on one line");
        return Err(unfit("invalid_name", "this name cannot be used", detail));
    }
    Ok((email, name))
}

async fn create(shop: &Shop, email: String, name: String, password: String) -> Result<SessionBody, Problem> {
    let hash = shop.hasher.hash(password).await.map_err(refusal::password)?;
    let begun = shop.begin_session();
    let id = shop.stores.chance.v7(shop.stores.clock.now()).into();
    let account = Account { id, email, name, role: Role::Buyer };
    match shop.journal.sign_up(&account, &hash, begun.row).await {
        Ok(()) => Ok(begun.body(shop, &account)),
        Err(SignUpError::EmailTaken) => {
            Err(Problem::new(StatusCode::CONFLICT, "email_taken", "somebody has an account under this address"))
        }
        Err(SignUpError::Journal(error)) => Err(refusal::journal(error)),
    }
}
