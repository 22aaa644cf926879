//! Claims from many consumers at once: one item's lock orders them all.

use std::time::Duration;

use contract::fresh::{self, below};
use journal::Journal;
use kit::clock::SeedChance;
use sale::{
    claim::{ClaimState, Reason},
    ids::{SaleItemId, UserId},
    verdict::{self, record::What},
};
use tokio::task::JoinSet;

use crate::house::{House, Terms, claim, command, ratify};

const CROWD: usize = 160;
const CONSUMERS: usize = 8;

/// One of many consumers: its share of the crowd, in batches of up to five.
async fn consume(journal: Journal, item: SaleItemId, mut crowd: Vec<UserId>, seed: u64) {
    let chance = SeedChance::new(seed);
    while !crowd.is_empty() {
        let n = crowd.len().min(1 + below(&chance, 5) as usize);
        let batch = crowd.drain(..n).map(|buyer| command(item, buyer, 1, 1 + below(&chance, 2) as u32)).collect();
        ratify(&journal, item, batch).await.unwrap();
        if below(&chance, 3) == 0 {
            journal.sweep(item).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_many_consumers_never_gets_more_than_there_is() {
    let house = House::new().await;
    let terms = Terms { allotment: 20, purchase_limit: 2, standby_limit: 15, ..Terms::default() };
    let fair = house.fair(terms).await;
    let (item, heart) = (fair.item(), house.beating());
    let crowd: Vec<UserId> = (0..CROWD).map(|_| fresh::buyer()).collect();
    let mut consumers = JoinSet::new();
    for (n, share) in crowd.chunks(CROWD / CONSUMERS).enumerate() {
        let journal = if n % 2 == 0 { &house.a } else { &house.b };
        consumers.spawn(consume(journal.clone(), item, share.to_vec(), n as u64));
    }
    // Whoever looks meanwhile sees whole commits.
    let looker = Journal::connect_read_only(&house.config).await.unwrap();
    while consumers.join_next().await.is_some_and(|done| done.map(|()| true).unwrap()) {
        assert_eq!(verdict::check(&looker.record().await.unwrap()), vec![]);
    }
    looker.close().await;
    heart.abort();
    let record = house.judged().await;
    assert_eq!(record.claims.len(), CROWD);
    // One unit may be left before a head who wants two.
    let (taken, held) = (record.items[0].taken, record.holds.iter().map(|hold| hold.quantity).sum::<u32>());
    assert!(taken == held && (19..=20).contains(&taken), "{taken} taken, {held} held");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holders_who_leave_and_those_who_wait_pass_the_units_on_one_by_one() {
    let house = House::new().await;
    let fair = house.fair(Terms { allotment: 10, standby_limit: 30, ..Terms::default() }).await;
    let (item, heart) = (fair.item(), house.beating());
    let (mut comers, mut leavers) = (JoinSet::new(), JoinSet::new());
    let crowd: Vec<UserId> = (0..40).map(|_| fresh::buyer()).collect();
    for (n, buyer) in crowd.iter().copied().enumerate() {
        let journal = if n % 2 == 0 { house.a.clone() } else { house.b.clone() };
        comers.spawn(async move { claim(&journal, item, buyer, 1, 1).await.unwrap() });
    }
    let decided = comers.join_all().await;
    // Half of those who hold, and some of those who wait.
    for (n, view) in decided.into_iter().enumerate().filter(|(n, _)| n % 2 == 0) {
        let journal = if n % 4 == 0 { house.a.clone() } else { house.b.clone() };
        leavers.spawn(async move { journal.withdraw_now(view.buyer_id, view.claim_id).await.unwrap() });
    }
    leavers.join_all().await;
    heart.abort();
    let record = house.judged().await;
    assert_eq!(record.items[0].taken, 10);
    assert!(record.changes.iter().any(|change| change.what == What::Promoted));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_claim_that_comes_to_two_consumers_is_decided_once() {
    let house = House::new().await;
    let fair = house.fair(Terms { allotment: 100, ..Terms::default() }).await;
    let item = fair.item();
    for _ in 0..20 {
        let buyer = fresh::buyer();
        let (a, b) = tokio::join!(claim(&house.a, item, buyer, 1, 1), claim(&house.b, item, buyer, 1, 1));
        assert_eq!(a.unwrap(), b.unwrap());
    }
    // And two attempts of one buyer at once: one of them wins.
    for _ in 0..20 {
        let buyer = fresh::buyer();
        let (a, b) = tokio::join!(claim(&house.a, item, buyer, 1, 1), claim(&house.b, item, buyer, 2, 1));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.state, b.reason), (ClaimState::Held, Some(Reason::AlreadyClaimed)));
    }
    assert_eq!(house.judged().await.items[0].taken, 40);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_find_the_ledger_lost_raise_the_epoch_twice_and_nothing_of_the_old_one_is_ratified() {
    let house = House::new().await;
    let fair = house.fair(Terms::default()).await;
    let item = fair.item();
    let (a, b) = tokio::join!(house.a.raise_epoch(item, 4), house.b.raise_epoch(item, 4));
    let mut epochs = [a.unwrap().epoch, b.unwrap().epoch];
    epochs.sort_unstable();
    assert_eq!(epochs, [5, 6]);
    assert!(ratify(&house.a, item, vec![command(item, fresh::buyer(), 1, 1)]).await.is_err());
    house.close().await;
}

/// Deadlines come while people pay, wait and leave; sweepers look from everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sweepers_at_every_node_end_each_hold_once() {
    let house = House::new().await;
    let fair = house.fair(Terms { allotment: 8, hold_s: 1, standby_limit: 24, ..Terms::default() }).await;
    let (item, heart) = (fair.item(), house.beating());
    let crowd: Vec<UserId> = (0..32).map(|_| fresh::buyer()).collect();
    ratify(&house.a, item, crowd.iter().map(|buyer| command(item, *buyer, 1, 1)).collect()).await.unwrap();
    let sweepers: Vec<_> = [&house.a, &house.b, &house.a, &house.b]
        .into_iter()
        .cloned()
        .map(|journal| {
            tokio::spawn(async move {
                loop {
                    for item in journal.items_to_sweep().await.unwrap() {
                        journal.sweep(item).await.unwrap();
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
        })
        .collect();
    let all_ended = || async { house.a.line(item, 1).await.unwrap().is_empty() };
    fresh::until("everybody had their turn", all_ended).await;
    sweepers.iter().for_each(tokio::task::JoinHandle::abort);
    heart.abort();
    let record = house.judged().await;
    let expired = record.changes.iter().filter(|change| change.what == What::Expired).count();
    assert!(expired >= 24, "three times eight holds ended: {expired}");
    house.close().await;
}
