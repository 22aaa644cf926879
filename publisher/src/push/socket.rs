//! The socket: its bytes and its clock. What frames mean is the session's business.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{FutureExt, future::BoxFuture};
use sale::bucket::{self, Rate};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::{
    Push,
    frame::{FRAME_MAX_BYTES, Said},
    hub::Place,
    outbox::{End, Next},
    session::Session,
};

/// Time for the last words: to write them, and for the other side to hang up first.
const FAREWELL: Duration = Duration::from_secs(1);
/// So many pings in a row without a sign of life end a socket.
const MISSED_MAX: u32 = 2;

/// How a conversation ended.
enum Over {
    /// We end it.
    Ours(End),
    /// The other side went, or the line broke.
    Theirs,
}

/// One frame of the client in work.
type Work = Option<BoxFuture<'static, Result<(), End>>>;

/// Holds one socket until either side ends it. Dropped at any point, it leaves nothing behind.
pub(super) async fn serve(push: Arc<Push>, mut ws: WebSocket, address: IpAddr, place: Place) {
    let session = Arc::new(Session::new(push.clone(), address));
    session.answer(Said::Hello {
        server_time: push.schedule.now(),
        heartbeat_s: push.config.heartbeat.get().as_secs().max(1),
        resume_after_ms: push.resume_after_ms(),
    });
    if push.life.is_stopping() {
        session.socket().outbox.end(End::Restart { resume_after_ms: push.resume_after_ms() });
    }
    let over = talk(&push, &session, &mut ws).await;
    drop(session);
    let code = match over {
        Over::Theirs => 0,
        Over::Ours(end) => {
            let _ = timeout(FAREWELL, farewell(&mut ws, end)).await;
            end.close().0
        }
    };
    metrics::counter!("publisher_sockets_closed_total", "code" => code.to_string()).increment(1);
    drop(place);
}

async fn talk(push: &Push, session: &Arc<Session>, ws: &mut WebSocket) -> Over {
    let every = push.config.heartbeat.get();
    let mut beat = interval_at(Instant::now() + every, every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pace = Pace::new(push.config.frames_burst, push.config.frames_per_s);
    let (mut work, mut missed): (Work, u32) = (None, 0);
    loop {
        let step = tokio::select! {
            next = session.socket().outbox.next() => match next {
                Next::Say(frame) => {
                    metrics::counter!("publisher_frames_sent_total").increment(1);
                    write(push, ws, Message::Text(frame.text)).await
                }
                Next::Leave(end) => match work.take() {
                    // What was asked before is still answered.
                    Some(work) => work.await.map_err(Over::Ours),
                    None => Err(Over::Ours(end)),
                },
            },
            done = ready(&mut work) => {
                work = None;
                done.map_err(Over::Ours)
            }
            // One frame at a time: who asks faster than we answer waits in their own buffers.
            came = ws.recv(), if work.is_none() => {
                missed = 0;
                came.map_or(Err(Over::Theirs), |came| hear(session, came, &mut pace).map(|next| work = next))
            }
            _ = beat.tick() => {
                missed += 1;
                match session.beat() {
                    Err(end) => Err(Over::Ours(end)),
                    Ok(()) if missed > MISSED_MAX => Err(Over::Theirs),
                    Ok(()) => write(push, ws, Message::Ping(Default::default())).await,
                }
            }
        };
        if let Err(over) = step {
            return over;
        }
    }
}

async fn ready(work: &mut Work) -> Result<(), End> {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// What a message of the client leads to.
fn hear(session: &Arc<Session>, came: Result<Message, axum::Error>, pace: &mut Pace) -> Result<Work, Over> {
    metrics::counter!("publisher_frames_received_total").increment(1);
    let message = came.map_err(|error| broken(&error).map_or(Over::Theirs, Over::Ours))?;
    if !pace.allows() {
        return Err(Over::Ours(End::TooMany));
    }
    match message {
        Message::Text(text) if text.len() > FRAME_MAX_BYTES => Err(Over::Ours(End::TooBig)),
        Message::Text(text) => Ok(Some(session.clone().hear(text).boxed())),
        Message::Binary(_) => {
            session.strike("binary", "frames are JSON text".into()).map(|()| None).map_err(Over::Ours)
        }
        Message::Ping(_) | Message::Pong(_) => Ok(None),
        Message::Close(_) => Err(Over::Theirs),
    }
}

/// What a client is told whose bytes cannot be read; nothing if nobody is there to hear it.
///
/// The framework hides the protocol library's error behind its text; matching it needs no second version of that library.
fn broken(error: &axum::Error) -> Option<End> {
    let text = error.to_string();
    let is = |kind: &str| text.starts_with(kind);
    match () {
        () if is("Space limit exceeded") => Some(End::TooBig),
        () if is("UTF-8 encoding error") => Some(End::NoText),
        () if text.ends_with("Connection reset without closing handshake") => None,
        () if is("WebSocket protocol error") => Some(End::Protocol),
        () => None,
    }
}

/// One write. A reader who lets us wait beyond the bound is too slow.
async fn write(push: &Push, ws: &mut WebSocket, message: Message) -> Result<(), Over> {
    match timeout(push.config.write_wait.get(), ws.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Over::Theirs),
        Err(_) => Err(Over::Ours(End::SlowReader { resume_after_ms: push.resume_after_ms() })),
    }
}

/// Says goodbye, closes, and lets the other side hang up first: a connection reset would take our last words with it.
async fn farewell(ws: &mut WebSocket, end: End) {
    if let Some(bye) = end.bye() {
        let _ = ws.send(Message::Text(bye.text())).await;
    }
    let (code, reason) = end.close();
    if ws.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await.is_ok() {
        while let Some(Ok(_)) = ws.recv().await {}
    }
}

/// How fast one socket sends.
struct Pace {
    since: Instant,
    rate: Rate,
    full_at_us: i64,
}

impl Pace {
    fn new(burst: u32, per_s: u32) -> Self {
        let rate = Rate { burst, per_period: per_s, period_ms: 1000 };
        Self { since: Instant::now(), rate, full_at_us: 0 }
    }

    fn allows(&mut self) -> bool {
        let now_ms = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX / 2000);
        let (full_at_us, answer) = bucket::take(self.full_at_us, self.rate, now_ms);
        self.full_at_us = full_at_us;
        answer.allowed
    }
}
