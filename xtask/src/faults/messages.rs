//! What is done to the messages in RabbitMQ: every one comes many times and late, and some are nonsense.

use std::time::Duration;

use anyhow::Result;

use super::{
    breaking::{S, calm, until},
    broker::{Broker, Overheard},
    crowd::{Back, Kind, Sale},
};

/// What nobody can read is put aside this long after it came.
const ASIDE_WITHIN: Duration = Duration::from_secs(1);
/// Messages of one queue that are looked at in one go.
const LOOK_MAX: u32 = 1_000;
/// So often a message comes again.
const COPIES: usize = 4;
/// In each round it is overheard, and put again, so often.
const LISTENS: u32 = 8;

/// Every message, also a timer's, comes five times, in any order and seconds later.
pub fn duplicates(sale: &mut Sale, rounds: u32) -> Result<()> {
    let rabbit = sale.stack.rabbit()?;
    let broker = Broker::of(&sale.stack.running().rabbit_management);
    broker.tap()?;
    rabbit.ctl(&["trace_on"])?;
    let mut copies = 0;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("every message five times, in any order", Kind::Other, Back::AfterHealing(S(10)))?;
        copies += double(sale, &broker)?;
        sale.healed(n)?;
    }
    rabbit.ctl(&["trace_off"])?;
    broker.untap()?;
    match copies {
        0 => sale.wrong("no message was overheard, so none was doubled"),
        _ => sale.seen(&format!("{copies} messages more than were sent")),
    }
}

fn double(sale: &mut Sale, broker: &Broker) -> Result<usize> {
    let (mut late, mut copies) = (vec![], 0);
    for listen in 1..=LISTENS {
        sale.go_on(Duration::from_millis(500), S(1));
        let heard = broker.overheard(LOOK_MAX)?;
        late.extend((0..COPIES).flat_map(|_| heard.iter().cloned()));
        sale.dice.shuffle(&mut late);
        // Half of them now, the others with later ones; in the end all.
        let kept = if listen == LISTENS { 0 } else { late.len() / 2 };
        let now: Vec<Overheard> = late.split_off(kept);
        broker.again(&now)?;
        copies += now.len();
    }
    Ok(copies)
}

fn claim_queues(sale: &Sale) -> Result<Vec<String>> {
    let queues = sale.stack.rabbit()?.ctl(&["list_queues", "--quiet", "--no-table-headers", "name"])?;
    let is_claims = |name: &&str| name.rsplit_once("claims.").is_some_and(|(_, n)| n.parse::<u32>().is_ok());
    Ok(queues.lines().map(str::trim).filter(is_claims).map(str::to_owned).collect())
}

/// Messages that nobody can read, among those that everybody can.
pub fn poison(sale: &mut Sale, rounds: u32) -> Result<()> {
    let broker = Broker::of(&sale.stack.running().rabbit_management);
    for _ in 0..rounds {
        calm(sale);
        let before = parked(&broker)?;
        let n = sale.fault("poison in every claims queue", Kind::Other, Back::AfterFault(S(10)))?;
        let (queues, nonsense) = (claim_queues(sale)?, nonsense());
        queues.iter().try_for_each(|queue| broker.put(queue, &nonsense))?;
        let put = queues.len() * nonsense.len();
        let wanted = before + put;
        let aside =
            until("the poison to be put aside", ASIDE_WITHIN, || parked(&broker).is_ok_and(|now| now >= wanted));
        sale.healed(n)?;
        match aside {
            Ok(()) => sale.seen(&format!("{put} unreadable messages were put aside"))?,
            Err(error) => sale.wrong(&format!("{error:#}; {} of {wanted} lie there", parked(&broker)?))?,
        }
    }
    Ok(())
}

/// In base64: nothing, `null`, a torn one, one from the future, no UTF-8, and 60,000 times `[`.
fn nonsense() -> Vec<String> {
    let short = ["", "bnVsbA==", "eyJ2IjoxLCJjb21tYW5kcyI6W3s=", "eyJ2Ijo5OTk5LCJjb21tYW5kcyI6W119", "//4AwyE="];
    short.iter().map(|text| (*text).to_owned()).chain(["W1tb".repeat(20_000)]).collect()
}

fn parked(broker: &Broker) -> Result<usize> {
    broker.count("claims.parked", LOOK_MAX)
}
