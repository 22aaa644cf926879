//! A shop with a till: a real journal and the sandbox provider in a temporary folder, under a clock moved by hand.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

#[path = "../house/ports.rs"]
mod ports;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Request, header},
};
use contract::embedded::{
    SandboxConfig, SandboxPayments,
    pay::{Entry, read_record},
};
use general::{
    Config, Shop,
    checkout::{self, Refusal, Till, capture_once, pay, reconcile, sweep_once},
};
use http_body_util::BodyExt;
use journal::{
    Journal,
    account::{Account, NewSession, Role as AccountRole},
    checkout::{PayAsk, Stored},
    outbox,
    staff::{Plan, PlannedItem, PlannedProduct},
};
use kit::{
    clock::{SeedChance, TestClock},
    config::Dur,
    http::{ServeConfig, shell},
    lifecycle::Lifecycle,
    tokens::{Keys, Pass, Role},
};
use sale::{
    claim::{Claim, ClaimState, ClaimView, Command},
    ids::{ClaimId, ProductId, SaleId, SaleItemId, UserId},
    money::Money,
    order::{Order, Shipping},
    port::{
        clock::Clock,
        ledger::{Grant, Kind},
        payments::{PaymentKey, PaymentState},
    },
    sale::Product,
    time::UnixMs,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt;
use uuid::Uuid;

pub use ports::Ears;

/// 2027-01-15T08:00:00Z.
pub const NOW: UnixMs = UnixMs(1_800_000_000_000);
pub const ITEM: SaleItemId = SaleItemId(Uuid::from_u128(0x17e0));
pub const SALE: SaleId = SaleId(Uuid::from_u128(0x5a1e));
const STAFF: UserId = UserId(Uuid::from_u128(1));
pub const HOLD_MS: i64 = 20_000;

pub struct House {
    pub clock: Arc<TestClock>,
    pub journal: Journal,
    pub bank: Arc<SandboxPayments>,
    pub ears: Arc<Ears>,
    pub keys: Arc<Keys>,
    pub shop: Shop,
    pub till: Till,
    pub poked: tokio::sync::Mutex<mpsc::Receiver<PaymentKey>>,
    pub life: Lifecycle,
    record: PathBuf,
    _folder: tempfile::TempDir,
}

/// What came back over HTTP.
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
}

pub fn price() -> Money {
    Money { amount_minor: 200_000, currency: "TWD".parse().unwrap() }
}

pub fn shipping() -> Shipping {
    Shipping { name: "小明".into(), phone: "0912 345 678".into(), address: "台北市信義路 1 號".into() }
}

impl House {
    pub async fn open(allotment: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::new(NOW));
        let journal = Journal::open(&folder.path().join("journal.db"), clock.clone()).await.unwrap();
        journal.beat().await.unwrap();
        let record = folder.path().join("payments.jsonl");
        let ms = Duration::from_millis;
        let bank = SandboxConfig { record: record.clone(), silence: ms(5), webhook_late: ms(20) };
        let bank = Arc::new(SandboxPayments::open(bank, clock.clone()).unwrap());
        let ears = Arc::new(Ears::new(clock.clone()));
        let mut stores = ears.clone().stores(clock.clone());
        stores.payments = bank.clone();
        let keys = Arc::new(Keys::random(&SeedChance::new(1)));
        let shop = Shop::new(stores, journal.clone(), config(), keys.clone());
        let life = Lifecycle::new();
        let (till, poked) = Till::new(&shop, life.clone());
        let poked = tokio::sync::Mutex::new(poked);
        let house = Self { clock, journal, bank, ears, keys, shop, till, poked, life, record, _folder: folder };
        house.plan(allotment).await;
        house
    }

    async fn plan(&self, allotment: u32) {
        let product = Product {
            id: ProductId(Uuid::from_u128(0x90d)),
            name: "Console".into(),
            description: "Plays games.".into(),
            image_url: "/static/img/console.svg".into(),
        };
        let item = PlannedItem {
            id: ITEM,
            product: PlannedProduct::New(product),
            price: price(),
            list_price: None,
            allotment,
            purchase_limit: 3,
            hold_s: (HOLD_MS / 1000) as u32,
            standby_limit: 0,
            question: None,
        };
        let plan = Plan {
            id: SALE,
            title: "Morning sale".into(),
            draft: false,
            waiting_room_opens_at: None,
            opens_at: NOW,
            closes_at: NOW.plus_s(86_400),
            items: vec![item],
            repeats: None,
        };
        self.journal.plan(STAFF, plan).await.unwrap();
    }

    /// A new buyer with an account who holds one unit.
    pub async fn buyer(&self, n: u128) -> ClaimView {
        let id = UserId(Uuid::from_u128(0xb000 + n));
        let account = Account {
            id,
            email: format!("buyer{n}@example.com"),
            name: format!("Buyer {n}"),
            role: AccountRole::Buyer,
        };
        let mut token_hash = [0; 32];
        token_hash[..16].copy_from_slice(id.0.as_bytes());
        let session = NewSession { token_hash, family_id: id.0, expires_at: NOW.plus_s(3600) };
        self.journal.sign_up(&account, "no hash", session).await.unwrap();
        self.claim(id, 1).await
    }

    pub async fn claim(&self, buyer: UserId, attempt: u32) -> ClaimView {
        let claim = Claim::new(ITEM, buyer, attempt, 1, self.clock.now());
        let levels = self.journal.levels(ITEM).await.unwrap().unwrap();
        let grant = Grant::Granted { kind: Kind::Units, first: levels.units.granted + 1, quantity: 1 };
        self.journal.ratify(ITEM, levels.epoch, &[(Command::Claim(claim.clone()), grant)]).await.unwrap();
        let view = self.journal.claim(claim.id).await.unwrap().unwrap();
        assert_eq!(view.state, ClaimState::Held);
        view
    }

    pub async fn state(&self, claim: ClaimId) -> ClaimState {
        self.journal.claim(claim).await.unwrap().unwrap().state
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

    pub fn ask(&self, claim: &ClaimView, key: &str) -> PayAsk {
        let (buyer, claim_id) = (claim.buyer_id, claim.claim_id);
        let mut body_hash = [7; 32];
        body_hash[..16].copy_from_slice(claim_id.0.as_bytes());
        PayAsk {
            buyer,
            claim_id,
            route: "checkout",
            key: key.to_owned(),
            body_hash,
            shipping: shipping(),
            language: None,
        }
    }

    pub async fn pay(&self, claim: &ClaimView, key: &str, token: &str) -> Result<Stored, Refusal> {
        pay(&self.shop, &self.till, &self.ask(claim, key), token).await
    }

    pub async fn order(&self, claim: &ClaimView) -> Option<Order> {
        let orders = self.journal.orders_of(claim.buyer_id, None, 100).await.unwrap();
        orders.into_iter().find(|order| order.claim_id == claim.claim_id)
    }

    /// Looks into everything that was poked.
    pub async fn pokes(&self) {
        let mut poked = self.poked.lock().await;
        while let Ok(key) = poked.try_recv() {
            reconcile(&self.shop, key, true).await.unwrap();
        }
    }

    /// Everything that works unasked, until nothing is left to do; time passes meanwhile.
    pub async fn rest(&self) {
        self.bank.cut(false);
        for _ in 0..60 {
            self.pokes().await;
            sweep_once(&self.shop).await.unwrap();
            checkout::Walk::from(UnixMs(0)).go_on(&self.shop).await;
            while capture_once(&self.shop).await.unwrap() {}
            self.journal.sweep(ITEM).await.unwrap();
            let open = self.journal.payments_open(self.clock.now(), None, 10).await.unwrap();
            let captures = self.journal.outbox_waiting(outbox::CAPTURE).await.unwrap();
            let item = &self.journal.sale(SALE).await.unwrap().unwrap().items[0].stock.clone();
            if open.is_empty() && captures == 0 && item.held == 0 {
                return;
            }
            self.pass(5_000).await;
        }
        panic!("never came to rest");
    }

    /// The provider's record by payment.
    pub fn record(&self) -> BTreeMap<(ClaimId, u32), Vec<Entry>> {
        let mut all: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
        for entry in read_record(&self.record).unwrap() {
            all.entry((entry.claim_id, entry.attempt)).or_default().push(entry);
        }
        all
    }

    pub fn events(&self, claim: &ClaimView, attempt: u32) -> Vec<PaymentState> {
        let record = self.record();
        record.get(&(claim.claim_id, attempt)).into_iter().flatten().map(|entry| entry.event).collect()
    }

    /// Money equals goods: a paid order if and only if exactly one capture of exactly its amount; nothing left in between.
    pub async fn audit(&self, claims: &[ClaimView]) {
        let record = self.record();
        for claim in claims {
            let mine = || record.iter().filter(|((id, _), _)| *id == claim.claim_id).flat_map(|(_, entries)| entries);
            let captures: Vec<i64> =
                mine().filter(|e| e.event == PaymentState::Captured).map(|e| e.amount_minor).collect();
            let order = self.order(claim).await;
            let goods: Vec<i64> = order.iter().map(|order| order.total.amount_minor).collect();
            assert_eq!(captures, goods, "money and goods of {}: {:?}", claim.claim_id, mine().collect::<Vec<_>>());
            let paid = self.state(claim.claim_id).await == ClaimState::Paid;
            assert_eq!(paid, order.is_some());
        }
        for (key, entries) in &record {
            let last = entries.last().unwrap().event;
            let over = !matches!(last, PaymentState::Created | PaymentState::Authorised);
            assert!(over, "{key:?} was left {last:?}");
        }
    }

    /// The shop's routes, with everything that works unasked.
    pub fn app(&self) -> Router {
        let (stores, keys) = (self.shop.stores.clone(), self.keys.clone());
        let app = general::start(stores, self.journal.clone(), config(), keys, self.life.clone());
        shell(app, &ServeConfig::default())
    }

    pub fn pass_of(&self, claim: &ClaimView, generation: i64) -> String {
        let pass = Pass {
            buyer_id: claim.buyer_id,
            claim_id: claim.claim_id,
            sale_item_id: claim.sale_item_id,
            quantity: claim.quantity,
            // Whatever a pass says of money, the sale's price counts.
            amount: Money { amount_minor: 1, ..price() },
            generation,
            deadline: claim.deadline.unwrap(),
        };
        self.keys.pass(pass, self.clock.now())
    }

    pub fn body(&self, claim: &ClaimView, token: &str) -> Value {
        json!({
            "purchase_pass": self.pass_of(claim, 1),
            "payment": {"method": "sandbox", "token": token},
            "shipping": shipping(),
        })
    }

    pub async fn post(&self, app: &Router, user: UserId, key: Option<&str>, body: &Value) -> Answer {
        let mut request = Request::post("/api/v1/checkout")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_LANGUAGE, "fr;q=0.9, zh-TW;q=0.8, en;q=0.5");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(app, user, request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn get(&self, app: &Router, user: UserId, path: &str) -> Answer {
        self.send(app, user, Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn send(&self, app: &Router, user: UserId, mut request: Request<Body>) -> Answer {
        let token = self.keys.access(user, Role::Buyer, self.clock.now(), Duration::from_secs(1800));
        request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 4711))));
        let response = app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, body }
    }
}

fn config() -> Config {
    let mut config = Config::default();
    config.checkout.authorise_wait = Dur::of_ms(400);
    config.checkout.provider_wait = Dur::of_ms(400);
    config.checkout.reconcile_every = Dur::of_ms(20);
    config.checkout.capture_every = Dur::of_ms(20);
    config
}

/// Polls a future that often, then drops it: a process that dies there.
pub async fn die_after<T>(polls: u32, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut left = polls;
    std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
        std::task::Poll::Ready(done) => std::task::Poll::Ready(Some(done)),
        std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(None),
        std::task::Poll::Pending => {
            left -= 1;
            std::task::Poll::Pending
        }
    })
    .await
}
