//! The crowd's contract: every door counts once, by its last word, and not for ever.

use std::{collections::HashMap, sync::Arc};

use sale::{
    ids::SaleId,
    port::crowd::{Count, Crowd, Heads, Unknown},
};
use uuid::Uuid;

use crate::{fresh, limiter::Pass};

/// A crowd, and how time passes for it: a test clock moves, a server's clock is waited for.
pub struct Bench {
    pub crowd: Arc<dyn Crowd>,
    /// Longer than a case's calls take together.
    pub keep_ms: i64,
    pub pass_ms: Pass,
}

impl Bench {
    /// A door with so many sockets, of which so many watch a sale.
    async fn tell(&self, door: Uuid, sockets: u64, watching: &[(SaleId, u64)]) {
        let watching = HashMap::from_iter(watching.iter().copied());
        self.crowd.tell(door, Count { sockets, watching }, self.keep_ms).await;
    }

    async fn heads(&self, sale: SaleId) -> Option<(u64, u64)> {
        let heads = self.crowd.heads(sale).await;
        heads.map(|Heads { sockets, watching }| (sockets, watching)).ok()
    }
}

pub async fn all_doors_are_counted_together(bench: &mut Bench) {
    let (sale, other) = (fresh::sale(), fresh::sale());
    bench.tell(fresh::uuid(), 5, &[(sale, 3), (other, 4)]).await;
    bench.tell(fresh::uuid(), 2, &[(sale, 1)]).await;
    bench.tell(fresh::uuid(), 0, &[]).await;
    assert_eq!(bench.heads(sale).await, Some((7, 4)));
    assert_eq!(bench.heads(other).await, Some((7, 4)));
    assert_eq!(bench.heads(fresh::sale()).await, Some((7, 0)), "nobody watches it, and that is known");
}

pub async fn a_door_counts_by_its_last_word(bench: &mut Bench) {
    let (door, sale) = (fresh::uuid(), fresh::sale());
    bench.tell(door, 5, &[(sale, 3)]).await;
    bench.tell(door, 4, &[(sale, 2)]).await;
    assert_eq!(bench.heads(sale).await, Some((4, 2)));
    bench.tell(door, 4, &[]).await;
    assert_eq!(bench.heads(sale).await, Some((4, 0)));
}

pub async fn a_door_that_tells_no_more_is_forgotten(bench: &mut Bench) {
    let (lives, dies, sale) = (fresh::uuid(), fresh::uuid(), fresh::sale());
    bench.tell(dies, 5, &[(sale, 3)]).await;
    (bench.pass_ms)(bench.keep_ms / 2).await;
    bench.tell(lives, 2, &[(sale, 1)]).await;
    assert_eq!(bench.heads(sale).await, Some((7, 4)));
    (bench.pass_ms)(bench.keep_ms / 2).await;
    assert_eq!(bench.heads(sale).await, Some((2, 1)));
}

pub async fn where_no_door_tells_nobody_knows(bench: &mut Bench) {
    let sale = fresh::sale();
    assert_eq!(bench.crowd.heads(sale).await, Err(Unknown));
    bench.tell(fresh::uuid(), 0, &[]).await;
    assert_eq!(bench.heads(sale).await, Some((0, 0)), "an empty house is known to be empty");
    (bench.pass_ms)(bench.keep_ms).await;
    assert_eq!(bench.crowd.heads(sale).await, Err(Unknown));
}
