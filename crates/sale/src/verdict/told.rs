//! Laws of telling: 4 no contradiction, 5 told is a subset of committed.

use std::collections::HashMap;

use super::{
    case::Case,
    observe::Seen,
    record::{ClaimRow, What},
    story::Step,
};
use crate::{claim::ClaimState, ids::ClaimId};

/// Law 4: a client that keeps the highest version is never told two things at once, nor anything after an end; and no
/// row left a state that it cannot leave.
pub fn no_contradiction(case: &Case) -> Vec<String> {
    let log = case
        .steps()
        .filter(|s| s.change.claim_id.is_some() && !may_follow(s))
        .map(|s| format!("change {}: a claim that was {:?} cannot be {:?}", s.change.seq, s.was.state, s.change.what));
    let told = case.told.iter().flat_map(|(claim, list)| {
        list.windows(2).filter_map(move |pair| {
            let (a, b) = (pair[0], pair[1]);
            let moved = a.deadline.zip(b.deadline).is_some_and(|(a, b)| a != b);
            let changed = a.state != b.state || (a.version == b.version && moved);
            let wrong = changed && (a.version == b.version || a.state.is_terminal());
            wrong.then(|| {
                let (v, w) = (a.version, b.version);
                format!("claim {claim}: told {:?} as version {v}, then {:?} as version {w}", a.state, b.state)
            })
        })
    });
    log.chain(told).collect()
}

/// Whether the change can follow the state. A second decision is law 3's.
fn may_follow(step: &Step) -> bool {
    use ClaimState::*;
    match step.change.what {
        What::Held | What::Standby | What::Refused => true,
        What::Promoted => step.was.state == Some(Standby),
        What::Withdrawn => matches!(step.was.state, None | Some(Standby | Held)),
        What::Paying => step.was.state == Some(Held),
        What::Declined | What::Allocated => step.was.state == Some(Paying),
        What::Expired => matches!(step.was.state, Some(Held | Paying)),
        What::Shifted | What::Extended => matches!(step.was.state, Some(Held | Paying)),
        What::Restocked => false,
    }
}

/// Law 5: whatever a client was told stood in a committed row of that very buyer, no later than it was told.
pub fn only_committed(case: &Case) -> Vec<String> {
    let mut chapters: HashMap<ClaimId, Vec<&Step>> = HashMap::new();
    for step in case.steps() {
        if let Some(claim) = step.change.claim_id {
            chapters.entry(claim).or_default().push(step);
        }
    }
    case.told
        .iter()
        .flat_map(|(id, list)| match case.claims.get(id) {
            None => vec![format!("claim {id}: told {:?}, and there is no such claim", list[0].state)],
            Some(claim) => against_rows(case, claim, list)
                .chain(against_log(case, claim, list, chapters.get(id).map_or(&[], Vec::as_slice)))
                .collect(),
        })
        .collect()
}

fn against_rows<'a>(case: &'a Case, claim: &'a ClaimRow, list: &'a [&Seen]) -> impl Iterator<Item = String> + 'a {
    let (state, version) = case.stands(claim);
    list.iter().filter_map(move |seen| {
        let id = claim.id;
        if seen.buyer_id != claim.buyer_id {
            return Some(format!("claim {id} of buyer {}: told to buyer {}", claim.buyer_id, seen.buyer_id));
        }
        if (seen.sale_item_id, seen.quantity) != (claim.sale_item_id, claim.quantity) {
            return Some(format!("claim {id}: told as {} units of item {}", seen.quantity, seen.sale_item_id));
        }
        if seen.version > version || (seen.version == version && seen.state != state) {
            let (told, told_version) = (seen.state, seen.version);
            return Some(format!(
                "claim {id}: told {told:?} as version {told_version}; it is {state:?}, version {version}"
            ));
        }
        None
    })
}

/// Walks what was told, by version, along what was committed: each version needs a later step with its state and deadline.
fn against_log(case: &Case, claim: &ClaimRow, list: &[&Seen], chapter: &[&Step]) -> Vec<String> {
    let error_ms = case.record.clock_error_ms;
    let mut steps = chapter.iter();
    let mut wrong = vec![];
    let mut last: Option<&Seen> = None;
    for seen in list {
        if last.is_some_and(|l| l.version == seen.version) {
            continue;
        }
        last = Some(seen);
        let stood =
            |s: &&&Step| s.is.state == Some(seen.state) && (seen.deadline.is_none() || s.is.deadline == seen.deadline);
        match steps.find(stood) {
            None => {
                let (state, version, deadline) = (seen.state, seen.version, seen.deadline);
                wrong.push(format!(
                    "claim {}: told {state:?} as version {version}, deadline {deadline:?}: never so committed",
                    claim.id
                ));
                break;
            }
            Some(s) if s.change.at > seen.at + error_ms => {
                let early = s.change.at - seen.at;
                wrong.push(format!("claim {}: told {:?} {early} ms before its commit", claim.id, seen.state));
            }
            Some(_) => {}
        }
    }
    wrong
}
