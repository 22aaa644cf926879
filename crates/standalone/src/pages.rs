//! The pages: the browser client as it lies in `static/`, compiled in.

use axum::{
    Router,
    body::Body,
    extract::{Path, Request},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use kit::http::{Problem, with_csp};
use rust_embed::RustEmbed;
use tower_http::compression::CompressionLayer;

/// Everything of the client that a browser may ask for; tests and their tools stay outside.
#[derive(RustEmbed)]
#[folder = "../../static/"]
#[include = "pages/*.html"]
#[include = "js/**/*.js"]
#[include = "css/*.css"]
#[include = "img/*"]
struct Assets;

/// Our own scripts, styles, pictures and sockets; nothing inline, nobody else's.
const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
     frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// A page is the same for everybody, so anyone may keep it; the tag tells when it changed.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=0, must-revalidate");

const PAGES: &[(&str, &str)] = &[
    ("/", "home"),
    ("/sale/{id}", "sale"),
    ("/checkout/{id}", "checkout"),
    ("/orders", "orders"),
    ("/orders/{id}", "order"),
    ("/account", "account"),
    ("/console", "console"),
    ("/mailbox", "mailbox"),
    ("/docs", "docs"),
];

/// Pages, their files, and what is answered where there is nothing.
pub fn routes() -> Router {
    let mut router = Router::new();
    for (route, page) in PAGES {
        router = router
            .route(route, get(move |request: Request| file(format!("pages/{page}.html"), StatusCode::OK, request)));
    }
    let files =
        get(|Path(path): Path<String>, request: Request| async move { file(path, StatusCode::OK, request).await });
    with_csp(router.route("/static/{*path}", files).fallback(nothing).layer(CompressionLayer::new()), CSP)
}

async fn file(path: String, found: StatusCode, request: Request) -> Response {
    let Some(asset) = Assets::get(&path) else { return Problem::not_found().into_response() };
    let tag = format!("W/\"{}\"", hex(&asset.metadata.sha256_hash()[..12]));
    let seen = request.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let status = if seen.is_some_and(|seen| seen.contains(&tag)) { StatusCode::NOT_MODIFIED } else { found };
    let body = if status == StatusCode::NOT_MODIFIED { Body::empty() } else { Body::from(asset.data.into_owned()) };
    let mut response = (status, [(header::CACHE_CONTROL, CACHED)], body).into_response();
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Ok(kind) = HeaderValue::from_str(kind(&path)) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    response
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    }
}

/// A person gets a page, a program a problem; both get the true status.
async fn nothing(request: Request) -> Response {
    let wants_page =
        request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"));
    if request.method() == Method::GET && wants_page && !request.uri().path().starts_with("/api/") {
        return file("pages/404.html".into(), StatusCode::NOT_FOUND, request).await;
    }
    Problem::not_found().into_response()
}
