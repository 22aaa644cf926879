//! ReDoc: read it all in one piece. The bundle is committed under `assets/redoc`.

use axum::{Router, http::HeaderValue, response::Html, routing::get};
use kit::http::with_csp;

use super::asset;

/// Its styles are written by its script, and its search runs in a worker that it builds itself. Its maker's logo stays out.
const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:; child-src blob:; \
     object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>API · Miaosha</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/static/img/favicon.svg" type="image/svg+xml">
</head>
<body>
<redoc spec-url="/docs/openapi.json"></redoc>
<script src="/docs/assets/redoc.standalone.js"></script>
</body>
</html>
"#;

const BUNDLE: &[u8] = include_bytes!("../../assets/redoc/redoc.standalone.js");
const LICENSES: &str = concat!(
    include_str!("../../assets/redoc/LICENSE"),
    "\n\n",
    include_str!("../../assets/redoc/redoc.standalone.js.LICENSE.txt")
);

pub fn router() -> Router {
    let page = Router::new().route("/docs/redoc", get(|| async { Html(PAGE) }));
    with_csp(page, CSP)
        .route("/docs/assets/redoc.standalone.js", get(|| async { asset("text/javascript; charset=utf-8", BUNDLE) }))
        // The bundle's first line points here.
        .route(
            "/docs/assets/redoc.standalone.js.LICENSE.txt",
            get(|| async { asset("text/plain; charset=utf-8", LICENSES) }),
        )
}
