//! The ledger's contract: grants are contiguous, at most once a claim, and never more than the counters allow.

use std::{collections::HashMap, sync::Arc};

use sale::{
    ids::{ClaimId, SaleItemId},
    port::ledger::{Ask, Counters, Grant, Kind, Ledger, LedgerError, Levels},
};

use kit::clock::SeedChance;

use crate::fresh::{self, below};

/// What a backend's tests hand over.
pub type Bench = Arc<dyn Ledger>;

fn levels(epoch: i64, units: i64, places: i64) -> Levels {
    let of = |limit| Counters { granted: 0, limit, drawn: 0 };
    Levels { epoch, units: of(units), places: of(places) }
}

async fn built(ledger: &Bench, units: i64, places: i64) -> SaleItemId {
    let item = fresh::item();
    ledger.rebuild(item, levels(1, units, places)).await.unwrap();
    item
}

fn ask(quantity: u32) -> Ask {
    Ask { claim_id: fresh::claim_id(), quantity }
}

fn units(first: i64, quantity: u32) -> Grant {
    Grant::Granted { kind: Kind::Units, first, quantity }
}

fn places(first: i64, quantity: u32) -> Grant {
    Grant::Granted { kind: Kind::Places, first, quantity }
}

async fn take(ledger: &Bench, item: SaleItemId, asks: &[Ask]) -> Vec<Grant> {
    ledger.take(item, asks).await.unwrap().1
}

pub async fn an_item_nobody_built_is_missing(ledger: &mut Bench) {
    let item = fresh::item();
    assert_eq!(ledger.take(item, &[ask(1)]).await, Err(LedgerError::Missing));
    assert_eq!(ledger.read(item).await, Err(LedgerError::Missing));
    assert_eq!(ledger.raise(item, levels(1, 1, 1)).await, Err(LedgerError::Missing));
}

pub async fn units_first_then_places_then_nothing(ledger: &mut Bench) {
    let item = built(ledger, 2, 1).await;
    let (epoch, grants) = ledger.take(item, &[ask(1), ask(1), ask(1), ask(1)]).await.unwrap();
    assert_eq!(epoch, 1);
    assert_eq!(grants, [units(1, 1), units(2, 1), places(1, 1), Grant::Nothing]);
    assert!(!ledger.read(item).await.unwrap().gate_open());
    assert_eq!(take(ledger, item, &[ask(1)]).await, [Grant::Nothing]);
}

pub async fn grants_are_contiguous_and_counted_from_one(ledger: &mut Bench) {
    let item = built(ledger, 100, 100).await;
    let mut next = 1;
    for quantity in [1, 3, 2, 10, 1] {
        assert_eq!(take(ledger, item, &[ask(quantity)]).await, [units(next, quantity)]);
        next += i64::from(quantity);
    }
    assert_eq!(ledger.read(item).await.unwrap().units.granted, next - 1);
}

pub async fn a_repeated_claim_gets_the_same_numbers_and_takes_nothing(ledger: &mut Bench) {
    let item = built(ledger, 1, 1).await;
    let asks = [ask(1), ask(1)];
    let first = take(ledger, item, &asks).await;
    let before = ledger.read(item).await.unwrap();
    for _ in 0..3 {
        assert_eq!(take(ledger, item, &asks).await, first);
        assert_eq!(take(ledger, item, &[asks[1], asks[0]]).await, [first[1], first[0]]);
    }
    assert_eq!(ledger.read(item).await.unwrap(), before);
}

pub async fn a_repeat_inside_one_call_is_one_grant(ledger: &mut Bench) {
    let item = built(ledger, 2, 0).await;
    let same = ask(1);
    assert_eq!(take(ledger, item, &[same, same, ask(1)]).await, [units(1, 1), units(1, 1), units(2, 1)]);
}

pub async fn a_quantity_is_granted_as_a_whole_or_not_at_all(ledger: &mut Bench) {
    let item = built(ledger, 3, 4).await;
    let grants = take(ledger, item, &[ask(2), ask(2), ask(1), ask(3), ask(0)]).await;
    assert_eq!(grants, [units(1, 2), places(1, 2), units(3, 1), Grant::Nothing, Grant::Nothing]);
    assert_eq!(ledger.read(item).await.unwrap().places.granted, 2);
}

pub async fn raise_is_a_maximum_and_may_arrive_in_any_order(ledger: &mut Bench) {
    let item = built(ledger, 5, 5).await;
    let sent = |limit, drawn| Levels {
        epoch: 1,
        units: Counters { granted: 0, limit, drawn },
        places: Counters { granted: 0, limit: limit + 1, drawn },
    };
    for (limit, drawn) in [(7, 0), (9, 3), (8, 1), (9, 3), (2, 0), (8, 3)] {
        ledger.raise(item, sent(limit, drawn)).await.unwrap();
    }
    let now = ledger.read(item).await.unwrap();
    assert_eq!((now.units.limit, now.units.drawn, now.places.limit, now.places.drawn), (9, 3, 10, 3));
    assert_eq!(ledger.raise(item, sent(0, 0)).await.unwrap(), now);
}

pub async fn raise_never_lifts_granted(ledger: &mut Bench) {
    let item = built(ledger, 5, 5).await;
    let sent = Levels { epoch: 1, units: Counters { granted: 4, limit: 5, drawn: 0 }, places: Counters::default() };
    assert_eq!(ledger.raise(item, sent).await.unwrap().units.granted, 0);
    assert_eq!(take(ledger, item, &[ask(1)]).await, [units(1, 1)]);
}

pub async fn what_comes_back_is_granted_again_under_new_numbers(ledger: &mut Bench) {
    let item = built(ledger, 1, 0).await;
    assert_eq!(take(ledger, item, &[ask(1), ask(1)]).await, [units(1, 1), Grant::Nothing]);
    ledger.raise(item, levels(1, 2, 0)).await.unwrap();
    assert_eq!(take(ledger, item, &[ask(1), ask(1)]).await, [units(2, 1), Grant::Nothing]);
    // A unit that somebody drew past the ledger is not there for anybody else.
    let drawn = Levels { epoch: 1, units: Counters { granted: 0, limit: 4, drawn: 1 }, places: Counters::default() };
    ledger.raise(item, drawn).await.unwrap();
    assert_eq!(take(ledger, item, &[ask(1), ask(1)]).await, [units(3, 1), Grant::Nothing]);
}

pub async fn another_epoch_is_refused(ledger: &mut Bench) {
    let item = fresh::item();
    ledger.rebuild(item, levels(3, 5, 5)).await.unwrap();
    for epoch in [2, 4] {
        assert_eq!(ledger.raise(item, levels(epoch, 9, 9)).await, Err(LedgerError::OtherEpoch(3)));
    }
    assert_eq!(ledger.read(item).await.unwrap(), levels(3, 5, 5));
}

pub async fn a_new_epoch_counts_on_where_the_journal_stands(ledger: &mut Bench) {
    let item = built(ledger, 10, 0).await;
    let asks = [ask(1), ask(1), ask(1)];
    take(ledger, item, &asks).await;
    // The journal ratified two of the three; the third number is void.
    let rebuilt = Levels { epoch: 2, units: Counters { granted: 2, limit: 10, drawn: 1 }, places: Counters::default() };
    assert_eq!(ledger.rebuild(item, rebuilt).await.unwrap(), rebuilt);
    let (epoch, grants) = ledger.take(item, &[asks[2], ask(1)]).await.unwrap();
    assert_eq!((epoch, grants), (2, vec![units(3, 1), units(4, 1)]));
}

pub async fn an_older_rebuild_is_refused(ledger: &mut Bench) {
    let item = fresh::item();
    ledger.rebuild(item, levels(5, 3, 3)).await.unwrap();
    assert_eq!(ledger.rebuild(item, levels(4, 9, 9)).await, Err(LedgerError::OtherEpoch(5)));
    assert_eq!(ledger.read(item).await.unwrap(), levels(5, 3, 3));
}

pub async fn a_rebuild_at_the_same_epoch_takes_nothing_back(ledger: &mut Bench) {
    let item = built(ledger, 10, 10).await;
    let asks = [ask(1), ask(1)];
    let before = take(ledger, item, &asks).await;
    // The journal has not ratified them yet: the numbers are still on their way.
    let after = ledger.rebuild(item, levels(1, 12, 10)).await.unwrap();
    assert_eq!((after.units.granted, after.units.limit), (2, 12));
    assert_eq!(take(ledger, item, &asks).await, before);
    assert_eq!(take(ledger, item, &[ask(1)]).await, [units(3, 1)]);
    let ahead = Levels { epoch: 1, units: Counters { granted: 7, limit: 12, drawn: 0 }, places: Counters::default() };
    assert_eq!(ledger.rebuild(item, ahead).await.unwrap().units.granted, 7);
    assert_eq!(take(ledger, item, &[ask(1)]).await, [units(8, 1)]);
}

pub async fn items_do_not_touch_each_other(ledger: &mut Bench) {
    let (a, b) = (built(ledger, 1, 0).await, built(ledger, 1, 0).await);
    assert_eq!(take(ledger, a, &[ask(1)]).await, [units(1, 1)]);
    assert_eq!(take(ledger, b, &[ask(1)]).await, [units(1, 1)]);
}

pub async fn many_at_once_never_get_more_than_there_is(ledger: &mut Bench) {
    let item = built(ledger, 40, 20).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let ledger = ledger.clone();
        tasks.spawn(async move { ledger.take(item, &[ask(1), ask(2), ask(1)]).await.unwrap().1 });
    }
    let mut seen: HashMap<Kind, Vec<i64>> = HashMap::new();
    while let Some(grants) = tasks.join_next().await {
        for grant in grants.unwrap() {
            if let Grant::Granted { kind, first, quantity } = grant {
                seen.entry(kind).or_default().extend(first..first + i64::from(quantity));
            }
        }
    }
    for (kind, most) in [(Kind::Units, 40), (Kind::Places, 20)] {
        let mut numbers = seen.remove(&kind).unwrap_or_default();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=most).collect::<Vec<i64>>(), "{kind:?}");
    }
}

/// The counters as the rules have them, beside the backend's own.
struct Model {
    levels: Levels,
    grants: HashMap<ClaimId, Grant>,
}

impl Model {
    fn take(&mut self, ask: Ask) -> Grant {
        if let Some(known) = self.grants.get(&ask.claim_id) {
            return *known;
        }
        let wanted = i64::from(ask.quantity);
        for (kind, counters) in [(Kind::Units, &mut self.levels.units), (Kind::Places, &mut self.levels.places)] {
            if counters.available() >= wanted {
                let grant = Grant::Granted { kind, first: counters.granted + 1, quantity: ask.quantity };
                counters.granted += wanted;
                assert!(counters.granted <= counters.limit - counters.drawn);
                self.grants.insert(ask.claim_id, grant);
                return grant;
            }
        }
        Grant::Nothing
    }

    /// The journal gives back, promotes, or (rarely) believes that a later life of the ledger began.
    fn journal_moves(&mut self, chance: &SeedChance) -> Levels {
        for counters in [&mut self.levels.units, &mut self.levels.places] {
            counters.limit += below(chance, 3) as i64;
            counters.drawn += (below(chance, 4) == 0) as i64;
        }
        self.levels
    }
}

pub async fn a_random_history_grants_exactly_what_the_counters_allow(ledger: &mut Bench) {
    for seed in 0..20 {
        let chance = SeedChance::new(seed);
        let (units, places) = (below(&chance, 20) as i64, below(&chance, 10) as i64);
        let item = built(ledger, units, places).await;
        let mut model = Model { levels: levels(1, units, places), grants: HashMap::new() };
        let mut known = vec![];
        for step in 0..60 {
            match below(&chance, 10) {
                0 | 1 => {
                    let sent = model.journal_moves(&chance);
                    assert_eq!(ledger.raise(item, sent).await.unwrap(), model.levels, "seed {seed} step {step}");
                }
                2 if below(&chance, 3) == 0 => {
                    model.levels.epoch += 1;
                    model.levels.units.granted -= below(&chance, 2) as i64 * (model.levels.units.granted > 0) as i64;
                    model.grants.clear();
                    let rebuilt = ledger.rebuild(item, model.levels).await.unwrap();
                    assert_eq!(rebuilt, model.levels, "seed {seed} step {step}");
                }
                _ => {
                    let asks = some_asks(&chance, &mut known);
                    let expected: Vec<Grant> = asks.iter().map(|ask| model.take(*ask)).collect();
                    let answer = ledger.take(item, &asks).await.unwrap();
                    assert_eq!(answer, (model.levels.epoch, expected), "seed {seed} step {step}");
                }
            }
        }
        assert_eq!(ledger.read(item).await.unwrap(), model.levels, "seed {seed}");
    }
}

/// New claims and repeats of old ones.
fn some_asks(chance: &SeedChance, known: &mut Vec<Ask>) -> Vec<Ask> {
    (0..=below(chance, 4))
        .map(|_| {
            if !known.is_empty() && below(chance, 3) == 0 {
                return known[below(chance, known.len() as u64) as usize];
            }
            let new = ask(1 + below(chance, 3) as u32);
            known.push(new);
            new
        })
        .collect()
}
