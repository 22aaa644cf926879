//! `GET /api/v1/live`: the way in. Everything that can be refused is refused before the upgrade, where it is cheap.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use kit::http::{ClientAddr, Problem, origin, take_back};

use super::{Push, handshake::Handshake, inbox::Arrival, places::Full};

const FULL_RETRY_MS: i64 = 5_000;

pub(crate) fn routes(push: Arc<Push>) -> Router {
    Router::new().route("/api/v1/live", get(live)).with_state(push)
}

async fn live(State(push): State<Arc<Push>>, ClientAddr(address): ClientAddr, mut request: Request) -> Response {
    let refused = |why: &'static str, problem: Problem| {
        metrics::counter!("publisher_sockets_refused_total", "why" => why).increment(1);
        problem.into_response()
    };
    if push.life.is_stopping() {
        return refused("stopping", Problem::unavailable(push.resume_after_ms()));
    }
    if !push.origins.allows(request.headers(), origin::host(request.headers())) {
        let title = "this page may not open a socket here";
        return refused("foreign_origin", Problem::new(StatusCode::FORBIDDEN, "foreign_origin", title));
    }
    let handshake = match Handshake::read(&mut request) {
        Ok(handshake) => handshake,
        Err(refusal) => {
            metrics::counter!("publisher_sockets_refused_total", "why" => refusal.why()).increment(1);
            return refusal.into_response();
        }
    };
    let later = |why| refused(why, Problem::unavailable(FULL_RETRY_MS + push.resume_after_ms()));
    let Some(turn) = push.hub.take_turn() else { return later("busy") };
    let place = match push.hub.take_place(address) {
        Ok(place) => place,
        Err(Full::House) => return later("house_full"),
        Err(Full::Address) => {
            let problem =
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_sockets", "too many sockets from there");
            return refused("address_full", problem.retry_after_ms(FULL_RETRY_MS));
        }
    };
    let (answer, upgrade) = handshake.answer();
    let hub = push.hub.clone();
    push.life.spawn_visit("upgrade", async move {
        // Who left in the middle of it is not missed.
        if let Ok(Ok(taken)) = upgrade.await.map(take_back) {
            hub.enter(Arrival { taken, place, turn });
        }
    });
    answer
}
