//! Law of the end: 21 quiescence.

use super::{
    case::Case,
    record::{EntryState, PaymentRow},
};

/// Law 21: after the end queues, outbox and standby are empty, every unit is free or paid, and nothing is in doubt.
pub fn quiescent(case: &Case) -> Vec<String> {
    if !case.ended() {
        return vec![];
    }
    let record = case.record;
    let counts = [
        ("messages on the queue", record.left.queue as usize),
        ("rows in the outbox", record.left.outbox as usize),
        ("entries waiting", record.standby.iter().filter(|e| e.state == EntryState::Waiting).count()),
        ("holds still live", record.holds.iter().filter(|h| h.state.is_live()).count()),
    ];
    let left = counts.into_iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("after the end: {n} {what}"));
    let doubtful = record.payments.iter().filter(|p| p.state.is_open());
    left.chain(
        doubtful.map(|PaymentRow { key, state, .. }| {
            format!("claim {}: its payment is {state:?} after the end", key.claim_id)
        }),
    )
    .collect()
}
