//! Laws of the claim: 2 one live claim and the limit, 3 one outcome.

use std::collections::{HashMap, HashSet};

use super::{
    case::Case,
    record::What,
    story::{Life, Step},
};
use crate::claim::{ClaimState, QUANTITY_MAX};

/// What one buyer has of one item.
#[derive(Clone, Copy, Default)]
struct Has {
    live: u32,
    units: u32,
}

/// Law 2: at most one live claim for each buyer and item; their units never exceed the purchase limit.
pub fn one_live_claim(case: &Case) -> Vec<String> {
    let mut buyers = HashMap::new();
    let mut wrong = vec![];
    for step in case.steps() {
        let Some(claim) = step.change.claim_id.and_then(|id| case.claims.get(&id)) else { continue };
        let Some(item) = case.items.get(&claim.sale_item_id) else { continue };
        let counts = !case.given_back.contains(&claim.id);
        let has: &mut Has = buyers.entry((claim.sale_item_id, claim.buyer_id)).or_default();
        let before = *has;
        has.live = has.live + u32::from(step.is.is_live()) - u32::from(step.was.is_live());
        has.units = has.units + units(&step.is, counts) - units(&step.was, counts);
        if has.live > 1 && has.live > before.live {
            wrong.push(format!("buyer {} has {} live claims on item {}", claim.buyer_id, has.live, item.id));
        }
        if has.units > item.purchase_limit && has.units > before.units {
            let limit = item.purchase_limit;
            wrong.push(format!(
                "buyer {} has {} units of item {}, the limit is {limit}",
                claim.buyer_id, has.units, item.id
            ));
        }
        if step.was.state.is_none() && step.is.is_live() && (claim.quantity == 0 || claim.quantity > QUANTITY_MAX) {
            wrong.push(format!("claim {}: {} units were granted", claim.id, claim.quantity));
        }
    }
    wrong
}

fn units(life: &Life, counts: bool) -> u32 {
    if counts { life.taken() + life.waiting() } else { 0 }
}

/// Law 3: every receipt has exactly one claim row, decided once; when the sale has ended, so has every claim.
pub fn one_outcome(case: &Case) -> Vec<String> {
    let twice = case.steps().filter(|s| is_second_decision(s)).map(|s| {
        format!(
            "claim {}: decided again in change {}: {:?} after {:?}",
            id(s),
            s.change.seq,
            s.change.what,
            s.was.state
        )
    });
    let mut seen = HashSet::new();
    let rows =
        case.record.claims.iter().filter(move |c| !seen.insert(c.id)).map(|c| format!("claim {}: two rows", c.id));
    let still = case.record.still || case.ended();
    let lost = case
        .record
        .receipts
        .iter()
        .filter(move |r| still && !case.claims.contains_key(&r.claim_id))
        .map(|r| format!("claim {}: its receipt of {} was never decided", r.claim_id, r.at.0));
    let ended = case.ended();
    let open =
        case.story.lives.iter().filter(move |(_, life)| ended && !life.state.is_some_and(ClaimState::is_terminal));
    let open = open.map(|(id, life)| format!("claim {id}: still {:?} after the end", life.state));
    twice.chain(rows).chain(lost).chain(open).collect()
}

fn is_second_decision(step: &Step) -> bool {
    match step.change.what {
        What::Held | What::Standby => step.was.state.is_some(),
        What::Refused => !matches!(step.was.state, None | Some(ClaimState::Standby)),
        _ => false,
    }
}

fn id(step: &Step) -> String {
    step.change.claim_id.map_or_else(String::new, |id| id.to_string())
}
