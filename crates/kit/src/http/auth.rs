//! Who is asking: identity from a verified token, and from nothing else.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderValue, StatusCode, header, request::Parts},
};
use sale::{ids::UserId, port::clock::Clock, time::UnixMs};

use super::{Head, Problem};
use crate::tokens::{Access, Keys, Role, TokenError};

/// Extractor: anyone signed in; staff too. `Option<Signed>` where strangers are welcome: no token is `None`, a bad one is 401.
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    pub user_id: UserId,
    pub role: Role,
}

/// Extractor: the signed-in user, whose own things these are; staff buy too.
#[derive(Clone, Copy, Debug)]
pub struct Buyer(pub UserId);

/// Extractor: a signed-in member of staff; others get 403 `forbidden`.
#[derive(Clone, Copy, Debug)]
pub struct Staff(pub UserId);

#[derive(Clone)]
struct Doorman {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
}

/// Lets the extractors of these routes verify tokens.
pub fn with_keys<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
) -> Router<S> {
    router.layer(Extension(Doorman { keys, clock }))
}

/// The problem of who is not signed in. RFC 6750: a request without a token is not told that a token was wrong.
pub fn unauthorized(error: Option<TokenError>) -> Problem {
    let (code, challenge, title) = match error {
        None => ("unauthorized", "Bearer", "sign in first"),
        Some(TokenError::Expired) => {
            ("token_expired", r#"Bearer error="invalid_token", error_description="expired""#, "the token has expired")
        }
        Some(TokenError::Invalid) => ("invalid_token", r#"Bearer error="invalid_token""#, "the token is not valid"),
    };
    Problem::new(StatusCode::UNAUTHORIZED, code, title)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

/// The token of `Authorization: Bearer <token>`, by the header's values. Two of them, or another scheme, are a bad token and not none.
fn bearer<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Option<&'a str>, TokenError> {
    let (value, None) = (values.next(), values.next()) else { return Err(TokenError::Invalid) };
    let Some(value) = value else { return Ok(None) };
    let text = std::str::from_utf8(value).ok().and_then(|text| text.split_once(' '));
    let (scheme, token) = text.ok_or(TokenError::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(TokenError::Invalid) }
}

/// Who is signed in by this head. `None`: nobody, or the routes have to say what is wrong.
pub fn buyer_of(head: &Head<'_>, keys: &Keys, now: UnixMs) -> Option<UserId> {
    let token = bearer(head.all(&header::AUTHORIZATION)).ok()??;
    Some(keys.verify_access(token, now).ok()?.user_id)
}

fn signed(parts: &Parts) -> Result<Option<Signed>, Problem> {
    let values = parts.headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    let Some(token) = bearer(values).map_err(|error| unauthorized(Some(error)))? else { return Ok(None) };
    let Some(doorman) = parts.extensions.get::<Doorman>() else {
        return Err(Problem::internal("these routes were served without with_keys"));
    };
    let access = doorman.keys.verify_access(token, doorman.clock.now());
    let Access { user_id, role, .. } = access.map_err(|error| unauthorized(Some(error)))?;
    Ok(Some(Signed { user_id, role }))
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        signed(parts)?.ok_or_else(|| unauthorized(None))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        signed(parts)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Buyer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        signed(parts)?.map(|signed| Self(signed.user_id)).ok_or_else(|| unauthorized(None))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let signed = signed(parts)?.ok_or_else(|| unauthorized(None))?;
        if signed.role == Role::Staff { Ok(Self(signed.user_id)) } else { Err(Problem::forbidden()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeedChance, TestClock};
    use axum::{body::Body, http::Request, routing::get};
    use std::time::Duration;
    use tower::ServiceExt;

    const NOW: UnixMs = UnixMs(1_795_219_200_000);

    fn house() -> (Router, Arc<Keys>, Arc<TestClock>) {
        let (keys, clock) = (Arc::new(Keys::random(&SeedChance::new(1))), Arc::new(TestClock::new(NOW)));
        let routes = Router::new()
            .route("/mine", get(|Buyer(_): Buyer| async {}))
            .route("/console", get(|Staff(_): Staff| async {}))
            .route("/shop", get(|who: Option<Signed>| async move { who.is_some().to_string() }));
        (with_keys(routes, keys.clone(), clock.clone()), keys, clock)
    }

    fn token(keys: &Keys, role: Role) -> String {
        keys.access(UserId(uuid::Uuid::from_u128(1)), role, NOW, Duration::from_secs(60))
    }

    async fn ask(app: &Router, uri: &str, authorization: &[&str]) -> (u16, String) {
        let mut request = Request::get(uri);
        for value in authorization {
            request = request.header("authorization", *value);
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let challenge = response.headers().get("www-authenticate").map(|v| v.to_str().unwrap().to_owned());
        (response.status().as_u16(), challenge.unwrap_or_default())
    }

    #[tokio::test]
    async fn staff_go_everywhere_buyers_not_to_the_console_and_strangers_only_into_the_shop() {
        let (app, keys, _) = house();
        let (buyer, staff) = (token(&keys, Role::Buyer), token(&keys, Role::Staff));
        for (role, expected) in [(&buyer, [200, 403, 200]), (&staff, [200, 200, 200])] {
            for (uri, status) in ["/mine", "/console", "/shop"].into_iter().zip(expected) {
                assert_eq!(ask(&app, uri, &[&format!("Bearer {role}")]).await.0, status, "{uri}");
            }
        }
        assert_eq!(ask(&app, "/mine", &[]).await, (401, "Bearer".into()));
        assert_eq!(ask(&app, "/console", &[]).await, (401, "Bearer".into()));
        assert_eq!(ask(&app, "/shop", &[]).await.0, 200);
    }

    #[tokio::test]
    async fn a_bad_token_is_refused_even_where_strangers_are_welcome() {
        let (app, keys, clock) = house();
        let good = format!("Bearer {}", token(&keys, Role::Buyer));
        for bad in [&["Bearer x"][..], &["Basic abc"], &["Bearer"], &[""], &[&good, &good]] {
            assert_eq!(ask(&app, "/shop", bad).await.0, 401, "{bad:?}");
        }
        clock.advance(60_000);
        let (status, challenge) = ask(&app, "/shop", &[&good]).await;
        assert_eq!(status, 401);
        assert!(challenge.contains("expired"));
    }
}
