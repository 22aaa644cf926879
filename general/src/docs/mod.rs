//! The documents: the whole house's HTTP as OpenAPI, its socket as AsyncAPI, and every problem by its code.
//!
//! Nothing is loaded from elsewhere: the viewers are our own assets.

mod asyncapi;
mod finish;
mod html;
mod problems;
mod redoc;
mod swagger;

use axum::{
    Router,
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use kit::http::Problem;
use utoipa::{
    Modify, OpenApi as Document,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

pub use finish::finished;
pub use problems::{PROBLEMS, ProblemKind};

use crate::shop::Shop;

/// Documents change with the binary alone.
pub(crate) const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

#[derive(Document)]
#[openapi(
    info(title = "Miaosha", description = "A flash sale that never oversells. Errors are RFC 9457 problems; their `code` \
        is stable and explained at /docs/problems. Instants are RFC 3339 UTC, money is in minor units.",
        license(name = "MIT OR Apache-2.0")),
    tags(
        (name = "accounts", description = "Who somebody is, and how they prove it"),
        (name = "sales", description = "What everybody may read"),
        (name = "catalogue", description = "Products"),
        (name = "claims", description = "Asking for units, and what became of it"),
        (name = "checkout", description = "Paying for a hold"),
        (name = "orders", description = "What was paid"),
        (name = "staff", description = "Planning sales and leading them; every deed is audited"),
    ),
    components(schemas(Problem)),
    modifiers(&Bearer),
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        openapi.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The document that every room adds its routes to.
pub(crate) fn base() -> OpenApiRouter<Shop> {
    OpenApiRouter::with_openapi(Base::openapi())
}

/// Serves the documents: `openapi` of all roles merged, `asyncapi_json` of the socket.
///
/// Routes: /docs/openapi.json, /docs/swagger, /docs/redoc, /docs/asyncapi.json, /docs/asyncapi, /docs/problems. The page at
/// /docs that links to them is the storefront's.
pub fn router(openapi: OpenApi, asyncapi_json: &'static str) -> Router {
    swagger::router(finished(openapi))
        .merge(redoc::router())
        .merge(problems::router())
        .merge(asyncapi::router(asyncapi_json))
        .route("/docs/assets/docs.css", get(|| async { asset("text/css; charset=utf-8", include_str!("docs.css")) }))
}

/// One of our own files.
pub(crate) fn asset(kind: &'static str, body: impl IntoResponse) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, CACHE)], body)
}
