//! The optional body: a request that says nothing means the defaults.

use axum::{
    body::HttpBody,
    extract::{FromRequest, Request},
    http::header,
};
use kit::http::{Json, Problem};
use serde::de::DeserializeOwned;

/// A JSON body, or no body at all.
pub struct Optional<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for Optional<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return Json::from_request(request, state).await.map(|Json(body)| Self(body));
        }
        let (parts, body) = request.into_parts();
        if body.is_end_stream() {
            return Ok(Self(T::default()));
        }
        // Without a type the body must be empty: this one is refused for its missing type, and not read.
        Json::from_request(Request::from_parts(parts, body), state).await.map(|Json(body)| Self(body))
    }
}
