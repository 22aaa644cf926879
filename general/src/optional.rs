//! The optional body: a request that says nothing means the defaults.

use axum::{
    body::Bytes,
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
        // Without a type the body must be empty; what is not goes through the same door as everybody's, and is refused there.
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::new(body), state).await.unwrap_or_else(|_| Bytes::from_static(b"?"));
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        Json::from_request(Request::from_parts(parts, bytes.into()), state).await.map(|Json(body)| Self(body))
    }
}
