//! Laws of trust: 12 ownership, 13 idempotency, 19 privacy, 20 bounds.

use std::collections::{HashMap, HashSet};

use super::{case::Case, observe::Answer};

/// Answers that are stored with their key and come again as they were.
const ENDINGS: [u16; 3] = [201, 402, 410];

/// Law 12: every forged, replayed, foreign or unauthorised request got a 4xx and left no row.
pub fn ownership(case: &Case) -> Vec<String> {
    case.record
        .http
        .iter()
        .filter_map(|attempt| {
            let row = attempt.never.filter(|claim| case.claims.contains_key(claim));
            let refused = (400..500).contains(&attempt.status);
            (!refused || row.is_some()).then(|| format!("{}: answered {}, left {row:?}", attempt.kind, attempt.status))
        })
        .collect()
}

/// Law 13: the same route, buyer and key have one ending, one body and one effect.
pub fn idempotent(case: &Case) -> Vec<String> {
    let mut keys: HashMap<_, HashSet<_>> = HashMap::new();
    for answer in case.record.answers.iter().filter(|a| ENDINGS.contains(&a.status)) {
        let Answer { buyer_id, route, key, body_hash, status, answer_hash, .. } = answer;
        keys.entry((buyer_id, route, key)).or_default().insert((body_hash, status, answer_hash));
    }
    let many = keys.iter().filter(|(_, endings)| endings.len() > 1);
    let many = many
        .map(|((buyer, route, key), e)| format!("{route}, buyer {buyer}, key {key}: {} different endings", e.len()));
    let mut seen = HashSet::new();
    let twice = case.record.orders.iter().filter(move |order| !seen.insert(order.claim_id));
    many.chain(twice.map(|order| format!("claim {}: two orders", order.claim_id))).collect()
}

/// Law 19: no client saw another's claim or order, and no log has anything private.
pub fn privacy(case: &Case) -> Vec<String> {
    let orders = case.record.orders_told.iter().filter_map(|seen| {
        let owner = case.orders.get(&seen.order_id)?.buyer_id;
        (owner != seen.buyer_id).then(|| format!("order {}: shown to buyer {}", seen.order_id, seen.buyer_id))
    });
    let claims = case.record.told.iter().filter_map(|seen| {
        let owner = case.claims.get(&seen.claim_id)?.buyer_id;
        (owner != seen.buyer_id).then(|| format!("claim {}: shown to buyer {}", seen.claim_id, seen.buyer_id))
    });
    orders
        .chain(claims)
        .chain(case.record.leaks.iter().map(|line| format!("a log shows private data: {line}")))
        .collect()
}

/// Law 20: nothing exceeded its configured limit, the standby list included.
pub fn bounds(case: &Case) -> Vec<String> {
    let seen = case.record.bounds.iter().filter(|b| b.most > b.limit);
    let seen = seen.map(|b| format!("{}: {} where {} is the limit", b.name, b.most, b.limit));
    let line = case.steps().filter_map(|s| {
        let limit = case.items.get(&s.change.sale_item_id)?.standby_limit;
        let grew = s.after.waiting > s.before.waiting && s.after.waiting > limit;
        grew.then(|| format!("item {}: {} units on a standby list of {limit}", s.change.sale_item_id, s.after.waiting))
    });
    seen.chain(line).collect()
}
