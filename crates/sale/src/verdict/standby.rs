//! Laws of waiting: 6 by ticket, 7 no idle unit.

use std::collections::{HashMap, HashSet};

use super::{case::Case, record::What};
use crate::{ids::SaleItemId, time::UnixMs};

/// Units may be free beside a head that wants them for so long, and no longer.
const IDLE_MAX_MS: i64 = 2_000;

/// Law 6: tickets are unique and in commit order; the head is promoted and nobody else; no newcomer wins while anybody waits.
pub fn in_order(case: &Case) -> Vec<String> {
    let mut wrong = doubled(case);
    let mut last: HashMap<SaleItemId, i64> = HashMap::new();
    for step in case.steps() {
        let (Some(claim), item) = (step.change.claim_id, step.change.sale_item_id) else { continue };
        match step.change.what {
            What::Standby => match case.entries.get(&claim).map(|e| e.ticket) {
                None => wrong.push(format!("claim {claim}: stood by without an entry")),
                Some(ticket) if last.insert(item, ticket).is_some_and(|l| ticket <= l) => {
                    wrong.push(format!("claim {claim}: its ticket {ticket} is not above the one before"));
                }
                Some(_) => {}
            },
            What::Promoted if step.before.head.is_none_or(|head| head.claim_id != claim) => {
                let head = step.before.head.map(|head| head.claim_id);
                wrong.push(format!("claim {claim}: promoted while {head:?} was first in line"));
            }
            What::Held if step.before.head.is_some() => {
                wrong
                    .push(format!("claim {claim}: a newcomer won while {} units were waited for", step.before.waiting));
            }
            _ => {}
        }
    }
    wrong
}

fn doubled(case: &Case) -> Vec<String> {
    let mut seen = HashSet::new();
    let again = case.record.standby.iter().filter(|e| !seen.insert((e.sale_item_id, e.ticket)));
    again.map(|e| format!("item {}: ticket {} was given twice", e.sale_item_id, e.ticket)).collect()
}

/// Law 7: free units and a waiting head who could take them do not stand side by side for more than two seconds.
///
/// A change settles before its commit, so only what lasts from one instant to a later one counts; a close ends it.
pub fn no_idle_unit(case: &Case) -> Vec<String> {
    let mut since: HashMap<SaleItemId, UnixMs> = HashMap::new();
    let mut wrong = vec![];
    for step in case.steps() {
        let item = step.change.sale_item_id;
        if let Some(from) = since.get(&item) {
            wrong.extend(idle(case, item, *from, step.change.at));
        }
        match step.after.idle() {
            true => since.entry(item).or_insert(step.change.at),
            false => {
                since.remove(&item);
                continue;
            }
        };
    }
    wrong.extend(since.into_iter().filter_map(|(item, from)| idle(case, item, from, case.record.at)));
    wrong
}

fn idle(case: &Case, item: SaleItemId, from: UnixMs, to: UnixMs) -> Option<String> {
    let until = case.sale_of(item).map_or(to, |sale| sale.closes_at.min(to));
    let ms = until - from;
    (ms > IDLE_MAX_MS).then(|| format!("item {item}: units lay free for {ms} ms while the head could take them"))
}
