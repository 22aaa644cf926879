//! A shop behind the counter in a temporary folder: a real journal, a clock moved by hand, and ears on bus and ledger.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

mod ports;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Request, header},
};
use general::Config;
use http_body_util::BodyExt;
use journal::Journal;
use kit::{
    clock::{SeedChance, TestClock},
    http::{ServeConfig, shell},
    lifecycle::Lifecycle,
    tokens::{Keys, Role},
};
use sale::{
    claim::{Claim, ClaimView, Command},
    ids::{SaleItemId, UserId},
    port::{
        clock::Clock,
        ledger::{Grant, Kind},
    },
    stores::Stores,
    time::UnixMs,
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tower::ServiceExt;
use uuid::Uuid;

pub use ports::Ears;

/// 2027-01-15T08:00:00Z.
pub const NOW: UnixMs = UnixMs(1_800_000_000_000);
pub const STAFF: UserId = UserId(Uuid::from_u128(1));
pub const BUYER: UserId = UserId(Uuid::from_u128(2));

pub struct House {
    pub clock: Arc<TestClock>,
    pub journal: Journal,
    pub keys: Arc<Keys>,
    pub ears: Arc<Ears>,
    pub stores: Stores,
    pub life: Lifecycle,
    app: Router,
    watch: tokio::sync::Mutex<SqliteConnection>,
    granted: std::sync::atomic::AtomicI64,
    _folder: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self
    }
}

impl House {
    pub async fn open() -> Self {
        Self::with(Config::default()).await
    }

    pub async fn with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("journal.db");
        let clock = Arc::new(TestClock::new(NOW));
        let journal = Journal::open(&file, clock.clone()).await.unwrap();
        journal.beat().await.unwrap();
        let keys = Arc::new(Keys::random(&SeedChance::new(1)));
        let ears = Arc::new(Ears::new(clock.clone()));
        let stores = ears.clone().stores(clock.clone());
        let life = Lifecycle::new();
        let routes = general::start(stores.clone(), journal.clone(), config, keys.clone(), life.clone())
            .merge(general::docs::router(general::openapi(), r#"{"info":{"title":"The socket"}}"#));
        let app = shell(routes, &ServeConfig::default());
        let watch = SqliteConnectOptions::new().filename(&file).read_only(true).connect().await.unwrap();
        let (watch, granted) = (tokio::sync::Mutex::new(watch), Default::default());
        Self { clock, journal, keys, ears, stores, life, app, watch, granted, _folder: folder }
    }

    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// Time passes, and the heart beats all the while.
    pub async fn pass(&self, ms: i64) {
        let mut left = ms;
        while left > 0 {
            let step = left.min(4_000);
            self.clock.advance(step);
            self.journal.beat().await.unwrap();
            left -= step;
        }
    }

    pub fn token(&self, user: UserId, role: Role) -> String {
        self.keys.access(user, role, self.now(), Duration::from_secs(1800))
    }
    pub fn staff(&self) -> String {
        self.token(STAFF, Role::Staff)
    }
    pub fn buyer(&self) -> String {
        self.token(BUYER, Role::Buyer)
    }

    pub async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string());
        self.send(method, path, token, body.as_deref(), [127, 0, 0, 1]).await
    }

    pub async fn send(&self, method: &str, path: &str, token: Option<&str>, body: Option<&str>, ip: [u8; 4]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let mut request = request.body(Body::from(body.unwrap_or_default().to_owned())).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((ip, 4711))));
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, body }
    }

    /// As staff; with an answer that must be good.
    pub async fn lead(&self, method: &str, path: &str, body: Value) -> Value {
        // Staff in a test are quicker than people: let their bucket fill again.
        self.pass(200).await;
        let answer = self.ask(method, path, Some(&self.staff()), Some(body)).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.text);
        answer.body
    }

    pub async fn verb(&self, sale: &Value, verb: &str, body: Value) -> Answer {
        self.pass(200).await;
        let path = format!("/api/v1/admin/sales/{}/{verb}", sale["id"].as_str().unwrap());
        self.ask("POST", &path, Some(&self.staff()), Some(body)).await
    }

    /// A sale that has just opened.
    pub async fn open_sale(&self, allotment: u32) -> Value {
        let plan = self.plan(0, 7200, json!({"allotment": allotment, "hold_s": 600}));
        self.lead("POST", "/api/v1/admin/sales", plan).await
    }

    /// A plan of one item that opens and closes so many seconds from now.
    pub fn plan(&self, opens_in_s: i64, closes_in_s: i64, more: Value) -> Value {
        let at = |s| kit::instant::to_rfc3339(self.now().plus_s(s));
        let mut item = json!({
            "product": {"name": "Console", "description": "Plays games.", "image_url": "/static/img/console.svg"},
            "price": {"amount_minor": 200000, "currency": "TWD"},
            "allotment": 10
        });
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"title": "Morning sale", "opens_at": at(opens_in_s), "closes_at": at(closes_in_s), "items": [item]})
    }

    /// A new buyer's claim, granted as the ledger would, and decided.
    pub async fn claim(&self, sale: &Value, n: u128) -> ClaimView {
        let item = item_of(sale);
        let claim = Claim::new(item, UserId(Uuid::from_u128(n)), 1, 1, self.now());
        let levels = self.journal.levels(item).await.unwrap().unwrap();
        let grant = if levels.units.available() > 0 {
            Grant::Granted { kind: Kind::Units, first: levels.units.granted + 1, quantity: 1 }
        } else {
            Grant::Granted { kind: Kind::Places, first: levels.places.granted + 1, quantity: 1 }
        };
        let batch = [(Command::Claim(claim.clone()), grant)];
        self.journal.ratify(item, levels.epoch, &batch).await.unwrap();
        self.journal.claim(claim.id).await.unwrap().unwrap()
    }

    /// Changes with every commit that anybody made.
    pub async fn commits(&self) -> i64 {
        let mut watch = self.watch.lock().await;
        sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *watch).await.unwrap()
    }

    pub async fn close(self) {
        assert_eq!(self.life.stop(Duration::from_secs(5)).await, Vec::<&str>::new());
        self.watch.into_inner().close().await.unwrap();
        self.journal.close().await;
    }
}

pub fn item_of(sale: &Value) -> SaleItemId {
    sale["items"][0]["id"].as_str().unwrap().parse().unwrap()
}
