//! The plan of capacity, as any journal must read it: whom it names, and that every change is told once.

use std::sync::Arc;

use journal::{
    Journal,
    outbox::CAPACITY,
    staff::{Patch, Plan, PlannedItem, PlannedProduct},
};
use kit::clock::TestClock;
use sale::{
    ids::{SaleId, UserId},
    money::Money,
    port::capacity::CapacityPlan,
    sale::Product,
    time::UnixMs,
};

use crate::fresh;

/// Slower, and the clock would count as stopped.
const BEAT_MS: i64 = 4_000;

/// A journal of its own, whose clock moves by hand.
pub struct Bench {
    pub journal: Journal,
    pub clock: Arc<TestClock>,
}

impl Bench {
    async fn plan(&self, opens_in_s: i64, draft: bool) -> SaleId {
        let now = self.now().await;
        let product = Product {
            id: fresh::uuid().into(),
            name: "Kettle".into(),
            description: String::new(),
            image_url: String::new(),
        };
        let item = PlannedItem {
            id: fresh::item(),
            product: PlannedProduct::New(product),
            price: Money { amount_minor: 200_000, currency: "TWD".parse().expect("a currency") },
            list_price: None,
            allotment: 10,
            purchase_limit: 1,
            hold_s: 600,
            standby_limit: 10,
            question: None,
        };
        let (opens_at, closes_at) = (now.plus_s(opens_in_s), now.plus_s(opens_in_s + 600));
        let (id, title) = (fresh::sale(), "Fair".to_owned());
        let plan = Plan {
            id,
            title,
            draft,
            waiting_room_opens_at: None,
            opens_at,
            closes_at,
            items: vec![item],
            repeats: None,
        };
        self.journal.plan(staff(), plan).await.expect("a plan");
        id
    }

    async fn now(&self) -> UnixMs {
        self.journal.clock().await.expect("the clock")
    }

    /// Time passes, and the heart beats all the while.
    async fn pass(&self, ms: i64) {
        let mut left = ms;
        while left > 0 {
            self.clock.advance(left.min(BEAT_MS));
            self.journal.beat().await.expect("a heartbeat");
            left -= BEAT_MS;
        }
    }

    async fn read(&self) -> CapacityPlan {
        self.journal.capacity_plan().await.expect("the plan of capacity")
    }

    async fn named(&self) -> Vec<SaleId> {
        self.read().await.windows.iter().map(|window| window.sale_id).collect()
    }

    /// Changes to be told, and the plan's version.
    async fn seen(&self) -> (u64, i64) {
        (self.journal.outbox_waiting(CAPACITY).await.expect("the outbox"), self.read().await.version)
    }

    /// One more change is to be told, and the version is greater.
    async fn told(&self, what: &str, seen: &mut (u64, i64)) {
        let now = self.seen().await;
        assert!(now.0 == seen.0 + 1 && now.1 > seen.1, "{what}: {seen:?}, then {now:?}");
        *seen = now;
    }

    async fn reconcile(&self) -> Vec<SaleId> {
        self.journal.reconcile_due().await.expect("the reconciler")
    }
}

fn staff() -> UserId {
    UserId(uuid::Uuid::from_u128(1))
}

pub async fn a_sale_is_named_from_its_planning_until_it_is_reconciled(bench: &mut Bench) {
    let sale = bench.plan(60, false).await;
    let now = bench.now().await;
    let planned = bench.read().await;
    assert_eq!(planned.windows.iter().map(|w| (w.sale_id, w.from)).collect::<Vec<_>>(), [(sale, now)]);
    assert!(planned.read_at >= now);
    bench.pass(61_000).await;
    assert_eq!(bench.named().await, [sale], "it is open");
    bench.journal.pause_sale(staff(), sale).await.expect("a pause");
    bench.pass(700_000).await;
    assert_eq!(bench.reconcile().await, []);
    assert_eq!(bench.named().await, [sale], "its planned end has passed, and it is paused");
    bench.journal.close_sale(staff(), sale).await.expect("a close");
    assert_eq!(bench.named().await, [sale], "closed, and not reconciled");
    assert_eq!(bench.reconcile().await, [sale]);
    assert_eq!(bench.named().await, []);
}

pub async fn a_sale_that_closes_by_itself_is_named_until_it_is_reconciled(bench: &mut Bench) {
    let sale = bench.plan(0, false).await;
    bench.pass(601_000).await;
    assert_eq!(bench.named().await, [sale]);
    assert_eq!(bench.reconcile().await, [sale]);
    assert_eq!(bench.named().await, []);
}

pub async fn a_draft_and_a_sale_closed_before_its_waiting_room_opened_need_nobody(bench: &mut Bench) {
    let draft = bench.plan(3600, true).await;
    assert_eq!(bench.named().await, []);
    let publish = Patch { draft: Some(false), ..Patch::default() };
    bench.journal.patch_sale(staff(), draft, publish).await.expect("a patch");
    assert_eq!(bench.named().await, [draft]);
    bench.journal.close_sale(staff(), draft).await.expect("a close");
    assert_eq!(bench.named().await, []);
}

pub async fn every_change_is_told_once_and_raises_the_version(bench: &mut Bench) {
    let mut seen = bench.seen().await;
    let sale = bench.plan(3600, false).await;
    bench.told("plan", &mut seen).await;
    let (now, journal) = (bench.now().await, bench.journal.clone());
    let patch = Patch { opens_at: Some(now.plus_s(3660)), ..Patch::default() };
    journal.patch_sale(staff(), sale, patch).await.expect("a patch");
    bench.told("patch", &mut seen).await;
    journal.extend_sale(staff(), sale, now.plus_s(20_000)).await.expect("an extension");
    bench.told("extend", &mut seen).await;
    journal.open_sale(staff(), sale).await.expect("an opening");
    bench.told("open", &mut seen).await;
    journal.open_sale(staff(), sale).await.expect("a second tap");
    assert_eq!(bench.seen().await, seen, "a second tap changes nothing");
    bench.pass(11_000).await;
    journal.pause_sale(staff(), sale).await.expect("a pause");
    bench.told("pause", &mut seen).await;
    journal.resume_sale(staff(), sale).await.expect("a resume");
    bench.told("resume", &mut seen).await;
    journal.close_sale(staff(), sale).await.expect("a close");
    bench.told("close", &mut seen).await;
    assert_eq!(bench.reconcile().await, [sale]);
    bench.told("reconcile", &mut seen).await;
    assert_eq!(bench.reconcile().await, []);
    assert_eq!(bench.seen().await, seen, "it was reconciled already");
}

pub async fn windows_come_by_their_beginning(bench: &mut Bench) {
    let (late, early) = (bench.plan(9000, false).await, bench.plan(5400, false).await);
    let open = bench.plan(0, false).await;
    assert_eq!(bench.named().await, [open, early, late]);
    let (now, plan) = (bench.now().await, bench.read().await);
    assert_eq!(plan.windows[1].from, now.plus_s(5400 - 1800), "half an hour before it opens");
}
