//! The peer: what one would write with axum alone, to measure ours against.

use std::net::SocketAddrV4;

use anyhow::Context;
use axum::{
    Router,
    body::Bytes,
    extract::{
        State,
        ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use clap::{Args, ValueEnum};
use tokio::{net::TcpSocket, sync::broadcast};

use crate::{limits, sockets::target::SNAPSHOT_BYTES};

const BACKLOG: u32 = 4096;
const TUNED_READ_BYTES: usize = 512;
const NEWS_MAX: usize = 16;
/// A receipt of the usual length that promises nothing.
const RECEIPT: &str = concat!(
    r#"{"claim_id":"00000000-0000-0000-0000-000000000000","received_at":"2026-01-01T00:00:00.000Z","receipt":""#,
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    r#""}"#
);

#[derive(Clone, Debug, Args)]
pub struct PeerArgs {
    #[arg(value_enum)]
    pub kind: Kind,
    #[arg(long)]
    pub listen: SocketAddrV4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// As it comes.
    Axum,
    /// A read buffer of 512 bytes and no write buffer.
    AxumTuned,
}

#[derive(Clone)]
struct House {
    kind: Kind,
    news: broadcast::Sender<Utf8Bytes>,
}

/// What every peer says of a sale: as long as our frame.
pub fn snapshot() -> String {
    let head = r#"{"type":"sale","pad":""#;
    format!("{head}{}\"}}", "x".repeat(SNAPSHOT_BYTES - head.len() - 2))
}

/// Runs until it is killed.
pub async fn run(args: &PeerArgs) -> anyhow::Result<()> {
    limits::raise_open_files(0)?;
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(args.listen.into())?;
    let listener = socket.listen(BACKLOG).with_context(|| format!("cannot listen on {}", args.listen))?;
    let house = House { kind: args.kind, news: broadcast::Sender::new(NEWS_MAX) };
    let routes = Router::new()
        .route("/", get(enter))
        .route("/broadcast", get(tell))
        .route("/api/v1/sale-items/{id}/claims", post(take))
        .with_state(house);
    Ok(axum::serve(listener, routes).await?)
}

/// A claim, read and answered with as many bytes as a receipt of ours has, and nothing done for it.
async fn take(_claim: Bytes) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::ACCEPTED, json, Bytes::from_static(RECEIPT.as_bytes())).into_response()
}

async fn tell(State(house): State<House>) -> &'static str {
    let _ = house.news.send(snapshot().into());
    "{}"
}

async fn enter(State(house): State<House>, upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>) -> Response {
    let Ok(upgrade) = upgrade else { return "{}".into_response() };
    let upgrade = match house.kind {
        Kind::Axum => upgrade,
        Kind::AxumTuned => upgrade.read_buffer_size(TUNED_READ_BYTES).write_buffer_size(0),
    };
    upgrade.on_upgrade(|socket| hold(socket, house.news))
}

async fn hold(mut socket: WebSocket, news: broadcast::Sender<Utf8Bytes>) {
    let mut news = news.subscribe();
    if socket.send(Message::Text(r#"{"type":"hello"}"#.into())).await.is_err() {
        return;
    }
    loop {
        let said = tokio::select! {
            told = news.recv() => match told {
                Ok(text) => socket.send(Message::Text(text)).await,
                Err(_) => Ok(()),
            },
            came = socket.recv() => match came {
                Some(Ok(Message::Text(_))) => socket.send(Message::Text(snapshot().into())).await,
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => return,
            },
        };
        if said.is_err() {
            return;
        }
    }
}
