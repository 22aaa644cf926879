//! The short way to a refusal: nobody can tell it from the long one. Alone in its process, because it counts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use std::sync::Arc;

use contract::embedded::MemoryLimiter;
use house::{House, Planned, buyer, quick, raw, until};
use kit::clock::TestClock;
use sale::{
    ids::{SaleItemId, UserId},
    stores::Stores,
    time::UnixMs,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What comes back for the same claim by the short way, by hyper after something that was not refused, and, because the
/// connection is to end, by the routes; without what differs from one request to the next.
async fn three_ways(house: &House, who: UserId, item: SaleItemId) -> [String; 3] {
    let mut told = [String::new(), String::new(), String::new()];
    let ways = [("", "keep-alive"), ("GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n", "keep-alive"), ("", "close")];
    for (told, (before, connection)) in told.iter_mut().zip(ways) {
        let token = house.token(who);
        let request = format!(
            "POST /api/v1/sale-items/{item}/claims HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             x-request-id: mine\r\nconnection: {connection}\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let mut stream = TcpStream::connect(house.addr).await.unwrap();
        let mut text = String::new();
        for asked in [before, &request].into_iter().filter(|asked| !asked.is_empty()) {
            stream.write_all(asked.as_bytes()).await.unwrap();
            text = raw::answer(&mut stream).await;
        }
        let mut lines: Vec<&str> = text.split("\r\n").filter(|line| !line.starts_with("date: ")).collect();
        lines.retain(|line| *line != "connection: close");
        lines.sort_unstable();
        *told = lines.join("\n");
    }
    told
}

#[tokio::test]
async fn a_refusal_says_the_same_by_either_way_and_is_counted_alike() {
    kit::telemetry::metrics_handle();
    let mut config = quick();
    config.accept.claims_burst = 3;
    // No token comes back here: who is too fast is told to wait as long by either way.
    let still = Arc::new(TestClock::new(UnixMs(1_800_000_000_000)));
    let limiter = Arc::new(MemoryLimiter::new(still, 10_000));
    let house = House::with(config, |stores| Stores { limiter, ..stores }).await;
    let (_, held) = house.plan(Planned { allotment: 1, standby_limit: 0, ..Planned::default() }).await;
    let (_, soon) = house.plan(Planned { opens_in_ms: 60_000, ..Planned::default() }).await;
    until("the item is known", || async { house.claim_one(buyer(), held).await.status == 202 }).await;
    house.decide_and_tell().await;
    until("the gate shuts", || async { house.claim_one(buyer(), held).await.told() == (409, "all_held") }).await;
    until("the other is known", || async { house.claim_one(buyer(), soon).await.told() == (403, "not_open") }).await;
    let (_, open) = house.plan(Planned::default()).await;
    until("the third is known", || async { house.claim_one(buyer(), open).await.status == 202 }).await;
    let robot = buyer();
    for _ in 0..3 {
        let told = house.claim(robot, open, json!({"quantity": 9})).await;
        assert_eq!(told.told(), (422, "limit_reached"), "that took a token and is no claim");
    }
    let nowhere = SaleItemId(uuid::Uuid::from_u128(7));
    let counted = |name: &str, labels: &str| {
        let text = kit::telemetry::render_metrics();
        let line =
            text.lines().find(|line| line.starts_with(name) && line.contains(labels)).unwrap_or("x 0").to_owned();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let cases = [
        (buyer(), held, "all_held", 409),
        (buyer(), soon, "not_open", 403),
        (buyer(), nowhere, "not_found", 404),
        (robot, open, "too_fast", 429),
    ];
    for (who, item, code, status) in cases {
        let refused = || counted("claims_refused_total{door=\"http\"", &format!("code=\"{code}\""));
        let answered = || {
            counted("http_requests_total", &format!("route=\"/api/v1/sale-items/{{id}}/claims\",status=\"{status}\""))
        };
        let timed = || counted("http_request_seconds_count", "route=\"/api/v1/sale-items/{id}/claims\"");
        let before = (refused(), answered(), timed());
        let [short, shortened, long] = three_ways(&house, who, item).await;
        assert_eq!([&short, &shortened], [&long; 2]);
        assert!(short.contains(&format!("\"code\":\"{code}\"")), "{short}");
        // The long one alone is timed.
        assert_eq!((refused(), answered(), timed()), (before.0 + 3.0, before.1 + 3.0, before.2 + 1.0), "{code}");
    }
    // A request in pieces is refused once, and by hyper.
    let all_held = || counted("claims_refused_total{door=\"http\"", "code=\"all_held\"");
    let (before, token) = (all_held(), house.token(buyer()));
    let mut stream = TcpStream::connect(house.addr).await.unwrap();
    let head = format!(
        "POST /api/v1/sale-items/{held}/claims HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 2\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let told = raw::answer(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 409"), "{told}");
    assert_eq!(all_held(), before + 1.0);
    // Who is not signed in is told so, whatever is left.
    let mut stream = TcpStream::connect(house.addr).await.unwrap();
    let stranger = format!("POST /api/v1/sale-items/{held}/claims HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(stranger.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 401"), "{told}");
    house.close().await;
}
