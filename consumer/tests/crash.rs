//! Crashes: the process dies between any two steps, and nobody gets two units, none is lost, nothing wrong is told.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use std::sync::Arc;

use contract::{
    fresh,
    shop::{Planned, Shop, Terms},
};
use house::{Ear, FrailBus, FrailLedger, FrailQueue, Trap, start};
use sale::{
    claim::ClaimState,
    ids::{UserId, claim_id},
    port::ledger::Ledger,
};

/// A shop with two units and two buyers whose claims lie on the queue.
struct Scene {
    shop: Shop,
    sale: Planned,
    buyers: [UserId; 2],
}

async fn scene() -> Scene {
    let shop = Shop::open().await;
    let sale = shop.plan(Terms { allotment: 2, standby_limit: 0, ..Terms::default() }).await;
    let buyers = [fresh::buyer(), fresh::buyer()];
    shop.put(sale.item_id, buyers.map(|buyer| shop.claim(sale.item_id, buyer, 1, 1))).await;
    Scene { shop, sale, buyers }
}

impl Scene {
    /// The process dies at the trap; the next one starts with an empty ledger, or with what the old one kept.
    async fn dies_at(&mut self, trap: &Trap, ledger_lives: bool) {
        trap.is_reached().await;
        let kept: Arc<dyn Ledger> = self.shop.ledger.clone();
        // Whoever falls into the trap stays there: only the hard stop gets them out.
        let shop = std::mem::replace(&mut self.shop, Shop::open().await);
        self.shop = shop.restart().await;
        trap.disarm();
        if ledger_lives {
            self.shop.stores.ledger = kept;
        }
    }

    /// Both are decided once; a third buyer gets nothing.
    async fn ends_well(self) {
        let (shop, item) = (&self.shop, self.sale.item_id);
        let mut ear = Ear::of(shop).await;
        start(shop);
        for buyer in self.buyers {
            let told = ear.hears(claim_id(item, buyer, 1), |_| true).await;
            assert_eq!((told.state, told.version), (ClaimState::Held, self.view(buyer).await.version));
        }
        shop.until_queue_is_empty().await;
        let late = fresh::buyer();
        shop.put(item, [shop.claim(item, late, 1, 1)]).await;
        shop.until_state(item, late, ClaimState::Refused).await;
        shop.until_queue_is_empty().await;
        shop.close().await;
    }

    async fn view(&self, buyer: UserId) -> sale::claim::ClaimView {
        self.shop.view(self.sale.item_id, buyer, 1).await.unwrap()
    }
}

#[tokio::test]
async fn dying_before_the_ledger_is_asked_costs_nothing() {
    for ledger_lives in [false, true] {
        let mut scene = scene().await;
        let trap = Trap::armed();
        scene.shop.stores.ledger = FrailLedger::trapped(scene.shop.ledger.clone(), trap.clone(), Arc::default());
        start(&scene.shop);
        scene.dies_at(&trap, ledger_lives).await;
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn dying_between_grant_and_commit_gives_the_same_units_again() {
    for ledger_lives in [false, true] {
        let mut scene = scene().await;
        let trap = Trap::armed();
        scene.shop.stores.ledger = FrailLedger::trapped(scene.shop.ledger.clone(), Arc::default(), trap.clone());
        start(&scene.shop);
        scene.dies_at(&trap, ledger_lives).await;
        let item = scene.sale.item_id;
        assert_eq!(scene.shop.view(item, scene.buyers[0], 1).await, None, "nothing was committed");
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn dying_between_commit_and_telling_tells_the_same_version_later() {
    for ledger_lives in [false, true] {
        let mut scene = scene().await;
        let trap = Trap::armed();
        scene.shop.stores.bus = Arc::new(FrailBus { inner: scene.shop.stores.bus.clone(), before: trap.clone() });
        start(&scene.shop);
        scene.dies_at(&trap, ledger_lives).await;
        let committed = scene.view(scene.buyers[0]).await;
        assert_eq!(committed.state, ClaimState::Held);
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn dying_between_telling_and_ack_takes_no_second_unit() {
    for ledger_lives in [false, true] {
        let mut scene = scene().await;
        let trap = Trap::armed();
        let inner = scene.shop.stores.queue.clone();
        scene.shop.stores.queue = Arc::new(FrailQueue { inner, before_ack: trap.clone() });
        start(&scene.shop);
        scene.dies_at(&trap, ledger_lives).await;
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn who_slept_through_a_new_epoch_decides_again_in_it() {
    let mut scene = scene().await;
    let trap = Trap::armed();
    scene.shop.stores.ledger = FrailLedger::trapped(scene.shop.ledger.clone(), Arc::default(), trap.clone());
    start(&scene.shop);
    trap.is_reached().await;
    // Somebody else found that writes were lost, and began a new life.
    let item = scene.sale.item_id;
    let levels = scene.shop.journal.raise_epoch(item, 0).await.unwrap();
    scene.shop.ledger.rebuild(item, levels).await.unwrap();
    trap.disarm();
    for buyer in scene.buyers {
        scene.shop.until_state(item, buyer, ClaimState::Held).await;
    }
    scene.shop.until_queue_is_empty().await;
    assert_eq!(scene.shop.journal.levels(item).await.unwrap().unwrap().epoch, levels.epoch);
    scene.shop.close().await;
}
