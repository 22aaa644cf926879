//! A journal of its own on the running PostgreSQL: one schema a test, seen through two handles, as two processes see it.

use std::{sync::Arc, time::Duration};

use contract::fresh;
use journal::{
    Journal, PgConfig,
    account::{Account, NewSession, Role},
    checkout::{Begun, PayAsk, Started},
    claim::{Ratified, RatifyError},
    staff::{Plan, PlannedItem, PlannedProduct},
};
use kit::clock::TestClock;
use sale::{
    claim::{Claim, ClaimView, Command},
    ids::{ClaimId, SaleId, SaleItemId, UserId, claim_id},
    money::Money,
    order::Shipping,
    port::ledger::Grant,
    sale::Product,
    time::UnixMs,
    verdict::{self, Record},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinHandle;

pub use contract::histories::Papers;

pub const START: UnixMs = UnixMs(1_800_000_000_000);

pub struct House {
    /// One process's handle, and another's.
    pub a: Journal,
    pub b: Journal,
    pub config: PgConfig,
    schema: String,
}

/// What is sold.
#[derive(Clone, Copy)]
pub struct Terms {
    pub items: usize,
    pub allotment: u32,
    pub purchase_limit: u32,
    pub hold_s: u32,
    pub standby_limit: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self { items: 1, allotment: 10, purchase_limit: 1, hold_s: 600, standby_limit: 10 }
    }
}

/// One open sale.
#[derive(Clone)]
pub struct Fair {
    pub sale: SaleId,
    pub items: Vec<SaleItemId>,
    pub staff: UserId,
}

impl Fair {
    pub fn item(&self) -> SaleItemId {
        self.items[0]
    }
}

/// An empty schema, and a configuration that sees nothing else.
pub async fn empty_schema() -> (String, PgConfig) {
    let running = stack::Running::from_env().unwrap();
    let schema = format!("t_{}", fresh::uuid().simple());
    execute(&running.postgres, format!("CREATE SCHEMA {schema}")).await;
    let of = |url: &str| format!("{url}?options=-c%20search_path%3D{schema}");
    let mut config = PgConfig::new(of(&running.postgres));
    config.replica = Some(of(&running.postgres_replica));
    // As patient as a machine needs that runs everything at once.
    config.lock_timeout = Duration::from_secs(10);
    config.acquire_wait = Duration::from_secs(10);
    config.application_name = schema.clone();
    (schema, config)
}

pub async fn drop_schema(schema: &str) {
    let running = stack::Running::from_env().unwrap();
    execute(&running.postgres, format!("DROP SCHEMA {schema} CASCADE")).await;
}

async fn execute(url: &str, sql: String) {
    let mut db = PgConnection::connect(url).await.expect("the running PostgreSQL");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

impl House {
    /// On the server's own clock.
    pub async fn new() -> Self {
        let (schema, config) = empty_schema().await;
        let a = Journal::connect(&config).await.unwrap();
        let b = Journal::connect(&config).await.unwrap();
        a.beat().await.unwrap();
        Self { a, b, config, schema }
    }

    /// On a clock moved by hand, the same for both.
    pub async fn with_clock() -> (Self, Arc<TestClock>) {
        let (house, clock) = Self::before_the_first_beat(START).await;
        house.a.beat().await.unwrap();
        (house, clock)
    }

    /// The same, where nobody has looked at the clock yet.
    pub async fn before_the_first_beat(now: UnixMs) -> (Self, Arc<TestClock>) {
        let (schema, config) = empty_schema().await;
        let clock = Arc::new(TestClock::new(now));
        let a = Journal::connect_with_clock(&config, clock.clone()).await.unwrap();
        let b = Journal::connect_with_clock(&config, clock.clone()).await.unwrap();
        (Self { a, b, config, schema }, clock)
    }

    /// Time passes by hand, and the heart beats all the while: nobody takes it for a clock that stood still.
    pub async fn pass(&self, clock: &TestClock, ms: i64) {
        let mut left = ms;
        while left > 0 {
            let step = left.min(4_000);
            clock.advance(step);
            assert_eq!(self.a.beat().await.unwrap().shifted_ms, 0);
            left -= step;
        }
    }

    /// A connection of its own, for what no verb of the journal does.
    pub async fn raw(&self) -> PgConnection {
        PgConnection::connect(&self.config.primary).await.unwrap()
    }

    /// A sale that is open now and for an hour.
    pub async fn fair(&self, terms: Terms) -> Fair {
        let now = self.a.clock().await.unwrap();
        let planned = (0..terms.items).map(|_| item(&terms));
        let plan = Plan {
            id: fresh::sale(),
            title: "Fair".into(),
            draft: false,
            waiting_room_opens_at: None,
            opens_at: now,
            closes_at: now.plus_s(3600),
            items: planned.collect(),
            repeats: None,
        };
        let staff = fresh::buyer();
        let fair = Fair { sale: plan.id, items: plan.items.iter().map(|item| item.id).collect(), staff };
        self.a.plan(staff, plan).await.unwrap();
        fair
    }

    /// Somebody with an account.
    pub async fn buyer(&self) -> UserId {
        let id = fresh::buyer();
        let account = Account { id, email: format!("{id}@buyers.test"), name: "Buyer".into(), role: Role::Buyer };
        self.a.sign_up(&account, "no password opens this", session()).await.unwrap();
        id
    }

    /// A buyer with a hold.
    pub async fn holder(&self, item: SaleItemId) -> (UserId, ClaimView) {
        let buyer = self.buyer().await;
        let view = claim(&self.a, item, buyer, 1, 1).await.unwrap();
        (buyer, view)
    }

    /// The heart of both processes, until aborted.
    pub fn beating(&self) -> JoinHandle<()> {
        let (a, b) = (self.a.clone(), self.b.clone());
        tokio::spawn(async move {
            loop {
                let (a, b) = tokio::join!(a.beat(), b.beat());
                assert_eq!((a.unwrap().shifted_ms, b.unwrap().shifted_ms), (0, 0), "nobody's clock stood still");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        })
    }

    /// The record as somebody reads it who only looks; no law is broken in it.
    pub async fn judged(&self) -> Record {
        self.a.beat().await.unwrap();
        let looker = Journal::connect_read_only(&self.config).await.unwrap();
        let record = looker.record().await.unwrap();
        looker.close().await;
        assert_eq!(verdict::check(&record), vec![]);
        record
    }

    pub async fn close(self) {
        self.a.close().await;
        self.b.close().await;
        drop_schema(&self.schema).await;
    }
}

fn item(terms: &Terms) -> PlannedItem {
    PlannedItem {
        id: fresh::item(),
        product: PlannedProduct::New(Product {
            id: fresh::uuid().into(),
            name: "Kettle".into(),
            description: String::new(),
            image_url: String::new(),
        }),
        price: Money { amount_minor: 200_000, currency: "TWD".parse().unwrap() },
        list_price: None,
        allotment: terms.allotment,
        purchase_limit: terms.purchase_limit,
        hold_s: terms.hold_s,
        standby_limit: terms.standby_limit,
        question: None,
    }
}

pub fn token() -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(fresh::uuid().as_bytes());
    bytes
}

pub fn session() -> NewSession {
    NewSession { token_hash: token(), family_id: fresh::uuid(), expires_at: UnixMs(i64::MAX) }
}

pub fn command(item: SaleItemId, buyer: UserId, attempt: u32, quantity: u32) -> Command {
    Command::Claim(Claim::new(item, buyer, attempt, quantity, UnixMs(0)))
}

/// A batch for which the ledger had nothing: the journal decides alone.
pub async fn ratify(journal: &Journal, item: SaleItemId, commands: Vec<Command>) -> Result<Ratified, RatifyError> {
    let batch: Vec<_> = commands.into_iter().map(|command| (command, Grant::Nothing)).collect();
    journal.ratify(item, 1, &batch).await
}

pub async fn claim(
    journal: &Journal,
    item: SaleItemId,
    buyer: UserId,
    attempt: u32,
    quantity: u32,
) -> Result<ClaimView, RatifyError> {
    ratify(journal, item, vec![command(item, buyer, attempt, quantity)]).await?;
    Ok(journal.claim(claim_id(item, buyer, attempt)).await?.expect("a decided claim"))
}

pub fn ask(buyer: UserId, claim_id: ClaimId, key: &str) -> PayAsk {
    PayAsk {
        buyer,
        claim_id,
        route: "checkout",
        key: key.to_owned(),
        body_hash: [7; 32],
        shipping: Shipping { name: "A Buyer".into(), phone: "1".into(), address: "1 Street".into() },
        language: None,
    }
}

pub fn started(begun: Begun) -> Started {
    match begun {
        Begun::Started(started) => started,
        other => panic!("not begun: {other:?}"),
    }
}
