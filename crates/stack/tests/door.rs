//! The door: which request goes to whom, what is not repeated, and what a browser gets without anybody behind it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use stack::{
    Parts, Stack,
    nginx::{Nginx, Upstreams},
};

fn open(name: &str) -> (Stack, Nginx, SocketAddr) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/stack/of-tests").join(name);
    let stack = Stack::start(&folder, Parts { nginx: true, ..Parts::NONE }).unwrap();
    let nginx = stack.nginx().unwrap();
    let at = nginx.plan().unwrap().listen;
    (stack, nginx, at)
}

/// An upstream that answers every request with these bytes after its head, or hangs up where there are none.
struct Upstream {
    addr: SocketAddr,
    heard: Arc<AtomicUsize>,
}

impl Upstream {
    fn new(name: &'static str, answers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, heard) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = heard.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let count = count.clone();
                thread::spawn(move || serve(stream.unwrap(), name, answers, &count));
            }
        });
        Self { addr, heard }
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

/// Tells who it is and what it was told of the client.
fn serve(stream: TcpStream, name: &str, answers: bool, heard: &AtomicUsize) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = vec![];
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    heard.fetch_add(1, Ordering::SeqCst);
    if !answers {
        return;
    }
    let seen = |name: &str| head.iter().find(|line| line.to_ascii_lowercase().starts_with(name)).cloned();
    let words = ["x-forwarded-for", "host", "upgrade", "connection"].map(|name| seen(name).unwrap_or_default());
    let body = format!("{name}\n{}\n", words.join("\n"));
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    let _ = (&stream).write_all(answer.as_bytes());
}

fn ask(at: SocketAddr, method: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{length}{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_else(|_| panic!("no answer: {answer:?}"))
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    head.lines()
        .find_map(|line| Some(line.split_once(": ")?).filter(|(n, _)| n.eq_ignore_ascii_case(name)))
        .map(|h| h.1)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[test]
fn every_request_goes_to_the_role_that_answers_it() {
    let (_stack, nginx, at) = open("routes");
    let [publisher, consumer, general] = ["publisher", "consumer", "general"].map(|name| Upstream::new(name, true));
    let to = |upstream: &Upstream| vec![upstream.addr];
    nginx.route(Upstreams { publisher: to(&publisher), consumer: to(&consumer), general: to(&general) }).unwrap();
    for (method, path, role) in [
        ("GET", "/api/v1/live", "publisher"),
        ("POST", "/api/v1/sale-items/0198-a/claims", "publisher"),
        ("GET", "/api/v1/sale-items/0198-a/claims", "general"),
        ("POST", "/api/v1/sale-items/0198-a/claims/x", "general"),
        ("GET", "/api/v1/me/claims", "consumer"),
        ("GET", "/api/v1/me/claims?since=1", "consumer"),
        ("DELETE", "/api/v1/me/claims/0198-a", "consumer"),
        ("GET", "/api/v1/me/orders", "general"),
        ("POST", "/api/v1/checkout", "general"),
        ("GET", "/docs/openapi.json", "general"),
    ] {
        let answer = ask(at, method, path, "");
        assert!(body(&answer).contains(&format!("{role}\n")), "{method} {path}: {answer}");
    }
    for path in ["/metrics", "/readyz", "/mailbox", "/admin", "/static/package.json", "/static/test/clock.test.js"] {
        assert_eq!(status(&ask(at, "GET", path, "")), 404, "{path}");
    }
    let spoofed = ask(at, "GET", "/api/v1/sales", "X-Forwarded-For: 203.0.113.9\r\n");
    assert!(body(&spoofed).contains("X-Forwarded-For: 203.0.113.9, 127.0.0.1\n"), "one hop from the right: {spoofed}");
    let socket = ask(at, "GET", "/api/v1/live", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    assert!(body(&socket).contains("Upgrade: websocket\nConnection: upgrade\n"), "{socket}");
}

#[test]
fn a_socket_goes_through_in_both_directions() {
    let (_stack, nginx, at) = open("socket");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let echo = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        read_head(&mut stream);
        stream.write_all(UPGRADED).unwrap();
        let mut frame = [0; 4];
        while stream.read_exact(&mut frame).is_ok() {
            stream.write_all(&frame).unwrap();
        }
    });
    nginx.route(Upstreams { publisher: vec![addr], ..Upstreams::default() }).unwrap();
    let mut buyer = TcpStream::connect(at).unwrap();
    buyer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    buyer
        .write_all(b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        .unwrap();
    assert!(read_head(&mut buyer).starts_with("HTTP/1.1 101 "));
    for frame in [b"tick", b"tock"] {
        buyer.write_all(frame).unwrap();
        let mut back = [0; 4];
        buyer.read_exact(&mut back).unwrap();
        assert_eq!(&back, frame);
    }
    drop(buyer);
    echo.join().unwrap();
}

const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// Byte by byte, so that nothing of what follows is swallowed.
fn read_head(stream: &mut TcpStream) -> String {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn a_claim_that_may_have_arrived_is_not_sent_again() {
    let (_stack, nginx, at) = open("repeat");
    let dying = [Upstream::new("one", false), Upstream::new("two", false)];
    let both: Vec<SocketAddr> = dying.iter().map(|upstream| upstream.addr).collect();
    let heard = || dying.iter().map(Upstream::heard).sum::<usize>();
    let upstreams = Upstreams { publisher: both.clone(), general: both, ..Upstreams::default() };
    nginx.route(upstreams).unwrap();

    let answer = ask(at, "POST", "/api/v1/sale-items/0198-a/claims", "");
    assert_eq!((status(&answer), heard()), (503, 1), "{answer}");
    assert_eq!(header(&answer, "Retry-After"), Some("2"));
    assert_eq!(header(&answer, "Content-Type"), Some("application/problem+json"));
    assert!(body(&answer).contains("\"code\":\"unavailable\""), "{answer}");

    let answer = ask(at, "GET", "/api/v1/sales", "");
    assert_eq!((status(&answer), heard()), (503, 3), "a question may be asked twice: {answer}");
}

#[test]
fn a_claim_whose_door_is_shut_goes_to_the_next() {
    let (_stack, nginx, at) = open("next");
    let shut = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let open = Upstream::new("open", true);
    nginx.route(Upstreams { publisher: vec![shut, open.addr], ..Upstreams::default() }).unwrap();
    for _ in 0..4 {
        let answer = ask(at, "POST", "/api/v1/sale-items/0198-a/claims", "");
        assert_eq!(status(&answer), 200, "nothing was sent to the shut door: {answer}");
    }
    assert_eq!(open.heard(), 4);
}

#[test]
fn who_comes_too_often_is_turned_back_and_told_when_to_come_again() {
    let (_stack, nginx, at) = open("rate");
    let general = Upstream::new("general", true);
    nginx
        .change(|plan| {
            (plan.rate_per_s, plan.burst) = (1, 3);
            plan.upstreams.general = vec![general.addr];
        })
        .unwrap();
    let answers: Vec<String> = (0..8).map(|_| ask(at, "GET", "/api/v1/sales", "")).collect();
    let refused: Vec<&String> = answers.iter().filter(|answer| status(answer) == 429).collect();
    assert!(refused.len() >= 3 && general.heard() >= 4, "{answers:?}");
    assert_eq!(header(refused[0], "Retry-After"), Some("1"));
    assert!(body(refused[0]).contains("\"code\":\"too_many_requests\""));
    assert_eq!(status(&ask(at, "GET", "/", "")), 200, "pages are no work");
}

#[test]
fn pages_come_as_from_the_one_process() {
    let (_stack, _nginx, at) = open("pages");
    for (path, holds) in [
        ("/", "home"),
        ("/sale/7", "sale"),
        ("/checkout/7", "checkout"),
        ("/orders", "orders"),
        ("/orders/7", "order"),
        ("/account", "account"),
        ("/console", "console"),
        ("/docs", "docs"),
    ] {
        let answer = ask(at, "GET", path, "");
        assert_eq!(status(&answer), 200, "{path}");
        assert_eq!(header(&answer, "Content-Type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(header(&answer, "Cache-Control"), Some("public, max-age=0, must-revalidate"), "{path}");
        assert!(header(&answer, "Content-Security-Policy").unwrap().starts_with("default-src 'none'"), "{path}");
        assert_eq!(header(&answer, "X-Frame-Options"), Some("DENY"), "{path}");
        let page = std::fs::read_to_string(format!("{}/../../static/pages/{holds}.html", env!("CARGO_MANIFEST_DIR")));
        assert_eq!(body(&answer), page.unwrap(), "{path}");
        let tag = header(&answer, "ETag").unwrap();
        assert_eq!(status(&ask(at, "GET", path, &format!("If-None-Match: {tag}\r\n"))), 304, "{path}");
    }
    for (path, kind) in [
        ("/static/js/home.js", "text/javascript; charset=utf-8"),
        ("/static/css/base.css", "text/css; charset=utf-8"),
        ("/static/img/logo.svg", "image/svg+xml"),
    ] {
        let answer = ask(at, "GET", path, "");
        assert_eq!((status(&answer), header(&answer, "Content-Type")), (200, Some(kind)), "{path}");
        assert_eq!(header(&answer, "X-Content-Type-Options"), Some("nosniff"), "{path}");
        assert_eq!(header(&answer, "Content-Security-Policy"), None, "{path}");
    }
}

#[test]
fn a_person_gets_a_page_and_a_program_a_problem_where_there_is_nothing() {
    let (_stack, _nginx, at) = open("missing");
    let person = ask(at, "GET", "/nowhere", "Accept: text/html\r\n");
    assert_eq!((status(&person), header(&person, "Content-Type")), (404, Some("text/html; charset=utf-8")));
    assert!(header(&person, "Content-Security-Policy").is_some());
    for program in [ask(at, "GET", "/nowhere", ""), ask(at, "POST", "/nowhere", "Accept: text/html\r\n")] {
        assert_eq!((status(&program), header(&program, "Content-Type")), (404, Some("application/problem+json")));
        assert!(body(&program).contains("\"code\":\"not_found\""), "{program}");
        assert!(header(&program, "X-Request-Id").is_some_and(|id| body(&program).contains(id)), "{program}");
    }
    assert_eq!(status(&ask(at, "POST", "/", "")), 405);
    let nobody = ask(at, "GET", "/api/v1/sales", "");
    assert_eq!(status(&nobody), 503, "nobody stands behind this door: {nobody}");
}
