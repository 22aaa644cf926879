//! Connections: what a server sees of a virtual buyer, over HTTP and over a socket.

// A test may fail by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

use axum::{
    Json, Router,
    extract::{ConnectInfo, WebSocketUpgrade, ws::Message},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use load_test::buyer::{
    address,
    frame::Frame,
    http::{Call, Http, Lost},
    socket::{Heard, PROTOCOL, Socket, SocketError},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

async fn whoami(ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let seen = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (token, key) = (seen("authorization"), seen("idempotency-key"));
    Json(json!({"ip": peer.ip(), "port": peer.port(), "token": token, "key": key, "body": body})).into_response()
}

async fn busy() -> Response {
    let problem = json!({"status": 503, "code": "unavailable"});
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], Json(problem)).into_response()
}

async fn live(ConnectInfo(peer): ConnectInfo<SocketAddr>, upgrade: WebSocketUpgrade) -> Response {
    let known = upgrade.protocols([PROTOCOL]);
    if known.selected_protocol().is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    known.on_upgrade(async move |mut socket| {
        let from_afar = peer.ip() == IpAddr::from(address::of_buyer(3));
        let hello =
            json!({"type": "hello", "server_time": 1, "heartbeat_s": 25, "resume_after_ms": u64::from(from_afar)});
        let _ = socket.send(Message::text(hello.to_string())).await;
        let _ = socket.recv().await;
        let _ = socket.send(Message::text(r#"{"type":"gibberish"}"#)).await;
        let close = axum::extract::ws::CloseFrame { code: 4401, reason: "".into() };
        let _ = socket.send(Message::Close(Some(close))).await;
    })
}

/// A little server on a port of its own, for the life of the test.
async fn server() -> SocketAddrV4 {
    let routes = Router::new()
        .route("/whoami", post(whoami))
        .route("/busy", get(busy))
        .route("/never", get(std::future::pending::<()>))
        .route("/api/v1/live", get(live));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let SocketAddr::V4(at) = listener.local_addr().unwrap() else { panic!("not IPv4") };
    let serve = axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>());
    tokio::spawn(async move { serve.await });
    at
}

#[tokio::test]
async fn a_buyer_comes_from_their_own_address_and_keeps_one_connection() {
    let (at, own) = (server().await, address::of_buyer(700));
    let mut http = Http::new(own, at);
    let call = Call::post("/whoami", json!({"n": 1})).bearer("secret").key("k1");
    let first = http.call(&call).await.unwrap().body;
    let second = http.call(&call).await.unwrap().body;
    assert_eq!(first["ip"], json!(own));
    assert_eq!(
        (&first["token"], &first["key"], &first["body"]["n"]),
        (&json!("Bearer secret"), &json!("k1"), &json!(1))
    );
    assert_eq!(first["port"], second["port"]);
}

#[tokio::test]
async fn a_problem_brings_its_code_and_its_wait() {
    let answer = Http::new(Ipv4Addr::LOCALHOST, server().await).call(&Call::get("/busy")).await.unwrap();
    assert_eq!((answer.status, answer.code()), (503, "unavailable"));
    assert_eq!(answer.retry_after.unwrap().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_answer_in_time_means_that_it_may_have_happened() {
    let at = server().await;
    assert_eq!(Http::new(Ipv4Addr::LOCALHOST, at).call(&Call::get("/never")).await, Err(Lost::Unknown));
}

#[tokio::test]
async fn a_socket_comes_from_the_same_address_and_tells_frames_from_gibberish_from_the_end() {
    let mut socket = Socket::connect(address::of_buyer(3), server().await).await.unwrap();
    let Heard::Frame(Frame::Hello { resume_after_ms: 1, .. }) = socket.next().await else { panic!("no hello") };
    assert!(socket.send(&json!({"type": "clock", "t0": 1})).await);
    let Heard::Garbled(text) = socket.next().await else { panic!("gibberish was understood") };
    assert!(text.contains("gibberish"), "{text}");
    let Heard::Closed(Some(4401)) = socket.next().await else { panic!("not closed") };
}

#[tokio::test]
async fn where_no_server_is_nothing_was_sent_and_nothing_was_refused() {
    let nobody = load_test::server::free_port().unwrap();
    assert_eq!(Http::new(Ipv4Addr::LOCALHOST, nobody).call(&Call::get("/busy")).await, Err(Lost::NotSent));
    let told = Socket::connect(address::of_buyer(3), nobody).await;
    assert!(matches!(told, Err(SocketError::NoConnection)));
}
