//! `POST /api/v1/sale-items/{id}/claims`: the street door for whoever holds no socket.

use std::sync::Arc;

use axum::{
    Router,
    body::HttpBody,
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use kit::{
    http::{Buyer, ClientAddr, Json, Path, Problem},
    instant::to_rfc3339,
};
use sale::ids::SaleItemId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Accept, Ask, Refusal};

pub(super) const PATH: &str = "/api/v1/sale-items/{id}/claims";
/// A claim is a few words; what is larger is something else.
const BODY_MAX_BYTES: usize = 2048;

/// What is asked for. Everything may be left out, the body too.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ClaimBody {
    /// Units; 1 unless told.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    quantity: u32,
    /// The number of this try: one more than the highest whose claim has ended. The same number is the same claim.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    attempt: u32,
    /// The text of one option, where the item asks a question.
    answer: Option<String>,
}

impl Default for ClaimBody {
    fn default() -> Self {
        Self { quantity: 1, attempt: 1, answer: None }
    }
}

/// The receipt: this claim will be decided. It says nothing of the outcome.
#[derive(Serialize, ToSchema)]
struct ReceiptBody {
    claim_id: Uuid,
    /// By the journal's clock, RFC 3339.
    #[schema(example = "2026-11-21T00:00:00.012Z")]
    received_at: String,
    /// Signed; keep it.
    receipt: String,
}

pub(crate) fn routes(accept: Arc<Accept>) -> Router {
    let body = DefaultBodyLimit::max(BODY_MAX_BYTES);
    Router::new().route(PATH, post(claim).layer(body)).with_state(accept)
}

/// The same route, described.
pub(crate) fn openapi_routes() -> OpenApiRouter<Arc<Accept>> {
    OpenApiRouter::new().routes(routes!(claim))
}

/// Ask for units of a sale item
///
/// 202 is a signed receipt: the claim is stored and will be decided. The outcome comes over the socket and stands in
/// `GET /api/v1/me/claims`. Safe to repeat: the same attempt is the same claim.
#[utoipa::path(
    post,
    path = "/api/v1/sale-items/{id}/claims",
    tag = "claims",
    params(("id" = Uuid, Path, description = "The sale item")),
    request_body(content = Option<ClaimBody>),
    responses(
        (status = 202, description = "The receipt", body = ReceiptBody),
        (status = 401, description = "`unauthorized`, `invalid_token`, `token_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`not_open`, `closed`, `paused`, `wrong_answer`, `foreign_origin`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: no such sale item", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`already_claimed` (member `claim`: the claim that stands), `sold_out`, `all_held`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid`, `limit_reached`, `invalid_body`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`too_fast`; Retry-After says when", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: nothing was promised; Retry-After says when", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn claim(
    State(accept): State<Arc<Accept>>,
    Path(item): Path<Uuid>,
    ClientAddr(address): ClientAddr,
    Buyer(buyer): Buyer,
    request: Request,
) -> Response {
    let refused = |refusal: Refusal| {
        refusal.count("http");
        refusal.into_response()
    };
    let item = SaleItemId(item);
    // Most of a losing crowd ends here, its bodies unread.
    if let Err(refusal) = accept.peek(buyer, item) {
        return refused(refusal);
    }
    let ClaimBody { quantity, attempt, answer } = match body(request).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    match accept.accept(Ask { buyer, address, item, quantity, attempt, answer }).await {
        Ok(accepted) => {
            let body = ReceiptBody {
                claim_id: accepted.claim_id.0,
                received_at: to_rfc3339(accepted.received_at),
                receipt: accepted.receipt,
            };
            match accepted.rate {
                Some(rate) => (StatusCode::ACCEPTED, rate, Json(body)).into_response(),
                None => (StatusCode::ACCEPTED, Json(body)).into_response(),
            }
        }
        Err(refusal) => refused(refusal),
    }
}

async fn body(request: Request) -> Result<ClaimBody, Problem> {
    if request.body().is_end_stream() {
        return Ok(ClaimBody::default());
    }
    Json::from_request(request, &()).await.map(|Json(body)| body)
}
