//! What a client may do to the server through a real socket, and what the server does then.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{
        Request,
        ws::{WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, HeaderName, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use kit::{
    config::{Dur, Size},
    http::{
        BindError, ClientAddr, Entry, Head, OriginPolicy, Prepared, Problem, ServeConfig, Served, ShortRefusal,
        ShortUpgrade, ShortWays, TakenBack, bind, take_back,
    },
    lifecycle::Lifecycle,
    testing::{eventually, serve_here},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, mpsc},
    time::timeout,
};

/// Longer than anything here takes; a test that needs it all has failed.
const BOUND: Duration = Duration::from_secs(10);

struct House {
    addr: SocketAddr,
    life: Lifecycle,
    /// `/wait` answers when there is a permit.
    gate: Arc<Semaphore>,
}

async fn open(config: ServeConfig) -> House {
    let (life, gate) = (Lifecycle::new(), Arc::new(Semaphore::new(0)));
    let (door, sockets) = (gate.clone(), life.clone());
    let routes = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: axum::body::Bytes| async { body }))
        .route("/who", get(|who: ClientAddr| async move { who.0.to_string() }))
        .route("/large", get(|| async { vec![b'x'; 32 << 20] }))
        .route(
            "/wait",
            get(move || async move {
                let _ = door.acquire().await;
                "at last"
            }),
        )
        .route("/socket", get(move |up: WebSocketUpgrade| async move { up.on_upgrade(move |s| hold(sockets, s)) }));
    let addr = serve_here(routes, config, &life).await.unwrap();
    House { addr, life, gate }
}

async fn hold(life: Lifecycle, mut socket: WebSocket) {
    let soft = life.soft();
    life.visit("socket", async move {
        loop {
            tokio::select! {
                () = soft.cancelled() => return,
                got = socket.recv() => if !matches!(got, Some(Ok(_))) { return },
            }
        }
    })
    .await;
}

impl House {
    async fn call(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, text: &str) -> String {
        rest(self.call(text).await).await
    }

    async fn ask_path(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
    }

    fn connections(&self) -> usize {
        self.life.tasks_left().iter().filter(|task| **task == "connection").count()
    }
}

/// All that comes until the server closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    // A reset after the answer is a close, too.
    let _ = timeout(BOUND, stream.read_to_end(&mut all)).await.expect("the server closes");
    String::from_utf8(all).unwrap()
}

/// What comes up to and with `end`.
async fn up_to(stream: &mut TcpStream, end: &str) -> String {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(end) {
        let byte = timeout(BOUND, stream.read_u8()).await.expect("an answer").expect("an open connection");
        all.push(byte);
    }
    String::from_utf8(all).unwrap()
}

const KEPT: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const UPGRADE: &str = "GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn quick() -> ServeConfig {
    ServeConfig { header_timeout: Dur::of_ms(200), ..ServeConfig::default() }
}

#[tokio::test]
async fn a_client_that_never_ends_its_header_is_cut() {
    let house = open(quick()).await;
    let answer = house.ask("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(!answer.contains("200"), "{answer}");
}

#[tokio::test]
async fn a_client_that_sends_nothing_or_idles_after_an_answer_is_cut() {
    let house = open(quick()).await;
    assert_eq!(house.ask("").await, "");
    assert!(house.ask(KEPT).await.ends_with("hello"));
}

#[tokio::test]
async fn one_connection_asks_many_times() {
    let house = open(ServeConfig::default()).await;
    let mut stream = house.call(KEPT).await;
    for _ in 0..3 {
        assert!(up_to(&mut stream, "hello").await.starts_with("HTTP/1.1 200"));
        stream.write_all(KEPT.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_header_too_large_or_too_many_is_refused() {
    let house = open(ServeConfig { header_max: Size::kib(8), ..ServeConfig::default() }).await;
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\nconnection: close\r\n\r\n", "a".repeat(9000));
    assert!(house.ask(&long).await.starts_with("HTTP/1.1 431"));
    let fits = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\nconnection: close\r\n\r\n", "a".repeat(7000));
    assert!(house.ask(&fits).await.starts_with("HTTP/1.1 200"));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(200));
    assert!(house.ask(&many).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_body_too_large_is_refused_whether_it_says_so_or_not() {
    let house = open(ServeConfig { body_max: Size(10), ..ServeConfig::default() }).await;
    let post = |rest: &str| format!("POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{rest}");
    assert!(house.ask(&post("content-length: 11\r\n\r\n12345678901")).await.contains("body_too_large"));
    let chunked = post("transfer-encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n");
    assert!(house.ask(&chunked).await.contains("body_too_large"));
    assert!(house.ask(&post("content-length: 10\r\n\r\n1234567890")).await.ends_with("1234567890"));
}

#[tokio::test]
async fn who_comes_when_the_house_is_full_is_told_so_and_a_place_that_is_left_is_free() {
    let house = open(ServeConfig { max_connections: 1, ..ServeConfig::default() }).await;
    let mut first = house.call(KEPT).await;
    up_to(&mut first, "hello").await;
    let refused = rest(TcpStream::connect(house.addr).await.unwrap()).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 2"), "{refused}");
    let (_, body) = refused.split_once("\r\n\r\n").unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["code"], "full_house");
    drop(first);
    assert!(eventually(BOUND, || house.connections() == 0).await);
    assert!(house.ask_path("/").await.ends_with("hello"));
}

#[tokio::test]
async fn a_socket_keeps_its_place_after_the_upgrade_and_outlives_every_request_timeout() {
    let config = ServeConfig { max_connections: 1, request_timeout: Dur::of_ms(50), ..quick() };
    let house = open(config).await;
    let mut socket = house.call(UPGRADE).await;
    assert!(up_to(&mut socket, "\r\n\r\n").await.starts_with("HTTP/1.1 101"));
    assert!(eventually(BOUND, || house.life.tasks_left() == ["http", "socket"]).await);
    let refused = rest(TcpStream::connect(house.addr).await.unwrap()).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    let silence = timeout(Duration::from_millis(400), socket.read_u8()).await;
    assert!(silence.is_err(), "nobody closes a socket for its silence here");
    drop(socket);
    assert!(eventually(BOUND, || house.life.tasks_left() == ["http"]).await);
    assert!(house.ask_path("/").await.ends_with("hello"));
}

#[tokio::test]
async fn a_connection_that_was_taken_back_keeps_its_place_and_what_was_read() {
    let (life, (tell, mut told)) = (Lifecycle::new(), mpsc::channel(1));
    let upgrade = move |mut request: Request| async move {
        let upgrade = request.extensions_mut().remove::<hyper::upgrade::OnUpgrade>().unwrap();
        tokio::spawn(async move { tell.send(take_back(upgrade.await.unwrap()).unwrap()).await });
        (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "ours")])
    };
    let config = ServeConfig { max_connections: 1, ..ServeConfig::default() };
    let routes = Router::new().route("/", get(|| async { "hello" })).route("/socket", get(upgrade));
    let addr = serve_here(routes, config, &life).await.unwrap();
    let house = House { addr, life, gate: Arc::new(Semaphore::new(0)) };
    let mut socket = house.call(&format!("{UPGRADE}and more")).await;
    assert!(up_to(&mut socket, "\r\n\r\n").await.starts_with("HTTP/1.1 101"));
    let taken = told.recv().await.unwrap();
    assert!(eventually(BOUND, || house.life.tasks_left() == ["http"]).await, "nothing of HTTP is left");
    assert_eq!(taken.read, "and more");
    assert!(house.ask_path("/").await.starts_with("HTTP/1.1 503"), "its place is taken as long as it is kept");
    std::io::Write::write_all(&mut &taken.stream, b"bytes!").unwrap();
    assert_eq!(up_to(&mut socket, "!").await, "bytes!");
    drop(taken);
    assert_eq!(rest(socket).await, "");
    assert!(house.ask_path("/").await.ends_with("hello"));
}

/// A short way to `/socket` for everybody without the header `x-long`; whoever is taken is told.
fn short_way(tell: mpsc::Sender<TakenBack>) -> ShortUpgrade {
    let enter = move |headers: &HeaderMap, _| {
        let tell = tell.clone();
        let answer = (StatusCode::SWITCHING_PROTOCOLS, [("upgrade", "websocket")]).into_response();
        (!headers.contains_key("x-long")).then(|| Entry {
            answer,
            take: Box::new(move |taken| tell.try_send(taken).unwrap_or_else(|_| panic!("nobody takes it"))),
        })
    };
    ShortUpgrade { path: "/socket", enter: Arc::new(enter) }
}

#[tokio::test]
async fn the_short_way_hands_over_the_stream_the_answer_and_what_was_read() {
    let (tell, mut told) = mpsc::channel(1);
    let routes = Router::new().route("/socket", get(|| async { "the long way" })).route("/", get(|| async { "hello" }));
    let life = Lifecycle::new();
    let config = ServeConfig { max_connections: 1, ..quick() };
    let served = Served { routes, short: ShortWays { upgrade: Some(short_way(tell)), refusal: None } };
    let addr = serve_here(served, config, &life).await.unwrap();
    let house = House { addr, life, gate: Arc::new(Semaphore::new(0)) };

    let sound = UPGRADE.replace("host: x", "host: x\r\nx-request-id: mine");
    let client = house.call(&format!("{sound}frames behind it")).await;
    let taken = timeout(BOUND, told.recv()).await.unwrap().unwrap();
    let answer = String::from_utf8(taken.unsent.to_vec()).unwrap();
    assert_eq!(answer, "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nx-request-id: mine\r\n\r\n");
    assert_eq!(&taken.read[..], b"frames behind it");
    assert!(eventually(BOUND, || house.connections() == 0).await, "nothing of the runtime stays with it");
    assert!(house.ask(KEPT).await.starts_with("HTTP/1.1 503"), "its place is kept");
    drop((taken, client));

    // Everything else is answered by the routes, whatever way it comes.
    let long =
        ["x-long: 1", "content-length: 0", "transfer-encoding: chunked", &format!("x-large: {}", "x".repeat(5000))];
    for header in long {
        let body = if header.starts_with("transfer") { "0\r\n\r\n" } else { "" };
        let request = format!("GET /socket HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n\r\n{body}");
        assert!(house.ask(&request).await.ends_with("the long way"), "{header}");
    }
    let post = "POST /socket HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(house.ask(post).await.starts_with("HTTP/1.1 405"));
    assert!(told.try_recv().is_err());
}

fn sold_out() -> Problem {
    Problem::new(StatusCode::CONFLICT, "sold_out", "every unit is sold")
}

/// A house that refuses every claim, by the short way unless the request says `x-long`.
async fn house_that_is_sold_out(config: ServeConfig) -> House {
    let prepared = Arc::new(Prepared::of(sold_out(), "/claims").unwrap());
    let long = HeaderName::from_static("x-long");
    let refuse = move |head: &Head<'_>| {
        let mine = head.path == "/claims" && head.all(&long).next().is_none();
        mine.then(|| prepared.clone())
    };
    let routes = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/claims", post(|_: axum::body::Bytes| async { sold_out() }));
    let (life, gate) = (Lifecycle::new(), Arc::new(Semaphore::new(0)));
    let short = ShortWays { upgrade: None, refusal: Some(ShortRefusal(Arc::new(refuse))) };
    let routes = kit::http::origin::guard(routes, OriginPolicy::default());
    let addr = serve_here(Served { routes, short }, config, &life).await.unwrap();
    House { addr, life, gate }
}

fn claim(headers: &str, body: &str) -> String {
    format!("POST /claims HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

/// The next answer: its status line, its headers in order of their names, and its body.
async fn answer(stream: &mut TcpStream) -> (String, BTreeMap<String, String>, String) {
    let head = up_to(stream, "\r\n\r\n").await;
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().unwrap().to_owned();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    let headers: BTreeMap<_, _> = lines.map(header).collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    timeout(BOUND, stream.read_exact(&mut body)).await.unwrap().unwrap();
    (status, headers, String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn a_short_refusal_is_the_same_answer_again_and_again_on_one_connection() {
    let house = house_that_is_sold_out(ServeConfig::default()).await;
    let mut both = vec![];
    for long in ["", "x-long: 1\r\n"] {
        let mut stream = house.call(&claim(&format!("x-request-id: mine\r\n{long}"), "{}")).await;
        let (status, mut headers, body) = answer(&mut stream).await;
        assert!(headers.remove("date").unwrap().ends_with(" GMT"));
        both.push((status, headers, body));
    }
    assert_eq!(both[0], both[1]);
    assert_eq!(both[0].1["x-request-id"], "mine");

    let mut stream = house.call(&claim("", "")).await;
    for connection in ["connection: keep-alive\r\n", "Connection: Keep-Alive\r\n", "origin: http://x\r\n"] {
        let (status, headers, body) = answer(&mut stream).await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status.as_str(), &body["code"]), ("HTTP/1.1 409 Conflict", &"sold_out".into()));
        assert_eq!(body["request_id"], headers["x-request-id"]);
        stream.write_all(claim(connection, "{}").as_bytes()).await.unwrap();
    }
    answer(&mut stream).await;
    // Whatever else it asks for is there, and after it the same again.
    stream.write_all(KEPT.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await.2, "hello");
    stream.write_all(claim("", "{}").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await.0, "HTTP/1.1 409 Conflict");
}

#[tokio::test]
async fn what_is_unusual_about_a_request_is_understood_by_the_routes() {
    let house = house_that_is_sold_out(quick()).await;
    let chunked = "POST /claims HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let closing = claim("connection: close\r\n", "{}");
    let old = closing.replace("HTTP/1.1", "HTTP/1.0");
    let large = claim("", &"x".repeat(5000));
    let expecting = claim("expect: 100-continue\r\n", "{}");
    for request in [chunked, &closing, &old, &large, &expecting] {
        let told = house.ask(request).await;
        assert!(told.contains("409 Conflict") && told.contains("sold_out"), "{request}: {told}");
    }
    assert!(house.ask(&closing).await.contains("connection: close"));
    let foreign = house.ask(&claim("origin: https://evil.example\r\n", "{}")).await;
    assert!(foreign.contains("foreign_origin"), "{foreign}");
    // Two at once, and one in two halves: each is answered once.
    let mut stream = house.call(&(claim("", "{}") + &claim("", "{}"))).await;
    answer(&mut stream).await;
    answer(&mut stream).await;
    let (mut halved, whole) = (house.call("").await, claim("", "{}"));
    for half in [&whole[..whole.len() - 1], &whole[whole.len() - 1..]] {
        halved.write_all(half.as_bytes()).await.unwrap();
        halved.flush().await.unwrap();
    }
    answer(&mut halved).await;
    assert_eq!(rest(halved).await, "", "and nothing more");
    // A length that two would read in two ways is nobody's.
    let twice = house.ask(&claim("content-length: 3\r\n", "{}")).await;
    assert!(twice.starts_with("HTTP/1.1 400"), "{twice}");
}

#[tokio::test]
async fn who_takes_no_refusal_or_says_nothing_more_is_cut() {
    let config = ServeConfig { write_timeout: Dur::of_ms(200), ..quick() };
    let house = house_that_is_sold_out(config).await;
    let mut idle = house.call(&claim("", "")).await;
    answer(&mut idle).await;
    assert_eq!(rest(idle).await, "");
    // One that asks for ever and never reads: its answers fill what the system keeps for it.
    let mut deaf = house.call("").await;
    let asking = async { while deaf.write_all(claim("", "").as_bytes()).await.is_ok() {} };
    timeout(BOUND, asking).await.expect("it is cut");
    assert!(eventually(BOUND, || house.connections() == 0).await);
}

#[tokio::test]
async fn a_soft_stop_lets_those_go_who_were_refused() {
    let house = house_that_is_sold_out(ServeConfig::default()).await;
    let mut idle = house.call(&claim("", "")).await;
    answer(&mut idle).await;
    assert!(house.life.stop(BOUND).await.is_empty());
    assert_eq!(rest(idle).await, "");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_so() {
    let house = open(ServeConfig { request_timeout: Dur::of_ms(50), ..ServeConfig::default() }).await;
    let answer = house.ask_path("/wait").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("timed_out"), "{answer}");
    let slow_body = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n123";
    // Read to the end of the connection: nobody waits for the rest any longer.
    let answer = house.ask(slow_body).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut() {
    let house = open(ServeConfig { write_timeout: Dur::of_ms(200), ..ServeConfig::default() }).await;
    let _never_reads = house.call("GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(eventually(BOUND, || house.connections() == 1).await);
    assert!(eventually(BOUND, || house.connections() == 0).await);
}

#[tokio::test]
async fn a_soft_stop_finishes_what_is_in_flight_and_lets_the_idle_go() {
    let house = open(ServeConfig::default()).await;
    let mut idle = house.call(KEPT).await;
    up_to(&mut idle, "hello").await;
    let waiting = house.call("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut socket = house.call(UPGRADE).await;
    up_to(&mut socket, "\r\n\r\n").await;
    assert!(eventually(BOUND, || house.connections() == 2).await);

    let life = house.life.clone();
    let stopping = tokio::spawn(async move { life.stop(BOUND).await });
    assert_eq!(rest(idle).await, "");
    assert!(TcpStream::connect(house.addr).await.is_err(), "the door is closed");
    assert!(!stopping.is_finished());
    house.gate.add_permits(1);
    let answer = rest(waiting).await;
    assert!(answer.ends_with("at last") && answer.contains("connection: close"), "{answer}");
    assert!(stopping.await.unwrap().is_empty());
    assert!(house.life.tasks_left().is_empty());
}

#[tokio::test]
async fn who_does_not_finish_in_time_is_cut_and_named() {
    let house = open(ServeConfig::default()).await;
    let waiting = house.call("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(eventually(BOUND, || house.connections() == 1).await);
    assert_eq!(house.life.stop(Duration::from_millis(100)).await, ["connection"]);
    assert_eq!(rest(waiting).await, "");
    assert!(house.life.tasks_left().is_empty());
}

#[tokio::test]
async fn a_forged_forwarded_for_is_not_believed() {
    for (trusted_hops, seen) in [(0, "127.0.0.1"), (1, "10.0.0.2"), (2, "203.0.113.5")] {
        let house = open(ServeConfig { trusted_hops, ..ServeConfig::default() }).await;
        let forwarded = "x-forwarded-for: 6.6.6.6, 203.0.113.5, 10.0.0.2";
        let answer =
            house.ask(&format!("GET /who HTTP/1.1\r\nhost: x\r\n{forwarded}\r\nconnection: close\r\n\r\n")).await;
        assert!(answer.ends_with(&format!("\r\n\r\n{seen}")), "{trusted_hops}: {answer}");
    }
}

#[tokio::test]
async fn a_taken_address_is_explained() {
    let first = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let error = bind(first.local_addr().unwrap()).unwrap_err();
    assert!(matches!(error, BindError::InUse(_)));
    let text = error.to_string();
    assert!(text.contains("is in use: stop the other process or choose another with --listen"), "{text}");
    assert!(matches!(bind("203.0.113.7:0".parse().unwrap()), Err(BindError::NotOurs(_))));
}
