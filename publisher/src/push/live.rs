//! `GET /api/v1/live`: the way in. Everything that can be refused is refused before the upgrade, where it is cheap.

use std::sync::Arc;

use axum::{
    Router,
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use kit::http::{ClientAddr, Problem, origin};

use super::{
    Push,
    frame::{FRAME_MAX_BYTES, PROTOCOL},
    hub::Full,
    socket,
};

/// An idle socket costs this much for reading; the framework's own default is 128 KiB.
const READ_BUFFER_BYTES: usize = 1024;
/// Above our own bound, so that we can still say why; beyond this the connection is cut.
const MESSAGE_MAX_BYTES: usize = 2 * FRAME_MAX_BYTES;
/// One write at a time, so the buffer holds one frame and a pong or two.
const WRITE_BUFFER_MAX_BYTES: usize = 256 * 1024;
const FULL_RETRY_MS: i64 = 5_000;

pub(crate) fn routes(push: Arc<Push>) -> Router {
    Router::new().route("/api/v1/live", get(live)).with_state(push)
}

async fn live(
    State(push): State<Arc<Push>>,
    ClientAddr(address): ClientAddr,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let refused = |why: &'static str, problem: Problem| {
        metrics::counter!("publisher_sockets_refused_total", "why" => why).increment(1);
        problem.into_response()
    };
    if push.life.is_stopping() {
        return refused("stopping", Problem::unavailable(push.resume_after_ms()));
    }
    if !push.origins.allows(&headers, origin::host(&headers)) {
        let title = "this page may not open a socket here";
        return refused("foreign_origin", Problem::new(StatusCode::FORBIDDEN, "foreign_origin", title));
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.protocols([PROTOCOL]),
        Err(rejection) => {
            metrics::counter!("publisher_sockets_refused_total", "why" => "no_upgrade").increment(1);
            return rejection.into_response();
        }
    };
    if upgrade.selected_protocol().is_none() && upgrade.requested_protocols().next().is_some() {
        let title = "only the subprotocol miaosha.v1 is spoken here";
        return refused("unknown_subprotocol", Problem::new(StatusCode::BAD_REQUEST, "unknown_subprotocol", title));
    }
    let place = match push.hub.take_place(address) {
        Ok(place) => place,
        Err(Full::House) => {
            return refused("house_full", Problem::unavailable(FULL_RETRY_MS + push.resume_after_ms()));
        }
        Err(Full::Address) => {
            let problem =
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_sockets", "too many sockets from there");
            return refused("address_full", problem.retry_after_ms(FULL_RETRY_MS));
        }
    };
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_MAX_BYTES)
        .max_message_size(MESSAGE_MAX_BYTES)
        .max_frame_size(MESSAGE_MAX_BYTES)
        .on_upgrade(move |ws| {
            let life = push.life.clone();
            life.visit("socket", socket::serve(push, ws, address, place))
        })
}
