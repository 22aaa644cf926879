//! What is done to Redis: masters die and are cut off with what only they knew, and everything is forgotten.

use std::{net::SocketAddr, thread::sleep, time::Duration};

use super::{
    breaking::{S, calm, until},
    crowd::{Back, Kind, Sale},
    on_sale::OnSale,
};
use anyhow::{Result, bail};
use stack::redis::Node;

/// From a grant to its commit, at most.
const IN_FLIGHT: Duration = Duration::from_millis(200);
/// A master that hears none of the others takes writes for about a second.
const ALONE: Duration = Duration::from_millis(700);
const TRIES: u32 = 10;

/// kill -9 of the master that counts the sale, just after it granted something that its replica never heard of: acknowledged
/// writes are lost. The replica must take over before the master is started again.
pub fn masters(sale: &mut Sale, rounds: u32) -> Result<()> {
    let redis = sale.stack.redis()?;
    for _ in 0..rounds {
        calm(sale);
        let before = OnSale::find(sale.stack)?;
        let master = redis.master_of(&before.slot())?;
        let what = format!("the sale's Redis master ({}) is cut off from its peers", master.addr);
        let cut = sale.fault(&what, Kind::Other, Back::AfterFault(S(15)))?;
        grants_unheard(sale, &master)?;
        let n = sale.fault("kill -9 of that master", Kind::Other, Back::AfterFault(S(15)))?;
        let dead = redis.server(master.addr)?;
        dead.kill()?;
        // Started before that, it would go on with what it wrote to its disk, and nothing would be lost.
        let replaced = || redis.master_of(&before.slot()).is_ok_and(|now| now.addr != master.addr);
        until("the replica to take over", S(15), replaced)?;
        sale.stack.heal(master.addr.ip())?;
        dead.start()?;
        redis.wait_ready()?;
        [cut, n].into_iter().try_for_each(|n| sale.healed(n))?;
        // Acknowledged grants are gone: only a new epoch makes that harmless.
        match until("the epoch to be raised", S(15), || before.has_another_epoch(sale.stack)) {
            Ok(()) => sale.seen("acknowledged grants were lost, and the epoch was raised")?,
            Err(error) => sale.wrong(&format!("acknowledged grants were lost: {error:#}"))?,
        }
    }
    no_older_epoch(sale)
}

/// Cuts a master off from its peers until it has granted something; where it falls silent before, another try.
fn grants_unheard(sale: &mut Sale, master: &Node) -> Result<()> {
    let redis = sale.stack.redis()?;
    for _ in 0..TRIES {
        sale.stack.cut_from_peers(master.addr.ip())?;
        // What was granted before is in the journal by then.
        sleep(IN_FLIGHT);
        let before = OnSale::find(sale.stack)?;
        if until("a grant that nobody else hears of", ALONE, || before.has_granted_since(sale.stack)).is_ok() {
            return Ok(());
        }
        sale.stack.heal(master.addr.ip())?;
        redis.wait_ready()?;
    }
    bail!("nothing was granted while the master was alone, in {TRIES} tries")
}

/// Everything that Redis knew is gone.
pub fn flush(sale: &mut Sale, rounds: u32) -> Result<()> {
    let redis = sale.stack.redis()?;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("FLUSHALL of every Redis node", Kind::Other, Back::AfterFault(S(30)))?;
        redis.flush_all()?;
        sale.healed(n)?;
        calm(sale);
    }
    no_older_epoch(sale)
}

/// The sale's master is cut off, now from everybody, now only from its peers: then our programs go on asking it while the others
/// vote it out. It comes back and must find itself replaced.
pub fn cut(sale: &mut Sale, rounds: u32) -> Result<()> {
    for _ in 0..rounds {
        cut_off(sale, "everybody", |sale, master| sale.stack.cut(master.ip()))?;
        cut_off(sale, "its peers", |sale, master| sale.stack.cut_from_peers(master.ip()))?;
    }
    no_older_epoch(sale)
}

fn cut_off(sale: &mut Sale, from: &str, cut: fn(&Sale, SocketAddr) -> Result<()>) -> Result<()> {
    calm(sale);
    let redis = sale.stack.redis()?;
    let master = redis.master_of(&OnSale::find(sale.stack)?.slot())?.addr;
    let what = format!("the sale's Redis master ({master}) is cut off from {from}");
    let n = sale.fault(&what, Kind::Other, Back::AfterFault(S(15)))?;
    cut(sale, master)?;
    sale.go_on(S(5), S(10));
    sale.stack.heal(master.ip())?;
    redis.wait_ready()?;
    sale.healed(n)
}

/// Nothing was committed with a grant of an epoch that was over.
fn no_older_epoch(sale: &mut Sale) -> Result<()> {
    let item = OnSale::find(sale.stack)?;
    match item.commits_of_an_older_epoch(sale.stack)? {
        0 => sale.seen(&format!("epoch {} in the end; no commit with an older grant", item.epoch)),
        n => sale.wrong(&format!("{n} commits with a grant of an older epoch")),
    }
}
