//! Laws of money: 9 paid is for ever, 10 money equals goods, 14 mails.

use std::collections::{HashMap, HashSet};

use super::{
    case::Case,
    record::{OrderRow, ProviderEvent, Standing},
};
use crate::{
    claim::ClaimState,
    ids::{ClaimId, OrderId},
    order::OrderState,
    port::payments::{PaymentKey, PaymentState},
};

/// Law 9: an order once shown exists, unchanged but for what may follow `paid`; a claim once told paid has its order.
pub fn paid_for_ever(case: &Case) -> Vec<String> {
    let shown = case.record.orders_told.iter().filter_map(|seen| {
        let same = case.orders.get(&seen.order_id).is_some_and(|order| {
            (order.claim_id, order.buyer_id, order.quantity, order.total)
                == (seen.claim_id, seen.buyer_id, seen.quantity, seen.total)
        });
        (!same).then(|| format!("order {}: shown to its buyer, and now gone or other than it was", seen.order_id))
    });
    let paid = case.record.told.iter().filter(|seen| seen.state == ClaimState::Paid).filter_map(|seen| {
        let order = case.order_of.get(&seen.claim_id);
        let wrong = order.is_none_or(|order| seen.order_id.is_some_and(|id| id != order.id));
        wrong.then(|| format!("claim {}: told paid, its order {:?} is not there", seen.claim_id, seen.order_id))
    });
    shown.chain(paid).collect()
}

/// Law 10: every order costs what the sale says; every capture has its order, once, of its amount; at rest every paid order has its
/// capture (or staff know why not) and no authorisation is left without an order.
pub fn money_equals_goods(case: &Case) -> Vec<String> {
    let mut wrong: Vec<_> = case.record.orders.iter().filter_map(|order| wrong_price(case, order)).collect();
    let allocated = case.story.lives.iter().filter(|(_, life)| life.state == Some(ClaimState::Paid));
    let missing = allocated.filter(|(claim, _)| !case.order_of.contains_key(claim));
    wrong.extend(missing.map(|(claim, _)| format!("claim {claim}: allocated without an order")));
    if let Some(events) = &case.record.provider {
        let captures = captures(events);
        wrong.extend(captures.iter().flat_map(|(claim, list)| wrong_captures(case, *claim, list)));
        if case.record.still {
            wrong.extend(case.record.orders.iter().filter_map(|order| unpaid(case, order, &captures)));
            wrong.extend(left_over(case, events));
        }
    }
    wrong
}

fn wrong_price(case: &Case, order: &OrderRow) -> Option<String> {
    let price = case.items.get(&order.sale_item_id)?.price.times(order.quantity);
    let hold = case.story.lives.get(&order.claim_id);
    let backed = hold.is_some_and(|life| life.state == Some(ClaimState::Paid) && life.quantity == order.quantity);
    (price != Some(order.total) || !backed)
        .then(|| format!("order {}: {:?} for {} units, backed by {:?}", order.id, order.total, order.quantity, hold))
}

fn captures(events: &[ProviderEvent]) -> HashMap<ClaimId, Vec<&ProviderEvent>> {
    let mut captures: HashMap<_, Vec<_>> = HashMap::new();
    for event in events.iter().filter(|e| e.state == PaymentState::Captured) {
        captures.entry(event.key.claim_id).or_default().push(event);
    }
    captures
}

fn wrong_captures(case: &Case, claim: ClaimId, list: &[&ProviderEvent]) -> Vec<String> {
    let mut wrong = vec![];
    if list.len() > 1 {
        wrong.push(format!("claim {claim}: captured {} times", list.len()));
    }
    match case.order_of.get(&claim) {
        None => wrong.push(format!("claim {claim}: captured without an order")),
        Some(order) => wrong.extend(
            list.iter()
                .filter(|e| e.amount != order.total)
                .map(|e| format!("order {}: captured {:?} where {:?} is owed", order.id, e.amount, order.total)),
        ),
    }
    wrong
}

/// A paid order whose money never came, silently.
fn unpaid(case: &Case, order: &OrderRow, captures: &HashMap<ClaimId, Vec<&ProviderEvent>>) -> Option<String> {
    let paged = |p: &super::record::PaymentRow| p.key.claim_id == order.claim_id && p.state == Standing::CaptureFailed;
    let owed = matches!(order.state, OrderState::Paid | OrderState::Shipped | OrderState::Completed);
    (owed && !captures.contains_key(&order.claim_id) && !case.record.payments.iter().any(paged))
        .then(|| format!("order {}: {:?}, and never captured", order.id, order.state))
}

/// Payments that ended wrongly at the provider: money reserved or kept without goods, or goods without money.
fn left_over(case: &Case, events: &[ProviderEvent]) -> Vec<String> {
    let last: HashMap<PaymentKey, &ProviderEvent> = events.iter().map(|e| (e.key, e)).collect();
    let ended = case.ended();
    let mut wrong: Vec<_> = last
        .values()
        .filter_map(|e| {
            let order = case.order_of.get(&e.key.claim_id);
            let refunded = order.is_some_and(|o| o.state == OrderState::Refunded);
            match e.state {
                PaymentState::Authorised if ended => Some("still authorised after the end"),
                PaymentState::Captured if refunded => Some("kept, though its order is refunded"),
                PaymentState::Refunded if order.is_some() && !refunded => Some("refunded, though its order stands"),
                _ => None,
            }
            .map(|what| format!("payment {} of claim {}: {what}", e.key.attempt, e.key.claim_id))
        })
        .collect();
    wrong.sort();
    wrong
}

/// Law 14: each paid order has its mail, always the same one, to its own address; nothing else has.
pub fn mails(case: &Case) -> Vec<String> {
    let Some(mails) = &case.record.mails else { return vec![] };
    let mut ids: HashMap<OrderId, HashSet<&str>> = HashMap::new();
    let mut wrong = vec![];
    for mail in mails {
        ids.entry(mail.order_id).or_default().insert(&mail.message_id);
        match case.orders.get(&mail.order_id) {
            None => wrong.push(format!("order {}: a mail went out for it, and there is no such order", mail.order_id)),
            Some(order) if order.mail_to != mail.to => {
                wrong.push(format!("order {}: mailed to somebody else", order.id))
            }
            Some(_) => {}
        }
    }
    wrong.extend(
        ids.iter().filter(|(_, ids)| ids.len() > 1).map(|(id, _)| format!("order {id}: mailed under two message ids")),
    );
    if case.record.still {
        let missing = case.record.orders.iter().filter(|order| !ids.contains_key(&order.id));
        wrong.extend(missing.map(|order| format!("order {}: no mail went out", order.id)));
    }
    wrong
}
