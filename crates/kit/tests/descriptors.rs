//! What the server does when the process may open no more files. Alone in its process, because the limit is everybody's.

#![allow(clippy::unwrap_used)]

use std::{
    net::{SocketAddr, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use kit::{
    http::ServeConfig,
    lifecycle::Lifecycle,
    telemetry::render_metrics,
    testing::{eventually, serve_here},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BOUND: Duration = Duration::from_secs(10);

#[test]
fn a_server_out_of_file_descriptors_waits_and_goes_on() {
    let inner = "ulimit -n 64 && exec \"$0\" --ignored --exact without_descriptors";
    let ran = Command::new("sh").arg("-c").arg(inner).arg(std::env::current_exe().unwrap()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}

#[tokio::test]
#[ignore = "the other test runs it, under a limit"]
async fn without_descriptors() {
    render_metrics();
    let life = Lifecycle::new();
    let routes = Router::new().route("/", get(|| async { "hello" }));
    let addr = serve_here(routes, ServeConfig::default(), &life).await.unwrap();
    let mut crowd = fill_up(addr);
    assert!(crowd.len() > 10, "the limit left room for a crowd");
    let since = Instant::now();
    assert!(eventually(BOUND, || accept_errors() >= 6).await, "the door is stuck");
    // The pauses double from 10 ms: five of them are 310 ms.
    assert!(since.elapsed() > Duration::from_millis(250), "tried again at once, over and over");
    crowd.clear();
    assert!(eventually(BOUND, || life.tasks_left() == ["http"]).await);
    assert!(ask(addr).await.ends_with("hello"));
}

/// As many connections as this process may open; the kernel accepts them, the server has no descriptor left for them.
fn fill_up(addr: SocketAddr) -> Vec<TcpStream> {
    std::iter::repeat_with(|| TcpStream::connect(addr)).take(1000).map_while(Result::ok).collect()
}

fn accept_errors() -> u32 {
    let text = render_metrics();
    let line = text.lines().find(|line| line.starts_with("http_accept_errors_total "));
    line.and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0)
}

async fn ask(addr: SocketAddr) -> String {
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}
