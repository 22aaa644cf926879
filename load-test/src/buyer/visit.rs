//! The visit: a buyer of a scenario comes at their moment, does one thing after the other, each as often as it weighs, and rests
//! in between.

use std::{sync::Arc, time::Duration};

use sale::{
    claim::{ATTEMPT_MAX, ClaimState, Reason},
    time::UnixMs,
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    Buyer, REST,
    frame::ClaimSeen,
    http::Call,
    wait::{between, weighed},
};
use crate::tally::End;

/// What sandbox payments always say yes to.
const CARD: &str = "tok_approve";

/// One thing that a visitor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Asks for a unit; who has a claim already asks for the same again.
    Claim,
    Profile,
    Refresh,
    /// Claims with a wrong answer, which costs a token of the limiter's and changes nothing.
    Knock,
    /// So many knocks at once; after the wait that was asked for, a claim.
    Burst(usize),
}

/// What all visitors do.
#[derive(Clone, Debug)]
pub struct Routine {
    /// Each with its weight.
    pub acts: Vec<(Act, u64)>,
    /// The shortest and the longest rest after an act, in milliseconds.
    pub rest_ms: (u64, u64),
    /// Acts of one visitor; `None`: until the end.
    pub rounds: Option<u32>,
    /// Whoever holds a unit pays it before anything else.
    pub pays: bool,
}

impl Buyer {
    /// Acts from `from` until `until`, and stays to hear what becomes of it.
    pub async fn visit(mut self, routine: Arc<Routine>, from: UnixMs, until: UnixMs) {
        self.rest_until(from).await;
        let mut rounds = routine.rounds;
        while self.goes_on(until) && rounds != Some(0) {
            self.keep_session().await;
            self.next_act(&routine).await;
            rounds = rounds.map(|left| left - 1);
            let rest = between(&self.head.chance, routine.rest_ms.0, routine.rest_ms.1) as i64;
            self.rest_until(until.min(self.head.diary.scene.now() + rest)).await;
        }
        while !self.head.diary.scene.over.is_cancelled() {
            self.keep_session().await;
            if routine.pays && self.holds() {
                self.pay().await;
            }
            self.head.listen(Instant::now() + REST).await;
        }
        self.farewell().await;
    }

    fn goes_on(&self, until: UnixMs) -> bool {
        let scene = &self.head.diary.scene;
        scene.now() < until && !scene.over.is_cancelled()
    }

    async fn rest_until(&mut self, at: UnixMs) {
        while self.goes_on(at) {
            let left = (at - self.head.diary.scene.now()).max(0) as u64;
            self.head.listen(Instant::now() + Duration::from_millis(left)).await;
        }
    }

    async fn next_act(&mut self, routine: &Routine) {
        if routine.pays && self.holds() {
            return self.pay().await;
        }
        match weighed(&routine.acts, &self.head.chance) {
            Some(Act::Claim) => self.ask().await,
            Some(Act::Profile) => self.profile().await,
            Some(Act::Refresh) => self.refresh().await,
            Some(Act::Knock) => self.knock().await,
            Some(Act::Burst(knocks)) => self.burst(knocks).await,
            None => {}
        }
    }

    fn note(&self, act: &'static str, end: End, begun: Instant) {
        self.head.diary.scene.tally.note(act, end, begun, Instant::now());
    }

    pub(super) async fn ask(&mut self) {
        let (begun, now) = (Instant::now(), self.head.diary.scene.now());
        let view = self.head.memory.view(now);
        let attempt = view.open.map_or_else(|| next_attempt(view.claim), |open| open.attempt);
        self.begin_claim(attempt, now);
        let body = self.claim_body(attempt);
        let end = self.claim_by_http(attempt, body).await;
        self.note("claim", end, begun);
    }

    /// Whether there is a unit to pay for.
    fn holds(&self) -> bool {
        let held = self.head.memory.latest().filter(|claim| claim.state == ClaimState::Held);
        held.is_some_and(|claim| self.paid != Some(claim.claim_id))
    }

    async fn pay(&mut self) {
        let begun = Instant::now();
        self.paid = self.head.memory.latest().filter(|claim| claim.purchase_pass.is_some()).map(|claim| claim.claim_id);
        let answer = self.checkout(CARD).await;
        if self.paid.is_none() {
            // The pass had yet to be read.
            return;
        }
        let end = match answer.map(|answer| answer.status) {
            // Of 202 the claim itself tells the end.
            Some(201 | 202) => End::Passed,
            Some(_) => End::Refused,
            None => {
                self.paid = None;
                End::Failed
            }
        };
        self.note("pay", end, begun);
    }

    async fn profile(&mut self) {
        let begun = Instant::now();
        let answer = self.call(&Call::get("/api/v1/users/me").bearer(&self.account.access_token)).await;
        self.note("profile", End::of(&answer), begun);
        match answer {
            Ok(answer) if answer.is_ok() && answer.body["id"] != json!(self.account.user_id) => {
                self.head.diary.complain("the profile is somebody else's");
            }
            Ok(answer) => self.head.token_is_bad |= answer.status == 401,
            Err(_) => {}
        }
    }

    async fn refresh(&mut self) {
        let begun = Instant::now();
        let body = json!({"refresh_token": self.account.refresh_token});
        let answer = self.call(&Call::post("/api/v1/auth/refresh", body)).await;
        self.note("refresh", End::of(&answer), begun);
        match answer {
            Ok(answer) if answer.is_ok() && self.account.renew(&answer) => {
                self.head.line.token.clone_from(&self.account.access_token);
            }
            Ok(answer) if answer.is_ok() => self.head.diary.complain("the refreshed session is somebody else's"),
            Ok(answer) => self.head.token_is_bad |= answer.status == 401,
            // The token may be used up, and what it was traded for lost.
            Err(_) => self.head.token_is_bad = true,
        }
    }
}

/// The number of the next claim: who has one that lives, or may have no more, asks for the same again.
fn next_attempt(latest: Option<&ClaimSeen>) -> u32 {
    let Some(claim) = latest else { return 1 };
    let may_have_more = !matches!(claim.reason, Some(Reason::LimitReached | Reason::Closed));
    let next = if claim.state.is_terminal() && may_have_more { claim.attempt + 1 } else { claim.attempt };
    next.min(ATTEMPT_MAX)
}

#[cfg(test)]
mod tests {
    use super::{super::frame::example, *};

    #[test]
    fn who_has_a_claim_asks_for_the_same_again_and_who_lost_it_for_the_next() {
        assert_eq!(next_attempt(None), 1);
        let after = |attempt, state| next_attempt(Some(&example(attempt, 1, state)));
        assert_eq!(after(1, ClaimState::Held), 1);
        assert_eq!(after(1, ClaimState::Expired), 2);
        assert_eq!(after(ATTEMPT_MAX, ClaimState::Expired), ATTEMPT_MAX);
        let full = ClaimSeen { reason: Some(Reason::LimitReached), ..example(3, 1, ClaimState::Refused) };
        assert_eq!(next_attempt(Some(&full)), 3);
    }
}
