//! The ledger when Redis forgets, hangs, fails over: the journal notices everything, and the sale goes on.

use std::time::Duration;

use cluster::ledger::RedisLedger;
use contract::{
    fresh,
    shop::{Planned, Shop, Terms},
};
use journal::claim::{Ratified, RatifyError};
use sale::{
    claim::{ClaimState, Command},
    ids::SaleItemId,
    port::ledger::{Ask, Counters, Grant, Kind, Ledger, LedgerError, Levels},
};
use stack::resp::ask;

use crate::own::Own;

fn ask_one() -> Ask {
    Ask { claim_id: fresh::claim_id(), quantity: 1 }
}

fn units(first: i64) -> Grant {
    Grant::Granted { kind: Kind::Units, first, quantity: 1 }
}

fn levels(epoch: i64, granted: i64, limit: i64) -> Levels {
    Levels { epoch, units: Counters { granted, limit, drawn: 0 }, places: Counters::default() }
}

fn key(item: SaleItemId) -> String {
    format!("{{{item}}}")
}

/// Asks until the ledger answers.
async fn take(ledger: &RedisLedger, item: SaleItemId, asks: &[Ask]) -> (i64, Vec<Grant>) {
    let begun = std::time::Instant::now();
    loop {
        match ledger.take(item, asks).await {
            Ok(answer) => return answer,
            Err(LedgerError::Unavailable) if begun.elapsed() < fresh::PATIENCE => {}
            Err(error) => panic!("{error} after {:?}", begun.elapsed()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_emptied_misses_the_item_and_is_rebuilt() {
    let own = Own::start().await;
    let (ledger, item) = (RedisLedger::new(own.open()), fresh::item());
    ledger.rebuild(item, levels(1, 0, 5)).await.unwrap();
    assert_eq!(take(&ledger, item, &[ask_one(), ask_one()]).await, (1, vec![units(1), units(2)]));
    own.nodes.flush_all().unwrap();
    assert_eq!(ledger.take(item, &[ask_one()]).await, Err(LedgerError::Missing));
    assert_eq!(ledger.read(item).await, Err(LedgerError::Missing));
    ledger.rebuild(item, levels(2, 2, 5)).await.unwrap();
    assert_eq!(take(&ledger, item, &[ask_one()]).await, (2, vec![units(3)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_never_saw_the_script_gets_all_of_it() {
    let own = Own::start().await;
    let (ledger, item) = (RedisLedger::new(own.open()), fresh::item());
    ledger.rebuild(item, levels(1, 0, 5)).await.unwrap();
    own.everywhere(&["SCRIPT", "FLUSH"]);
    assert_eq!(ledger.take(item, &[ask_one()]).await, Ok((1, vec![units(1)])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_whose_reply_was_lost_is_the_same_take_when_repeated() {
    let own = Own::start().await;
    let (ledger, item) = (RedisLedger::new(own.open()), fresh::item());
    ledger.rebuild(item, levels(1, 0, 5)).await.unwrap();
    let asks = [ask_one(), ask_one()];
    let master = own.server(own.master_of(&key(item)));
    master.pause().unwrap();
    assert_eq!(ledger.take(item, &asks).await, Err(LedgerError::Unavailable), "no answer never means yes");
    master.resume().unwrap();
    let first = take(&ledger, item, &asks).await;
    assert_eq!(first, (1, vec![units(1), units(2)]));
    assert_eq!(take(&ledger, item, &asks).await, first);
    assert_eq!(ledger.read(item).await.unwrap(), levels(1, 2, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_hangs_for_good_is_left_for_its_successor() {
    let own = Own::start().await;
    let (ledger, item) = (RedisLedger::new(own.open()), fresh::item());
    ledger.rebuild(item, levels(1, 0, 5)).await.unwrap();
    let master = own.master_of(&key(item));
    assert_eq!(ask(master, &["WAIT", "1", "5000"]).unwrap(), "1");
    own.server(master).pause().unwrap();
    assert_eq!(take(&ledger, item, &[ask_one()]).await, (1, vec![units(1)]));
    own.server(master).resume().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_full_of_other_things_gives_no_answer_and_has_done_nothing() {
    let own = Own::start().await;
    let (ledger, item) = (RedisLedger::new(own.open()), fresh::item());
    ledger.rebuild(item, levels(1, 0, 5)).await.unwrap();
    own.everywhere(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(ledger.take(item, &[ask_one()]).await, Err(LedgerError::Unavailable));
    own.everywhere(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(ledger.take(item, &[ask_one()]).await, Ok((1, vec![units(1)])));
}

/// A shop's journal, and the ledger in Redis beside it.
struct House {
    shop: Shop,
    item: SaleItemId,
    ledger: RedisLedger,
}

impl House {
    async fn open(ledger: RedisLedger) -> Self {
        let shop = Shop::open().await;
        let Planned { item_id: item, .. } = shop.plan(Terms { allotment: 10, ..Terms::default() }).await;
        let levels = shop.journal.levels(item).await.unwrap().unwrap();
        ledger.rebuild(item, levels).await.unwrap();
        Self { shop, item, ledger }
    }

    /// The ledger first, then the journal.
    async fn decide(&self, command: &Command) -> Result<(Grant, Ratified), RatifyError> {
        let claim = command.claim();
        let (epoch, grants) =
            take(&self.ledger, self.item, &[Ask { claim_id: claim.id, quantity: claim.quantity }]).await;
        let batch = [(command.clone(), grants[0])];
        Ok((grants[0], self.shop.journal.ratify(self.item, epoch, &batch).await?))
    }

    async fn holds(&self, command: &Command) -> Grant {
        let (grant, done) = self.decide(command).await.unwrap();
        assert_eq!(done.claims[0].state, ClaimState::Held);
        grant
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_that_loses_what_was_acknowledged_is_noticed_by_the_journal_and_begins_a_new_epoch() {
    let own = Own::start().await;
    let house = House::open(RedisLedger::new(own.open())).await;
    let (item, claims) = (house.item, [(); 5].map(|()| fresh::claim(house.item)));
    assert_eq!(house.holds(&claims[0]).await, units(1));
    assert_eq!(house.holds(&claims[1]).await, units(2));
    let master = own.master_of(&key(item));
    let replica = own.replica_of(master);
    assert_eq!(ask(master, &["WAIT", "1", "5000"]).unwrap(), "1");

    // The third grant is acknowledged and ratified, and its master dies before the replica knows.
    own.server(replica).pause().unwrap();
    // Also the kernel must not keep it for the replica.
    ask(master, &["CLIENT", "KILL", "TYPE", "replica"]).unwrap();
    assert_eq!(house.holds(&claims[2]).await, units(3));
    own.server(master).kill().unwrap();
    own.server(replica).resume().unwrap();
    own.until_master(replica, &key(item)).await;

    // The new master grants the third number again, to somebody else: a unit would be sold twice.
    let lost = house.decide(&claims[3]).await;
    let Err(RatifyError::Regression(journal)) = lost else { panic!("nobody noticed: {lost:?}") };
    assert_eq!(journal.units.granted, 3);
    let seen = house.ledger.read(item).await.unwrap();
    assert!(seen.units.granted <= 3);
    let risen = house.shop.journal.raise_epoch(item, seen.epoch).await.unwrap();
    // A cluster that has just elected may leave a call unanswered; whoever mends asks again.
    fresh::until("it is rebuilt", || async { house.ledger.rebuild(item, risen).await == Ok(risen) }).await;
    assert_eq!(house.holds(&claims[3]).await, units(4));
    assert_eq!(house.holds(&claims[4]).await, units(5));
    house.shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_touched_for_long_is_forgotten_and_missed() {
    let own = Own::start().await;
    let mut config = own.config();
    config.ledger_keep = Duration::from_secs(600);
    let prefix = config.prefix.clone();
    let (ledger, item) = (RedisLedger::new(cluster::redis::Redis::open(config).unwrap()), fresh::item());
    ledger.rebuild(item, levels(1, 0, 5)).await.unwrap();
    let (master, keys) = (own.master_of(&key(item)), ["counters", "grants"]);
    let keys = keys.map(|name| format!("{prefix}:ledger:{}:{name}", key(item)));
    let left_ms = |key: &String| ask(master, &["PTTL", key]).unwrap().parse::<i64>().unwrap();
    for n in 1..=3 {
        // Nearly over, but not so nearly that a slow machine finds them gone.
        for key in &keys {
            ask(master, &["PEXPIRE", key, "60000"]).unwrap();
        }
        assert_eq!(take(&ledger, item, &[ask_one()]).await, (1, vec![units(n)]));
        for key in &keys {
            let left_ms = left_ms(key);
            assert!((500_000..=600_000).contains(&left_ms), "who is asked for stays: {key} has {left_ms} ms");
        }
    }
    for key in &keys {
        ask(master, &["PEXPIRE", key, "1"]).unwrap();
    }
    fresh::until("it is forgotten", || async { ledger.read(item).await == Err(LedgerError::Missing) }).await;
}
