//! `GET /api/v1/live`: the way in. Everything that can be refused is refused before the upgrade, where it is cheap.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::upgrade::OnUpgrade;
use kit::http::{ClientAddr, Entry, Problem, ShortUpgrade, TakenBack, origin, take_back};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Push,
    handshake::{Handshake, NoHandshake},
    inbox::Arrival,
    places::{Full, Place},
};

const PATH: &str = "/api/v1/live";
const FULL_RETRY_MS: i64 = 5_000;

/// Who may come in: a place, a turn, and the answer that upgrades.
struct Admitted {
    handshake: Handshake,
    place: Place,
    turn: OwnedSemaphorePermit,
}

/// Why somebody may not.
enum Refusal {
    Stopping,
    /// The journal was not read yet, and a socket is told the time first of all.
    Starting,
    ForeignOrigin,
    NoHandshake(NoHandshake),
    /// Too many upgrades are under way.
    Busy,
    Full(Full),
}

pub(crate) fn routes(push: Arc<Push>) -> Router {
    Router::new().route(PATH, get(live)).with_state(push)
}

/// The same without HTTP's machinery, for those that are let in.
pub(crate) fn short_way(push: Arc<Push>) -> ShortUpgrade {
    let enter = move |headers: &HeaderMap, address: ClientAddr| {
        let Admitted { handshake, place, turn } = push.admit(headers, address).ok()?;
        let hub = push.hub.clone();
        let take = Box::new(move |taken: TakenBack| hub.enter(Arrival { taken, place, turn }));
        Some(Entry { answer: handshake.answer(), take })
    };
    ShortUpgrade { path: PATH, enter: Arc::new(enter) }
}

async fn live(State(push): State<Arc<Push>>, address: ClientAddr, mut request: Request) -> Response {
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let admitted = push.admit(request.headers(), address);
    let upgradable = upgrade.ok_or(Refusal::NoHandshake(NoHandshake::NotUpgradable));
    let (admitted, upgrade) = match admitted.and_then(|admitted| Ok((admitted, upgradable?))) {
        Ok(both) => both,
        Err(refusal) => return push.refuse(refusal),
    };
    let Admitted { handshake, place, turn } = admitted;
    let hub = push.hub.clone();
    push.life.spawn_visit("upgrade", async move {
        // Who left in the middle of it is not missed.
        if let Ok(Ok(taken)) = upgrade.await.map(take_back) {
            hub.enter(Arrival { taken, place, turn });
        }
    });
    handshake.answer()
}

impl Push {
    fn admit(&self, headers: &HeaderMap, ClientAddr(address): ClientAddr) -> Result<Admitted, Refusal> {
        if self.life.is_stopping() {
            return Err(Refusal::Stopping);
        }
        if !self.schedule.knows_time() {
            return Err(Refusal::Starting);
        }
        if !self.origins.allows(headers, origin::host(headers)) {
            return Err(Refusal::ForeignOrigin);
        }
        let handshake = Handshake::read(headers).map_err(Refusal::NoHandshake)?;
        let turn = self.hub.take_turn().ok_or(Refusal::Busy)?;
        let place = self.hub.take_place(address).map_err(Refusal::Full)?;
        Ok(Admitted { handshake, place, turn })
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        metrics::counter!("publisher_sockets_refused_total", "why" => refusal.why()).increment(1);
        match refusal {
            Refusal::Stopping | Refusal::Starting => Problem::unavailable(self.resume_after_ms()).into_response(),
            Refusal::ForeignOrigin => {
                let title = "this page may not open a socket here";
                Problem::new(StatusCode::FORBIDDEN, "foreign_origin", title).into_response()
            }
            Refusal::NoHandshake(why) => why.into_response(),
            Refusal::Busy | Refusal::Full(Full::House) => {
                Problem::unavailable(FULL_RETRY_MS + self.resume_after_ms()).into_response()
            }
            Refusal::Full(Full::Address) => {
                let title = "too many sockets from there";
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_sockets", title);
                problem.retry_after_ms(FULL_RETRY_MS).into_response()
            }
        }
    }
}

impl Refusal {
    /// As it is counted.
    fn why(&self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::Starting => "starting",
            Self::ForeignOrigin => "foreign_origin",
            Self::NoHandshake(why) => why.why(),
            Self::Busy => "busy",
            Self::Full(Full::House) => "house_full",
            Self::Full(Full::Address) => "address_full",
        }
    }
}
