//! Histories: random lives of a sale, lived by the real journal and its ledger beside the reference model, which must agree.
//!
//! The model says what is put on the queue, what a consumer has in hand and which message is lost; both sides then do the
//! same, and after every step everything that either wrote down or tells is compared.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use journal::Journal;
use kit::clock::{SeedChance, TestClock};
use sale::{
    model::Plan,
    port::ledger::Ledger,
    verdict::{Record, record::What},
};

use crate::fresh::below;

mod check;
mod decide;
mod draw;
mod end;
mod lose;
mod pair;
mod pay;
mod staff;

use pair::Pair;
pub use pay::Papers;

/// Loses all that the ledger keeps of a history's items.
pub type Forget = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>>>;

/// What a history is lived on: a journal of its own, its clock, and a ledger that no other history writes to.
pub struct Bench {
    pub journal: Journal,
    /// The journal's clock; the history sets it.
    pub clock: Arc<TestClock>,
    pub ledger: Arc<dyn Ledger>,
    pub forget: Forget,
}

/// Histories are worth something only if a sale happens in them. Panics where something of it happened less often than `least`.
pub fn everything_is_in(happened: &HashMap<What, usize>, least: usize) {
    use What::*;
    for what in [Held, Standby, Refused, Withdrawn, Promoted, Paying, Declined, Allocated, Expired, Shifted, Restocked]
    {
        assert!(happened.get(&what).copied().unwrap_or(0) >= least, "{what:?} is too rare: {happened:?}");
    }
}

/// Lives the history of this seed for so many steps and then to its end. The same seed is the same history.
///
/// Returns the journal's record, so that the caller can see that something happened in it.
/// Panics at the first disagreement, and where the journal's record breaks a law; the story so far is printed then.
pub async fn history(seed: u64, steps: usize, bench: &Bench) -> Record {
    let chance = SeedChance::new(seed);
    let mut pair = Pair::begin(seed, plan(&chance), bench).await;
    for _ in 0..steps {
        let step = draw::step(&chance);
        pair.live(step).await;
    }
    pair.finish().await
}

/// Few units, fewer places, short holds and greedy buyers: everything runs out, and comes back.
fn plan(chance: &SeedChance) -> Plan {
    let between = |low: u64, high: u64| low + below(chance, high - low + 1);
    Plan {
        items: between(1, 2) as u8,
        buyers: between(4, 8) as u8,
        allotment: between(1, 4) as u32,
        purchase_limit: between(1, 5) as u32,
        standby_limit: between(0, 6) as u32,
        hold_s: between(4, 9) as u32,
        opens_in_s: if between(0, 4) == 0 { 8 } else { 0 },
        open_s: between(40, 200) as i64,
    }
}
