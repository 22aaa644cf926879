//! Swagger UI: try each route. Its files come with the binary.

use axum::{Router, http::HeaderValue};
use kit::http::with_csp;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Its styles are written by its script; everything else is our own.
const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'",
);

pub fn router(openapi: OpenApi) -> Router {
    // No validator: it would send our address to a stranger. Tokens stay in the page's memory.
    let config = Config::default().validator_url("none").persist_authorization(false).display_request_duration(true);
    let ui = SwaggerUi::new("/docs/swagger").url("/docs/openapi.json", openapi).config(config);
    with_csp(Router::new().merge(ui), CSP)
}
