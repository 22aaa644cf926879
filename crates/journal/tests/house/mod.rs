//! A journal in a temporary folder with one open sale, a clock moved by hand, and a ledger that always grants.
#![allow(dead_code)]

use journal::{
    Journal,
    claim::{Ratified, RatifyError},
};
use sale::{
    claim::{Claim, ClaimState, ClaimView, Command},
    ids::{SaleItemId, UserId, claim_id},
    port::{
        clock::Clock,
        ledger::{Grant, Kind},
    },
    time::UnixMs,
};
use sqlx::Connection;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use uuid::Uuid;

pub const START: UnixMs = UnixMs(1_800_000_000_000);

#[derive(Default)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn set(&self, at: UnixMs) {
        self.0.store(at.0, Ordering::SeqCst);
    }
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

pub struct Terms {
    pub allotment: u32,
    pub purchase_limit: u32,
    pub hold_s: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self { allotment: 10, purchase_limit: 1, hold_s: 600 }
    }
}

pub struct House {
    pub journal: Journal,
    pub clock: Arc<HandClock>,
    pub item: SaleItemId,
    pub closes_at: UnixMs,
    buyers: u128,
    granted: i64,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn with(terms: Terms) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("journal.db");
        let clock = Arc::new(HandClock::default());
        clock.set(START);
        let journal = Journal::open(&file, clock.clone()).await.unwrap();
        let closes_at = START.plus_s(7200);
        let item = plant(&file, &terms, closes_at).await;
        journal.beat().await.unwrap();
        Self { journal, clock, item, closes_at, buyers: 100, granted: 0, _folder: folder }
    }

    pub fn buyer(&mut self) -> UserId {
        self.buyers += 1;
        UserId(Uuid::from_u128(self.buyers))
    }

    pub fn command(&self, buyer: UserId, attempt: u32, quantity: u32) -> Command {
        Command::Claim(Claim::new(self.item, buyer, attempt, quantity, self.clock.now()))
    }

    /// First claims of one unit each, with the grants a fresh ledger would give.
    pub fn granted(&mut self, buyers: &[UserId]) -> Vec<(Command, Grant)> {
        let grant = |first| Grant::Granted { kind: Kind::Units, first, quantity: 1 };
        let batch =
            buyers.iter().zip(self.granted + 1..).map(|(b, first)| (self.command(*b, 1, 1), grant(first))).collect();
        self.granted += buyers.len() as i64;
        batch
    }

    pub async fn ratify(&self, batch: &[(Command, Grant)]) -> Result<Ratified, RatifyError> {
        let epoch = self.journal.levels(self.item).await?.unwrap().epoch;
        // Tests raise the epoch behind the batch's back; the batch itself is always of the first.
        self.journal.ratify(self.item, epoch.min(1), batch).await
    }

    /// A first claim for which the ledger had nothing: the journal decides alone.
    pub async fn claim(&self, buyer: UserId, quantity: u32) -> ClaimView {
        self.claim_as(buyer, 1, quantity).await
    }

    pub async fn claim_as(&self, buyer: UserId, attempt: u32, quantity: u32) -> ClaimView {
        self.ratify(&[(self.command(buyer, attempt, quantity), Grant::Nothing)]).await.unwrap();
        self.journal.claim(claim_id(self.item, buyer, attempt)).await.unwrap().unwrap()
    }

    pub async fn view(&self, buyer: UserId) -> ClaimView {
        self.journal.claims_of(buyer, Some(self.item)).await.unwrap().remove(0)
    }

    pub async fn state(&self, buyer: UserId) -> ClaimState {
        self.view(buyer).await.state
    }

    /// Lets the heartbeat notice the moved clock without calling it a jump.
    pub async fn beats(&self) {
        let sql = "UPDATE heartbeat SET beat_at = $1";
        let mut db = connect(&self._folder.path().join("journal.db")).await;
        sqlx::query(sql).bind(self.clock.now().0).execute(&mut db).await.unwrap();
    }

    pub async fn pass_to(&self, at: UnixMs) {
        self.clock.set(at);
        self.beats().await;
    }

    pub async fn sweep(&self) -> Ratified {
        self.journal.sweep(self.item).await.unwrap()
    }
}

async fn connect(file: &Path) -> sqlx::SqliteConnection {
    sqlx::SqliteConnection::connect_with(&sqlx::sqlite::SqliteConnectOptions::new().filename(file)).await.unwrap()
}

/// One open sale with one item, written as planning would.
async fn plant(file: &Path, terms: &Terms, closes_at: UnixMs) -> SaleItemId {
    let mut db = connect(file).await;
    let id = |n: u128| Uuid::from_u128(n);
    sqlx::query("INSERT INTO product VALUES ($1, 'Console', '', '', 0)").bind(id(1)).execute(&mut db).await.unwrap();
    sqlx::query("INSERT INTO sale VALUES ($1, 'Sale', 'published', 1, $2, $2, $3, NULL, 0)")
        .bind(id(2))
        .bind(START.0)
        .bind(closes_at.0)
        .execute(&mut db)
        .await
        .unwrap();
    let item = "INSERT INTO sale_item VALUES ($1, $2, 0, $3, 200000, NULL, 'TWD', $4, $5, NULL, $6, 0, $7, 0, 1, 0, 0, 1, 0, $6, 0, 0, $7, 0)";
    sqlx::query(item)
        .bind(id(3))
        .bind(id(2))
        .bind(id(1))
        .bind(i64::from(terms.purchase_limit))
        .bind(i64::from(terms.hold_s))
        .bind(i64::from(terms.allotment))
        .bind(i64::from(terms.allotment * 2))
        .execute(&mut db)
        .await
        .unwrap();
    SaleItemId(id(3))
}
