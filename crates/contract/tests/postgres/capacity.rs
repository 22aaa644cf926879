//! The plan of capacity, read on PostgreSQL as it is on SQLite; and by two at once.

use std::ops::{Deref, DerefMut};

use contract::{capacity::Bench, stamp};
use journal::outbox::CAPACITY;
use sale::sale::Stage;
use tokio::runtime::Builder;

use crate::house::{House, Terms, drop_schema};

/// A bench on a schema of its own, which goes with it.
struct OnPostgres {
    bench: Bench,
    schema: String,
}

impl Deref for OnPostgres {
    type Target = Bench;
    fn deref(&self) -> &Bench {
        &self.bench
    }
}

impl DerefMut for OnPostgres {
    fn deref_mut(&mut self) -> &mut Bench {
        &mut self.bench
    }
}

impl Drop for OnPostgres {
    fn drop(&mut self) {
        let schema = self.schema.clone();
        let gone = move || Builder::new_current_thread().enable_all().build().unwrap().block_on(drop_schema(&schema));
        std::thread::spawn(gone).join().unwrap();
    }
}

async fn postgres() -> OnPostgres {
    let (house, clock) = House::with_clock().await;
    let schema = house.config.application_name.clone();
    OnPostgres { bench: Bench { journal: house.a, clock }, schema }
}

stamp!(capacity: super::postgres());

/// Of two plans that are read while staff are at work, the one with the greater version has the newer state: whoever hears both in
/// the wrong order keeps the right one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_plans_the_greater_version_is_the_newer_state() {
    let house = House::new().await;
    let fairs = [house.fair(Terms::default()).await, house.fair(Terms::default()).await];
    let readers: Vec<_> = [house.a.clone(), house.b.clone()]
        .into_iter()
        .map(|journal| {
            tokio::spawn(async move {
                let mut plans = vec![];
                for _ in 0..60 {
                    plans.push(journal.capacity_plan().await.unwrap());
                }
                plans
            })
        })
        .collect();
    let change = async |n: usize| {
        let (journal, fair) = ([&house.a, &house.b][n], &fairs[n]);
        journal.beat().await.unwrap();
        journal.close_sale(fair.staff, fair.sale).await.unwrap();
        while journal.sale(fair.sale).await.unwrap().unwrap().sale.stage != Stage::Reconciled {
            journal.reconcile_due().await.unwrap();
        }
    };
    tokio::join!(change(0), change(1));
    let mut plans = vec![house.a.capacity_plan().await.unwrap()];
    for reader in readers {
        plans.extend(reader.await.unwrap());
    }
    plans.sort_by_key(|plan| plan.version);
    for pair in plans.windows(2) {
        let (older, newer) = (&pair[0], &pair[1]);
        assert!(newer.windows.iter().all(|window| older.windows.contains(window)), "here sales only end: {pair:?}");
        assert!(newer.version > older.version || newer.windows == older.windows, "one version, one state: {pair:?}");
    }
    assert!(plans.last().unwrap().windows.is_empty());
    assert_eq!(house.a.outbox_waiting(CAPACITY).await.unwrap(), 6, "planned, closed and reconciled, twice");
    house.close().await;
}
