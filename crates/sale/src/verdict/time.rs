//! Laws of time: 8 honest deadlines, 11 passes, 17 the window.

use std::collections::{BTreeSet, HashMap};

use super::{case::Case, record::What, story::Step};
use crate::{
    claim::ClaimState,
    ids::{ClaimId, SaleId},
    rules::{DOUBT_MS, GRACE_MS},
    time::UnixMs,
};

/// How late after deadline and grace a hold may still stand.
const LATE_MAX_MS: i64 = 5_000;
/// How far a door's idea of the journal's clock may be off when it opens.
const DOOR_ERROR_MS: i64 = 20;

/// Law 8: no hold ends by time before the last deadline told plus the grace (plus the doubt bound, if it was paying), nor much
/// later; and whenever the clock had stood still, every live deadline moved by as much.
pub fn honest_deadlines(case: &Case) -> Vec<String> {
    let expired = case.steps().filter(|s| s.change.what == What::Expired);
    expired.filter_map(|s| dishonest(case, s)).chain(overdue(case)).chain(unshifted(case)).collect()
}

fn dishonest(case: &Case, step: &Step) -> Option<String> {
    let claim = step.change.claim_id?;
    let Some(deadline) = step.was.deadline else { return Some(format!("claim {claim}: expired without a deadline")) };
    let at = step.change.at;
    let told = case.told.get(&claim).into_iter().flatten().filter_map(|seen| seen.deadline).max();
    if let Some(told) = told.filter(|told| at < *told) {
        return Some(format!("claim {claim}: released {} ms before the deadline told", told - at));
    }
    let bound_ms = if step.was.state == Some(ClaimState::Paying) { DOUBT_MS } else { GRACE_MS };
    if at < deadline + bound_ms {
        return Some(format!(
            "claim {claim}: released {} ms after its deadline, {bound_ms} are promised",
            at - deadline
        ));
    }
    // A declined payment may come back after the deadline; then the hold is due from there.
    let due = (deadline + bound_ms).max(step.was.since);
    (at - due > LATE_MAX_MS && !case.faulty(deadline, at))
        .then(|| format!("claim {claim}: released {} ms after it was due", at - due))
}

/// Holds that should have ended before the record was taken.
fn overdue<'a>(case: &'a Case) -> impl Iterator<Item = String> + 'a {
    let at = case.record.at;
    case.record.holds.iter().filter_map(move |hold| {
        let life = case.story.lives.get(&hold.claim_id)?;
        let paused = case.sale_of(hold.sale_item_id).is_some_and(|sale| sale.paused_at.is_some());
        let due = (hold.deadline + GRACE_MS).max(life.since);
        let late = life.state == Some(ClaimState::Held) && at - due > LATE_MAX_MS;
        (late && !paused && !case.faulty(hold.deadline, at))
            .then(|| format!("claim {}: still held {} ms after it was due", hold.claim_id, at - due))
    })
}

/// Deadlines that stayed where they were although the clock had stood still.
fn unshifted(case: &Case) -> Vec<String> {
    let mut shifts = shifts(case).into_iter().peekable();
    let mut live: HashMap<ClaimId, Step> = HashMap::new();
    let mut wrong = vec![];
    for step in case.steps() {
        while let Some(shift) = shifts.next_if(|(at, _)| *at < step.change.at) {
            wrong.extend(live.values().filter_map(|last| forgotten(case, shift, last)));
        }
        let Some(claim) = step.change.claim_id else { continue };
        match step.is.state {
            Some(ClaimState::Held | ClaimState::Paying) => live.insert(claim, *step),
            _ => live.remove(&claim),
        };
    }
    for shift in shifts {
        wrong.extend(live.values().filter_map(|last| forgotten(case, shift, last)));
    }
    wrong
}

/// When deadlines had to move, and of which sale (of all, if none): as written down, and wherever a neighbour's did.
fn shifts(case: &Case) -> BTreeSet<(UnixMs, Option<SaleId>)> {
    let written = case.record.shifts.iter().filter(|s| s.by_ms > 0).map(|s| (s.at, s.sale_id));
    let moved = case.steps().filter(|s| s.change.what == What::Shifted);
    let moved = moved.filter_map(|s| Some((s.change.at, Some(case.sale_of(s.change.sale_item_id)?.id))));
    written.chain(moved).collect()
}

fn forgotten(case: &Case, (at, sale): (UnixMs, Option<SaleId>), last: &Step) -> Option<String> {
    let claim = case.claims.get(&last.change.claim_id?)?;
    let concerned = sale.is_none_or(|sale| case.sale_of(claim.sale_item_id).is_some_and(|own| own.id == sale));
    // A change at the very instant of the shift may stand before or after it.
    (concerned && last.change.at < at)
        .then(|| format!("claim {}: its deadline did not move at {}, when the clock had stood still", claim.id, at.0))
}

/// Law 11: a pass never outlives the deadline it came with, and no checkout began after the deadline.
pub fn passes(case: &Case) -> Vec<String> {
    let told = case.record.told.iter().filter_map(|seen| {
        let expires_at = seen.pass_expires_at?;
        let live = matches!(seen.state, ClaimState::Held | ClaimState::Paying);
        let wrong = !live || seen.deadline.is_none_or(|deadline| expires_at > deadline);
        wrong.then(|| {
            format!("claim {}: a pass to {} for {:?} to {:?}", seen.claim_id, expires_at.0, seen.state, seen.deadline)
        })
    });
    let paying = case.steps().filter(|s| s.change.what == What::Paying).filter_map(|s| {
        let late_ms = s.change.at - s.was.deadline?;
        (late_ms > 0).then(|| format!("change {}: checkout began {late_ms} ms after the deadline", s.change.seq))
    });
    told.chain(paying).collect()
}

/// Law 17: nothing is accepted before the opening by the journal's clock, and nothing is won after the close.
pub fn window(case: &Case) -> Vec<String> {
    let won = case.steps().filter(|s| matches!(s.change.what, What::Held | What::Standby | What::Promoted));
    let won = won.filter_map(|s| {
        let sale = case.sale_of(s.change.sale_item_id)?;
        let at = s.change.at;
        // At the very instant of a close by hand, a hold may stand before it.
        let late = at > sale.closes_at && sale.paused_at.is_none();
        (at < sale.opens_at || late).then(|| {
            let (opens, closes) = (sale.opens_at.0, sale.closes_at.0);
            format!(
                "change {}: {:?} at {}, the sale was open from {opens} to {closes}",
                s.change.seq, s.change.what, at.0
            )
        })
    });
    let error_ms = DOOR_ERROR_MS + case.record.clock_error_ms;
    let early = case.record.receipts.iter().filter_map(move |r| {
        let opens_at = case.sale_of(r.sale_item_id)?.opens_at;
        let at: UnixMs = r.received_at.unwrap_or(r.at);
        (at + error_ms < opens_at)
            .then(|| format!("claim {}: a receipt {} ms before the opening", r.claim_id, opens_at - at))
    });
    won.chain(early).collect()
}
