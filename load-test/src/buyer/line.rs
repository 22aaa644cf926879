//! The line: one device's live connection, opened again whenever it is lost.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use kit::clock::SeedChance;
use sale::{ids::SaleId, time::UnixMs};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{
    frame::Frame,
    socket::{Heard, Socket, SocketError},
    wait::Backoff,
};

/// A device that another one replaced stays away this long, so that the two do not push each other out for ever.
const REPLACED_WAIT: Duration = Duration::from_secs(30);
/// The longest absence that a `bye` can ask of us.
const BYE_MAX: Duration = Duration::from_secs(5);
/// The close code of a token that is not taken.
pub const BAD_TOKEN: u16 = 4401;

/// What happened on a line.
#[derive(Debug)]
pub enum Event {
    Connected,
    Frame(Frame),
    Garbled(String),
    /// Lost, with the close code if there was one; it will be opened again.
    Lost(Option<u16>),
    /// The upgrade was answered with something else.
    Refused(String),
}

pub struct Line {
    source: Ipv4Addr,
    target: SocketAddrV4,
    sale_id: SaleId,
    pub token: String,
    socket: Option<Socket>,
    opens_at: Instant,
    backoff: Backoff,
}

impl Line {
    pub fn new(source: Ipv4Addr, target: SocketAddrV4, sale_id: SaleId, token: String, opens_at: Instant) -> Self {
        Self { source, target, sale_id, token, socket: None, opens_at, backoff: Backoff::default() }
    }

    pub fn is_up(&self) -> bool {
        self.socket.is_some()
    }

    /// Waits for the next thing; connects first where there is no connection. Safe to drop and call again.
    pub async fn next(&mut self, now: UnixMs, chance: &SeedChance) -> Event {
        let Some(socket) = &mut self.socket else {
            sleep_until(self.opens_at).await;
            return self.open(now, chance).await;
        };
        match socket.next().await {
            Heard::Frame(Frame::Bye { code, resume_after_ms }) => {
                self.bye(&code, resume_after_ms);
                Event::Frame(Frame::Bye { code, resume_after_ms })
            }
            Heard::Frame(frame) => Event::Frame(frame),
            Heard::Garbled(text) => Event::Garbled(text),
            Heard::Closed(code) => {
                self.lose(chance);
                Event::Lost(code)
            }
        }
    }

    async fn open(&mut self, now: UnixMs, chance: &SeedChance) -> Event {
        // Set first: a connect that is dropped half-way must not become a connect without pause.
        self.opens_at = Instant::now() + self.backoff.next(chance);
        match Socket::connect(self.source, self.target).await {
            Ok(socket) => {
                self.socket = Some(socket);
                self.greet(now).await;
                Event::Connected
            }
            Err(SocketError::NoConnection) => Event::Lost(None),
            Err(SocketError::Refused(why)) => Event::Refused(why),
        }
    }

    async fn greet(&mut self, now: UnixMs) {
        self.send(&json!({"type": "clock", "t0": now})).await;
        self.send(&json!({"type": "watch", "sale_ids": [self.sale_id]})).await;
        self.send(&json!({"type": "auth", "access_token": self.token})).await;
    }

    /// Sends a frame; false where there is no connection to send it on.
    pub async fn send(&mut self, frame: &Value) -> bool {
        match &mut self.socket {
            Some(socket) => socket.send(frame).await,
            None => false,
        }
    }

    /// The session is good: the next loss starts with a short wait again.
    pub fn settled(&mut self) {
        self.backoff.reset();
    }

    /// Drops the connection, to open another one.
    pub fn lose(&mut self, chance: &SeedChance) {
        self.socket = None;
        self.opens_at = self.opens_at.max(Instant::now() + self.backoff.next(chance));
    }

    fn bye(&mut self, code: &Value, resume_after_ms: u64) {
        let wait = if code == "replaced" { REPLACED_WAIT } else { Duration::from_millis(resume_after_ms).min(BYE_MAX) };
        self.opens_at = Instant::now() + wait;
    }

    pub async fn close(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.close().await;
        }
    }
}
