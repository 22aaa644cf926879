//! Nodes that stand still in the middle of a transaction, wake past every deadline, and must not write what they meant to.

use std::{
    fs,
    thread::{self, sleep},
    time::Duration,
};

use anyhow::{Context, Result};
use stack::Server;

use super::{
    breaking::{S, calm, nodes, until},
    crowd::{Back, Kind, Sale},
    on_sale::OnSale,
};

/// So long somebody else has the item's row, so that whoever decides on it waits inside a transaction.
const IN_THE_WAY_S: f64 = 1.5;
/// After so much of it the node is stopped.
const STOP_AFTER: Duration = Duration::from_millis(1_200);
/// Whoever runs does something in its transaction more often than that.
const LEFT_OPEN: Duration = Duration::from_millis(400);
/// Nodes that are stopped until one of them was in the middle of something.
const TRIES: usize = 12;
/// As PostgreSQL says that it ended a transaction whose client went silent.
const ENDED: &str = "due to idle-in-transaction timeout";

/// SIGSTOP of a consumer past hold, grace and every lease.
pub fn zombies(sale: &mut Sale, rounds: u32) -> Result<()> {
    for _ in 0..rounds {
        calm(sale);
        stop_in_the_middle(sale)?;
    }
    Ok(())
}

/// Stops one consumer after the other until one had a transaction open, and lets that one sleep.
fn stop_in_the_middle(sale: &mut Sale) -> Result<()> {
    let before = ended(sale)?;
    let held = sale.fault("somebody else has the item's row", Kind::Other, Back::AfterFault(S(25)))?;
    let consumers = nodes(sale, "consumer")?;
    let mut asleep = None;
    for server in consumers.iter().cycle().take(TRIES) {
        if stopped_inside(sale, server)? {
            asleep = Some(server);
            break;
        }
        server.resume()?;
    }
    let Some(server) = asleep else { return sale.wrong("no consumer was ever inside a transaction") };
    let what = format!("SIGSTOP {} inside a transaction", server.name());
    let n = sale.fault(&what, Kind::Other, Back::AfterFault(S(20)))?;
    sale.go_on(S(12), S(15));
    server.resume()?;
    [held, n].into_iter().try_for_each(|n| sale.healed(n))?;
    match until("PostgreSQL to refuse its writes", S(5), || ended(sale).is_ok_and(|now| now > before)) {
        Ok(()) => sale.seen(&format!("what {} meant to write was refused", server.name())),
        Err(error) => sale.wrong(&format!("{error:#}")),
    }
}

/// Stops a node while the item's row is somebody else's. Returns whether a transaction stays open behind it.
fn stopped_inside(sale: &Sale, server: &Server) -> Result<bool> {
    let item = OnSale::find(sale.stack)?;
    thread::scope(|scope| {
        let in_the_way = scope.spawn(|| item.stand_in_the_way(sale.stack, IN_THE_WAY_S));
        sleep(STOP_AFTER);
        server.pause()?;
        in_the_way.join().ok().context("the row could not be held")?
    })?;
    sleep(LEFT_OPEN);
    let open = sale.stack.postgres()?.journal_sql(&format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND now() - state_change > interval '{} ms'",
        LEFT_OPEN.as_millis() / 2
    ))?;
    Ok(open.trim() != "0")
}

/// Transactions that the server ended since its start because their client went silent.
fn ended(sale: &Sale) -> Result<usize> {
    let log = fs::read(sale.stack.postgres()?.primary.log())?;
    Ok(String::from_utf8_lossy(&log).matches(ENDED).count())
}
