//! Two relays at one outbox: each takes what the other has not.

use std::collections::HashSet;

use journal::outbox::{LEASE_MS, MAIL};

use crate::house::{House, Papers, Terms, ask, started};

const ORDERS: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_is_in_two_hands_and_one_that_was_dropped_is_due_again() {
    let house = House::new().await;
    let fair = house.fair(Terms { allotment: 100, ..Terms::default() }).await;
    for _ in 0..ORDERS {
        let (buyer, held) = house.holder(fair.item()).await;
        let begun = house.a.begin_payment(&ask(buyer, held.claim_id, "key"), &Papers).await;
        house.a.allocate(started(begun.unwrap()).key, &Papers).await.unwrap();
    }
    let (now, mut taken) = (house.a.clock().await.unwrap(), HashSet::new());
    while taken.len() < ORDERS {
        let (a, b) = tokio::join!(house.a.outbox_due(MAIL, 7, now), house.b.outbox_due(MAIL, 7, now));
        for chore in a.unwrap().into_iter().chain(b.unwrap()) {
            assert!(taken.insert(chore.id), "{chore:?} is in two hands");
        }
    }
    assert_eq!(house.a.outbox_due(MAIL, 100, now).await.unwrap(), vec![]);
    let later = now + LEASE_MS;
    assert_eq!(house.b.outbox_due(MAIL, 100, later).await.unwrap().len(), ORDERS);
    house.a.outbox_done(&taken.into_iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(house.a.outbox_waiting(MAIL).await.unwrap(), 0);
    house.close().await;
}
