//! Laws of counting: 1 oversell, 15 conservation, 18 sold out.

use std::collections::HashMap;

use super::{case::Case, record::What};
use crate::{
    claim::{ClaimState, Reason},
    ids::SaleItemId,
    sale::ItemState,
    time::UnixMs,
};

/// Law 1: at every commit the units held, paying or allocated are at most the allotment; and so are those that clients
/// last heard were theirs.
pub fn never_oversold(case: &Case) -> Vec<String> {
    let written = case.steps().filter(|s| s.after.taken > s.after.allotment).map(|s| {
        format!(
            "item {}: {} of {} units taken after change {} ({:?})",
            s.change.sale_item_id, s.after.taken, s.after.allotment, s.change.seq, s.change.what
        )
    });
    let told = promised(case).into_iter().filter_map(|(item, units)| {
        let allotment = case.items.get(&item)?.allotment;
        (units > allotment).then(|| format!("item {item}: clients were told of {units} units, {allotment} exist"))
    });
    written.chain(told).collect()
}

/// Units that clients last heard were theirs: paid, or held to a deadline that has not come.
fn promised(case: &Case) -> HashMap<SaleItemId, u32> {
    let mut units = HashMap::new();
    for (claim, list) in &case.told {
        let Some(last) = list.last() else { continue };
        let running = matches!(last.state, ClaimState::Held | ClaimState::Paying)
            && last.deadline.is_some_and(|d| d >= case.record.at)
            // Given back by the buyer, whose client may have gone before it heard the answer.
            && case.story.lives.get(claim).is_none_or(|life| life.state != Some(ClaimState::Withdrawn));
        if running || last.state == ClaimState::Paid {
            *units.entry(last.sale_item_id).or_default() += last.quantity;
        }
    }
    units
}

/// Law 15: the counters, the rows and the log tell one story: allotment = free + taken, and each unit alternates.
pub fn conserved(case: &Case) -> Vec<String> {
    drifts(case).chain(rows_against_log(case)).chain(counters(case)).collect()
}

fn drifts<'a>(case: &'a Case) -> impl Iterator<Item = String> + 'a {
    case.steps().filter_map(|s| {
        let off = |said: Option<u32>, is: u32| said.is_some_and(|said| said != is);
        (off(s.change.taken, s.after.taken) || off(s.change.waiting, s.after.waiting)).then(|| {
            format!(
                "change {} ({:?}) says taken {:?}, waiting {:?}; the log adds up to {} and {}",
                s.change.seq, s.change.what, s.change.taken, s.change.waiting, s.after.taken, s.after.waiting
            )
        })
    })
}

fn rows_against_log<'a>(case: &'a Case) -> impl Iterator<Item = String> + 'a {
    let rows = case.record.claims.iter().filter_map(|claim| {
        let (row, _) = case.stands(claim);
        let log = case.story.lives.get(&claim.id).and_then(|life| life.state);
        (log != Some(row)).then(|| format!("claim {}: its rows say {row:?}, the log {log:?}", claim.id))
    });
    let strays = case.story.lives.keys().filter(|id| !case.claims.contains_key(id));
    rows.chain(strays.map(|id| format!("claim {id}: in the log, but it has no row")))
}

fn counters<'a>(case: &'a Case) -> impl Iterator<Item = String> + 'a {
    case.record.items.iter().flat_map(|item| {
        let log = case.story.items.get(&item.id).copied().unwrap_or_default();
        let (units, places) = (item.levels.units, item.levels.places);
        let checks = [
            ("taken", i64::from(item.taken), i64::from(log.taken)),
            ("waiting", i64::from(item.waiting), i64::from(log.waiting)),
            ("free units by the counters", units.available(), i64::from(item.allotment) - i64::from(item.taken)),
            (
                "free places by the counters",
                places.available(),
                i64::from(item.standby_limit) - i64::from(item.waiting),
            ),
        ];
        let id = item.id;
        let wrong = checks.into_iter().filter(|(_, is, should)| is != should);
        wrong.map(move |(what, is, should)| format!("item {id}: {what} is {is}, should be {should}"))
    })
}

/// Checkout takes no lock of the item: a claim that was decided beside the last payment may be written a moment after it.
const BESIDE_MS: i64 = 2_000;

/// Law 18: "sold out" is said only when every unit is paid, "all held" only while something may come back.
pub fn sold_out_is_true(case: &Case) -> Vec<String> {
    refusals(case).chain(shown(case)).collect()
}

fn refusals<'a>(case: &'a Case) -> impl Iterator<Item = String> + 'a {
    let mut last_paid: HashMap<SaleItemId, UnixMs> = HashMap::new();
    case.steps().filter_map(move |s| {
        if s.change.what == What::Allocated {
            last_paid.insert(s.change.sale_item_id, s.change.at);
        }
        if s.change.what != What::Refused {
            return None;
        }
        let claim = case.claims.get(&s.change.claim_id?)?;
        let all_paid = s.before.paid >= s.before.allotment;
        let since_ms = last_paid.get(&s.change.sale_item_id).map_or(i64::MAX, |paid| s.change.at - *paid);
        let wrong = match claim.reason? {
            Reason::SoldOut => !all_paid,
            Reason::AllHeld => all_paid && since_ms > BESIDE_MS,
            // It has its outcome, but never silently: this is a bug of ours.
            Reason::Failed => true,
            _ => false,
        };
        wrong.then(|| {
            let (paid, allotment) = (s.before.paid, s.before.allotment);
            format!("claim {}: refused as {:?} while {paid} of {allotment} units were paid", claim.id, claim.reason)
        })
    })
}

fn shown<'a>(case: &'a Case) -> impl Iterator<Item = String> + 'a {
    case.record.stocks.iter().filter_map(|s| {
        let item = case.items.get(&s.sale_item_id)?;
        let impossible = match s.state {
            ItemState::SoldOut => s.available + s.held > 0,
            ItemState::AllHeld => s.available > 0 || s.held == 0,
            ItemState::OnSale => s.available == 0,
            ItemState::Closed => false,
        };
        // Paid units never come back by themselves, so a figure above the last one was never true.
        let never =
            s.paid > case.story.items.get(&s.sale_item_id)?.paid || s.available + s.held + s.paid > item.allotment;
        (impossible || never).then(|| {
            let (a, h, p) = (s.available, s.held, s.paid);
            format!("item {}: shown as {:?} with {a} available, {h} held, {p} paid", item.id, s.state)
        })
    })
}
