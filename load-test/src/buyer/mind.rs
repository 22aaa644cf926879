//! The mind: what a buyer does next. Pure: it sees what was told and the time, and names one step.

use sale::{
    claim::{ClaimState, Reason},
    ids::ClaimId,
    port::chance::Chance,
    sale::{ItemState, Phase},
    time::UnixMs,
};

use super::{
    behaviour::Behaviour,
    frame::ClaimSeen,
    wait::{between, happens},
};

/// A claim without a result is asked again after this long.
pub const ASK_AGAIN_MS: i64 = 10_000;
/// Nobody sleeps longer than this without looking up.
const NAP_MS: i64 = 1_000;
/// The dead pass is tried this long after its deadline: past every clock error, before nobody cares.
const LATE_MS: i64 = 400;
/// A forger's own claim comes this long after the forging began.
const FORGING_MS: i64 = 5_000;

/// What a buyer knows.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub now: UnixMs,
    pub phase: Phase,
    pub item: ItemState,
    /// The newest attempt that the server told of.
    pub claim: Option<&'a ClaimSeen>,
    /// Asked, and no decided state heard since.
    pub open: Option<OpenAsk>,
}

/// A claim on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAsk {
    pub attempt: u32,
    pub asked_at: UnixMs,
    /// Its receipt came.
    pub received: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `meant_at` is when it should have been sent.
    Claim {
        attempt: u32,
        meant_at: UnixMs,
    },
    Withdraw,
    Checkout {
        card: &'static str,
    },
    /// Checkout after the deadline that was told: must not work unless the deadline moved meanwhile.
    LatePass {
        card: &'static str,
    },
    /// Checkout with the pass of a hold that has ended: must never work.
    DeadPass,
    Forge,
    Wait {
        until: UnixMs,
    },
    /// Nothing more will be done.
    Rest,
}

/// Why the door said no, without a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The same again after this long; it does not count as coming back.
    Again {
        after_ms: i64,
    },
    /// Come back later, once less.
    Later {
        after_ms: i64,
    },
    Never,
}

#[derive(Clone, Debug)]
pub struct Mind {
    pub behaviour: Behaviour,
    comebacks: u32,
    acts_at: UnixMs,
    cards_used: usize,
    withdrew: bool,
    tried_late: bool,
    tried_dead: bool,
    forged: bool,
    /// State and claim that the present plans are made for.
    seen: Option<(ClaimId, ClaimState)>,
}

impl Mind {
    /// A buyer who means to claim first at `claim_at` and has `comebacks` more tries.
    pub fn new(behaviour: Behaviour, claim_at: UnixMs, comebacks: u32) -> Self {
        Self {
            behaviour,
            comebacks: comebacks + 1,
            acts_at: claim_at,
            cards_used: 0,
            withdrew: false,
            tried_late: false,
            tried_dead: false,
            forged: behaviour != Behaviour::Forger,
            seen: None,
        }
    }

    /// The next step. Repeat: asking twice without news gives the same kind of step.
    pub fn next(&mut self, view: View<'_>, chance: &dyn Chance) -> Step {
        self.take_notice(&view, chance);
        if let Some(open) = view.open {
            return self.await_result(&view, open);
        }
        match view.claim.map(|claim| (claim, claim.state)) {
            None => self.approach(&view, 1),
            Some((claim, ClaimState::Held)) => self.hold(&view, claim),
            Some((_, ClaimState::Standby)) => self.stand_by(&view),
            Some((_, ClaimState::Received | ClaimState::Paying)) => nap(&view),
            Some((claim, state)) => {
                if state != ClaimState::Paid && !std::mem::replace(&mut self.tried_dead, true) && self.keeps_dead_pass()
                {
                    return Step::DeadPass;
                }
                if matches!(claim.reason, Some(Reason::LimitReached | Reason::Closed)) {
                    return Step::Rest;
                }
                self.approach(&view, claim.attempt + 1)
            }
        }
    }

    /// The door refused; no row was written.
    pub fn turned_away(&mut self, door: Door, now: UnixMs) {
        match door {
            Door::Again { after_ms } => {
                self.comebacks += 1;
                self.acts_at = now + after_ms;
            }
            Door::Later { after_ms } => self.acts_at = now + after_ms,
            Door::Never => self.comebacks = 0,
        }
    }

    /// The answer was lost: ask again after this long.
    pub fn answer_lost(&mut self, now: UnixMs, after_ms: i64) {
        self.acts_at = now + after_ms;
    }

    /// The checkout was not judged (paused, busy): the same card again after this long.
    pub fn card_came_back(&mut self, now: UnixMs, after_ms: i64) {
        self.cards_used = self.cards_used.saturating_sub(1);
        self.acts_at = now + after_ms;
    }

    fn take_notice(&mut self, view: &View<'_>, chance: &dyn Chance) {
        let Some(claim) = view.claim else { return };
        let now_seen = (claim.claim_id, claim.state);
        if self.seen == Some(now_seen) {
            return;
        }
        let another = self.seen.is_none_or(|(id, _)| id != claim.claim_id);
        if another {
            (self.cards_used, self.withdrew, self.tried_late, self.tried_dead) = (0, false, false, false);
        }
        self.seen = Some(now_seen);
        self.acts_at = view.now + think_ms(self.behaviour, claim.state, chance);
    }

    fn await_result(&self, view: &View<'_>, open: OpenAsk) -> Step {
        let again_at = if open.received { open.asked_at + ASK_AGAIN_MS } else { self.acts_at };
        if view.now < again_at {
            return Step::Wait { until: again_at.min(view.now + NAP_MS) };
        }
        Step::Claim { attempt: open.attempt, meant_at: again_at }
    }

    fn approach(&mut self, view: &View<'_>, attempt: u32) -> Step {
        if self.comebacks == 0 || matches!(view.phase, Phase::Closed | Phase::Reconciled) {
            return Step::Rest;
        }
        if view.now < self.acts_at {
            return Step::Wait { until: self.acts_at.min(view.now + NAP_MS) };
        }
        if view.phase == Phase::Paused && self.behaviour != Behaviour::DoubleTapper {
            // Who waits for the sale to go on means to claim then, and not before.
            self.acts_at = view.now;
            return nap(view);
        }
        if !std::mem::replace(&mut self.forged, true) {
            self.acts_at = view.now + FORGING_MS;
            return Step::Forge;
        }
        if view.item == ItemState::SoldOut {
            // One last try, so that "sold out" is also heard as an answer.
            self.comebacks = 1;
        }
        self.comebacks -= 1;
        Step::Claim { attempt, meant_at: self.acts_at }
    }

    fn hold(&mut self, view: &View<'_>, claim: &ClaimSeen) -> Step {
        let Some(deadline) = claim.deadline.map(UnixMs) else { return nap(view) };
        if view.now < self.acts_at {
            return Step::Wait { until: self.acts_at.min(view.now + NAP_MS) };
        }
        if self.behaviour == Behaviour::WithdrawHold && !std::mem::replace(&mut self.withdrew, true) {
            return Step::Withdraw;
        }
        // While paused no clock of the sale runs, and the deadline told may move.
        if view.now > deadline {
            let late = view.now >= deadline + LATE_MS && view.phase == Phase::Open;
            if late && self.behaviour == Behaviour::LetExpire && !std::mem::replace(&mut self.tried_late, true) {
                return Step::LatePass { card: "tok_approve" };
            }
            return nap(view);
        }
        match self.behaviour.cards().get(self.cards_used) {
            Some(card) => {
                self.cards_used += 1;
                Step::Checkout { card }
            }
            None => Step::Wait { until: (deadline + LATE_MS).min(view.now + NAP_MS) },
        }
    }

    fn stand_by(&mut self, view: &View<'_>) -> Step {
        if self.behaviour != Behaviour::WithdrawStandby || self.withdrew {
            return nap(view);
        }
        if view.now < self.acts_at {
            return Step::Wait { until: self.acts_at.min(view.now + NAP_MS) };
        }
        self.withdrew = true;
        Step::Withdraw
    }

    fn keeps_dead_pass(&self) -> bool {
        matches!(self.behaviour, Behaviour::LetExpire | Behaviour::WithdrawHold)
    }
}

fn nap(view: &View<'_>) -> Step {
    Step::Wait { until: view.now + NAP_MS }
}

/// How long somebody thinks before acting on a state.
fn think_ms(behaviour: Behaviour, state: ClaimState, chance: &dyn Chance) -> i64 {
    let (low, high) = match (state, behaviour) {
        (ClaimState::Held, Behaviour::SlowPayer) => (1_000, 2_500),
        (ClaimState::Held, _) => (50, 1_500),
        (ClaimState::Standby, _) => (500, 8_000),
        // Some come back at once, to meet their own ending.
        _ if happens(chance, 20) => (0, 50),
        _ => (500, 3_000),
    };
    between(chance, low, high) as i64
}

#[cfg(test)]
mod tests {
    use super::{super::frame::example, *};
    use kit::clock::SeedChance;

    const OPENS: UnixMs = UnixMs(10_000);

    fn claim(attempt: u32, state: ClaimState) -> ClaimSeen {
        example(attempt, 1, state)
    }

    fn at(now: i64, claim: Option<&ClaimSeen>) -> View<'_> {
        View { now: UnixMs(now), phase: Phase::Open, item: ItemState::OnSale, claim, open: None }
    }

    fn mind(behaviour: Behaviour) -> (Mind, SeedChance) {
        (Mind::new(behaviour, OPENS, 2), SeedChance::new(3))
    }

    #[test]
    fn nobody_claims_before_they_mean_to_and_then_says_when_they_meant_to() {
        let (mut mind, chance) = mind(Behaviour::Pay);
        assert_eq!(mind.next(at(9_500, None), &chance), Step::Wait { until: OPENS });
        assert_eq!(mind.next(at(10_250, None), &chance), Step::Claim { attempt: 1, meant_at: OPENS });
    }

    #[test]
    fn a_claim_without_an_answer_is_asked_again_under_the_same_attempt() {
        let (mut mind, chance) = mind(Behaviour::Pay);
        mind.next(at(10_000, None), &chance);
        let received = OpenAsk { attempt: 1, asked_at: UnixMs(10_000), received: true };
        let open = Some(received);
        assert!(matches!(mind.next(View { open, ..at(12_000, None) }, &chance), Step::Wait { .. }));
        let again = mind.next(View { open, ..at(20_000, None) }, &chance);
        assert_eq!(again, Step::Claim { attempt: 1, meant_at: UnixMs(20_000) });
        let lost = Some(OpenAsk { received: false, ..received });
        assert!(matches!(mind.next(View { open: lost, ..at(10_001, None) }, &chance), Step::Claim { attempt: 1, .. }));
    }

    #[test]
    fn a_payer_pays_once_and_a_decliner_stops_after_three_cards() {
        for (behaviour, cards) in [(Behaviour::Pay, 1), (Behaviour::DeclineForever, 3), (Behaviour::LetExpire, 0)] {
            let ((mut mind, chance), held) = (mind(behaviour), claim(1, ClaimState::Held));
            let steps: Vec<_> =
                (11_000..19_000).step_by(100).map(|now| mind.next(at(now, Some(&held)), &chance)).collect();
            assert_eq!(steps.iter().filter(|s| matches!(s, Step::Checkout { .. })).count(), cards, "{behaviour:?}");
        }
    }

    #[test]
    fn a_dead_pass_is_tried_once_by_those_who_let_it_die_and_never_while_paused() {
        let ((mut mind, chance), held) = (mind(Behaviour::LetExpire), claim(1, ClaimState::Held));
        mind.next(at(11_000, Some(&held)), &chance);
        let paused = View { phase: Phase::Paused, ..at(21_000, Some(&held)) };
        assert!(matches!(mind.next(paused, &chance), Step::Wait { .. }));
        assert!(matches!(mind.next(at(21_000, Some(&held)), &chance), Step::LatePass { .. }));
        assert!(matches!(mind.next(at(21_001, Some(&held)), &chance), Step::Wait { .. }));
    }

    #[test]
    fn whoever_ended_comes_back_with_the_next_attempt_as_often_as_planned() {
        let (mut mind, chance) = mind(Behaviour::Pay);
        let mut attempts = Vec::new();
        let mut ended = None;
        for now in (10_000..60_000).step_by(100) {
            if let Step::Claim { attempt, .. } = mind.next(at(now, ended.as_ref()), &chance) {
                attempts.push(attempt);
                ended = Some(claim(attempt, ClaimState::Expired));
            }
        }
        assert_eq!(attempts, [1, 2, 3]);
    }

    #[test]
    fn too_early_costs_no_comeback_and_closed_ends_it() {
        let (mut mind, chance) = mind(Behaviour::Eager);
        for _ in 0..9 {
            assert!(matches!(mind.next(at(10_000, None), &chance), Step::Claim { attempt: 1, .. }));
            mind.turned_away(Door::Again { after_ms: 0 }, UnixMs(10_000));
        }
        mind.turned_away(Door::Never, UnixMs(10_000));
        assert_eq!(mind.next(at(30_000, None), &chance), Step::Rest);
        let closed = View { phase: Phase::Closed, ..at(30_000, None) };
        assert_eq!(Mind::new(Behaviour::Pay, OPENS, 5).next(closed, &chance), Step::Rest);
    }

    #[test]
    fn who_bought_all_they_may_tries_once_more_and_must_be_refused() {
        let (mut mind, chance) = mind(Behaviour::Pay);
        let paid = claim(1, ClaimState::Paid);
        let steps: Vec<_> = (11_000..15_000).step_by(100).map(|now| mind.next(at(now, Some(&paid)), &chance)).collect();
        assert!(steps.iter().any(|s| matches!(s, Step::Claim { attempt: 2, .. })));
    }
}
