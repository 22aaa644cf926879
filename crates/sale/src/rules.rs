//! THE RULES: who gets a unit, who waits, who is promoted, and when a hold ends. Pure; the journal applies them under its lock.

use crate::{
    claim::{QUANTITY_MAX, Reason},
    sale::Phase,
    time::UnixMs,
};

/// Release follows this long after the deadline at the earliest: a payment sent in time must not lose to the network.
pub const GRACE_MS: i64 = 3_000;
/// How long after its deadline a payment may stay in doubt before its units go on.
pub const DOUBT_MS: i64 = 30_000;
/// A heartbeat older than this means that nobody may judge time; a jump longer than this shifts every deadline.
pub const BEAT_MAX_MS: i64 = 5_000;
/// No opening may be moved closer than this: every door must know it first.
pub const OPENING_NOTICE_MS: i64 = 10_000;

/// An item's units under its lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub allotment: u32,
    /// Held, paying or allocated.
    pub taken: u32,
    pub paid: u32,
    pub standby_limit: u32,
    /// Units that people wait for.
    pub waiting: u32,
}

impl Tally {
    pub fn free(&self) -> u32 {
        self.allotment.saturating_sub(self.taken)
    }
}

/// One buyer on one item, before the claim in question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Units held, paying, allocated or stood by for; refunded ones do not count.
    pub units: u32,
    /// A claim of theirs is held, paying or standing by.
    pub live: bool,
    /// Every lower attempt was decided and has ended.
    pub lower_ended: bool,
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Hold,
    Standby,
    Refuse(Reason),
}

/// Decides one claim: THE LINE that says who gets a unit.
///
/// Shape: everything as read under the item's lock; the caller applies the decision before it asks for the next claim.
/// Units: whole units; the phase is of the journal's clock at this lock.
/// Repeat: the caller answers a known claim id from its row and never asks twice.
pub fn decide(phase: Phase, limit: u32, tally: Tally, buyer: Standing, quantity: u32) -> Decision {
    use Decision::*;
    match phase {
        Phase::Draft | Phase::Scheduled | Phase::WaitingRoom if obeyed(Law::Opening) => return Refuse(Reason::NotOpen),
        Phase::Closed | Phase::Reconciled if obeyed(Law::Close) => return Refuse(Reason::Closed),
        // A receipt given before the pause is a promise: what is already on the queue is decided.
        _ => {}
    }
    if (buyer.live || !buyer.lower_ended) && obeyed(Law::OneLiveClaim) {
        return Refuse(Reason::AlreadyClaimed);
    }
    let asked_too_much = quantity == 0 || quantity > QUANTITY_MAX || buyer.units.saturating_add(quantity) > limit;
    if asked_too_much && obeyed(Law::PurchaseLimit) {
        return Refuse(Reason::LimitReached);
    }
    let fits = quantity <= tally.free() || !obeyed(Law::Allotment);
    let first_in_line = tally.waiting == 0 || !obeyed(Law::NoOvertaking);
    if fits && first_in_line {
        return Hold;
    }
    if tally.paid >= tally.allotment {
        return Refuse(Reason::SoldOut);
    }
    if tally.waiting.saturating_add(quantity) <= tally.standby_limit || !obeyed(Law::StandbyLimit) {
        return Standby;
    }
    Refuse(Reason::AllHeld)
}

/// Whether the head of standby takes its units now. Nobody overtakes, not even one who wants less; no partial fill.
pub fn promotes(phase: Phase, tally: Tally, head_quantity: u32) -> bool {
    !is_over(phase) && head_quantity <= tally.free() && obeyed(Law::Settle)
}

/// Whether what still waits must be refused, and why.
pub fn ends_standby(phase: Phase, tally: Tally) -> Option<Reason> {
    if is_over(phase) {
        return Some(Reason::Closed);
    }
    (tally.paid >= tally.allotment).then_some(Reason::SoldOut)
}

/// Whether no claim and no promotion can follow in this sale.
pub fn is_over(phase: Phase) -> bool {
    matches!(phase, Phase::Closed | Phase::Reconciled)
}

/// Whether checkout may begin: the deadline has not passed by the journal's clock.
pub fn may_pay(deadline: UnixMs, now: UnixMs) -> bool {
    now <= deadline || !obeyed(Law::Deadline)
}

/// Whether a held hold is over: the deadline and the grace after it have passed.
pub fn may_expire(deadline: UnixMs, now: UnixMs) -> bool {
    now >= deadline + GRACE_MS || !obeyed(Law::Grace)
}

/// Whether a paying hold whose provider never answered gives its units up.
pub fn doubt_ended(deadline: UnixMs, now: UnixMs) -> bool {
    now >= deadline + DOUBT_MS || !obeyed(Law::Doubt)
}

/// How far every live deadline moves when the clock is found to have jumped from `last` to `now`. Forward only.
pub fn shift_ms(last: UnixMs, now: UnixMs) -> i64 {
    let gap = now - last;
    if gap > BEAT_MAX_MS { gap } else { 0 }
}

/// Whether time may be judged at all: somebody's clock beat within the bound.
pub fn beat_is_fresh(beat: UnixMs, now: UnixMs) -> bool {
    now - beat <= BEAT_MAX_MS
}

/// The laws a mutant can switch off, one at a time, to see that the verdict notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Never more units than the allotment.
    Allotment,
    /// One live claim a buyer and item.
    OneLiveClaim,
    PurchaseLimit,
    StandbyLimit,
    /// No newcomer wins while anybody waits.
    NoOvertaking,
    /// Free units go to the head of standby at once.
    Settle,
    /// No release before deadline + grace.
    Grace,
    /// No checkout after the deadline.
    Deadline,
    /// Nothing before the opening.
    Opening,
    /// Nothing after the close.
    Close,
    /// A known claim id is answered from its row. (Obeyed by the journal and the model.)
    OneDecision,
    /// Promotion goes by ticket. (Journal, model.)
    TicketOrder,
    /// A grant of an older epoch is not ratified. (Journal, model.)
    Epoch,
    /// Units that end go back to the ledger's limit. (Journal, model.)
    GiveBack,
    /// Told is a subset of committed. (Model.)
    ToldAfterCommit,
    /// A payment in doubt keeps its units up to the bound.
    Doubt,
    /// A clock that stood still moves every live deadline. (Model.)
    Shift,
    /// A cancelled payment can never be authorised. (Model.)
    CancelIsFinal,
    /// Nothing is captured without an order. (Model.)
    OrderBeforeCapture,
}

impl Law {
    pub const ALL: [Law; 19] = [
        Law::Allotment,
        Law::OneLiveClaim,
        Law::PurchaseLimit,
        Law::StandbyLimit,
        Law::NoOvertaking,
        Law::Settle,
        Law::Grace,
        Law::Deadline,
        Law::Opening,
        Law::Close,
        Law::OneDecision,
        Law::TicketOrder,
        Law::Epoch,
        Law::GiveBack,
        Law::ToldAfterCommit,
        Law::Doubt,
        Law::Shift,
        Law::CancelIsFinal,
        Law::OrderBeforeCapture,
    ];
}

/// Always true, but in builds with the feature `mutants`, where one law of this thread may be off.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub const fn obeyed(_: Law) -> bool {
    true
}

#[cfg(feature = "mutants")]
pub use mutants::obeyed;

/// The switch of the test builds.
#[cfg(feature = "mutants")]
pub mod mutants {
    use super::Law;
    use std::cell::Cell;

    thread_local!(static OFF: Cell<Option<Law>> = const { Cell::new(None) });

    pub fn obeyed(law: Law) -> bool {
        OFF.get() != Some(law)
    }

    /// Runs `f` with one law switched off on this thread.
    pub fn without<T>(law: Law, f: impl FnOnce() -> T) -> T {
        struct Restore;
        impl Drop for Restore {
            fn drop(&mut self) {
                OFF.set(None);
            }
        }
        OFF.set(Some(law));
        let _restore = Restore;
        f()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Standing = Standing { units: 0, live: false, lower_ended: true };

    fn tally(taken: u32, waiting: u32) -> Tally {
        Tally { allotment: 10, taken, paid: 0, standby_limit: 5, waiting }
    }

    #[test]
    fn the_last_unit_is_held_and_the_next_buyer_stands_by_and_then_all_are_held() {
        assert_eq!(decide(Phase::Open, 1, tally(9, 0), FRESH, 1), Decision::Hold);
        assert_eq!(decide(Phase::Open, 1, tally(10, 0), FRESH, 1), Decision::Standby);
        assert_eq!(decide(Phase::Open, 1, tally(10, 5), FRESH, 1), Decision::Refuse(Reason::AllHeld));
    }

    #[test]
    fn nobody_overtakes_a_large_head() {
        assert_eq!(decide(Phase::Open, 4, tally(8, 3), FRESH, 1), Decision::Standby);
        assert!(!promotes(Phase::Open, tally(8, 3), 3));
        assert!(promotes(Phase::Open, tally(7, 3), 3));
    }

    #[test]
    fn the_limit_counts_units_over_the_whole_sale() {
        let bought_two = Standing { units: 2, ..FRESH };
        assert_eq!(decide(Phase::Open, 3, tally(2, 0), bought_two, 1), Decision::Hold);
        assert_eq!(decide(Phase::Open, 3, tally(2, 0), bought_two, 2), Decision::Refuse(Reason::LimitReached));
        assert_eq!(decide(Phase::Open, 3, tally(2, 0), FRESH, 0), Decision::Refuse(Reason::LimitReached));
    }

    #[test]
    fn a_live_claim_or_a_gap_in_the_attempts_is_already_claimed() {
        for buyer in [Standing { live: true, ..FRESH }, Standing { lower_ended: false, ..FRESH }] {
            assert_eq!(decide(Phase::Open, 9, tally(0, 0), buyer, 1), Decision::Refuse(Reason::AlreadyClaimed));
        }
    }

    #[test]
    fn a_receipt_from_before_the_pause_is_decided() {
        assert_eq!(decide(Phase::Paused, 1, tally(0, 0), FRESH, 1), Decision::Hold);
    }

    #[test]
    fn the_deadline_has_a_second_that_is_nobodys() {
        let deadline = UnixMs(10_000);
        assert!(may_pay(deadline, deadline) && !may_pay(deadline, deadline + 1));
        assert!(!may_expire(deadline, deadline + (GRACE_MS - 1)) && may_expire(deadline, deadline + GRACE_MS));
    }

    #[test]
    fn a_clock_that_stood_still_is_forgiven_and_one_that_went_back_changes_nothing() {
        assert_eq!(shift_ms(UnixMs(0), UnixMs(5_000)), 0);
        assert_eq!(shift_ms(UnixMs(0), UnixMs(5_001)), 5_001);
        assert_eq!(shift_ms(UnixMs(9_000), UnixMs(0)), 0);
    }
}
