//! The buyer: one virtual person from the waiting room to the last look at their orders.

pub mod account;
pub mod address;
pub mod behaviour;
mod claiming;
pub(crate) mod diary;
mod door;
mod forging;
pub mod frame;
mod head;
pub mod http;
mod knocking;
mod line;
mod memory;
pub mod mind;
mod paying;
pub mod socket;
pub mod visit;
pub mod wait;

use std::{sync::Arc, time::Duration};

use kit::clock::SeedChance;
use sale::{ids::ClaimId, time::UnixMs};
use tokio::time::{Instant, sleep};

use self::{
    account::Account,
    behaviour::Behaviour,
    diary::Diary,
    head::Head,
    http::{Answer, Call, Http, Lost},
    line::Line,
    mind::{Mind, Step},
    wait::Backoff,
};
use crate::{pulse::Beat, scene::Scene};

/// A buyer with nothing left to do looks up this often, besides whenever something is told.
const REST: Duration = Duration::from_secs(5);
/// Tries of the last reading before it is a complaint.
const FAREWELL_TRIES: u32 = 20;

/// What one buyer means to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub behaviour: Behaviour,
    pub claim_at: UnixMs,
    pub seed: u64,
}

pub struct Buyer {
    account: Account,
    http: Http,
    /// The second device's connection, or the second tap's.
    other_http: Http,
    head: Head,
    answered_wrong: bool,
    /// The claim that was paid for last.
    paid: Option<ClaimId>,
}

impl Buyer {
    /// A buyer who sits down after `seated_in`.
    pub fn new(account: Account, plan: Plan, scene: Arc<Scene>, seated_in: Duration) -> Self {
        let chance = SeedChance::new(plan.seed);
        let (source, target) = (account.source, scene.target);
        let opens_at = Instant::now() + seated_in;
        let line = || Line::new(source, target, scene.facts.sale_id, account.access_token.clone(), opens_at);
        let second = (plan.behaviour == Behaviour::TwoDevices).then(line);
        let mind = Mind::new(plan.behaviour, plan.claim_at, scene.facts.comebacks);
        let diary = Diary { buyer_id: account.user_id, scene: scene.clone() };
        let head = Head::new(account.n, diary, mind, chance, line(), second);
        let (http, other_http) = (Http::new(source, target), Http::new(source, target));
        Self { account, http, other_http, head, answered_wrong: false, paid: None }
    }

    /// Lives until the scene is over, then reads once more what became of everything.
    pub async fn live(mut self) {
        let over = self.head.diary.scene.over.clone();
        while !over.is_cancelled() {
            self.keep_session().await;
            match self.head.think() {
                Step::Claim { attempt, meant_at } => self.claim(attempt, meant_at).await,
                Step::Withdraw => self.withdraw().await,
                Step::Checkout { card } | Step::LatePass { card } => drop(self.checkout(card).await),
                Step::DeadPass => self.try_dead_pass().await,
                Step::Forge => self.forge().await,
                Step::Wait { until } => {
                    let wait = (until - self.head.diary.scene.now()).max(1) as u64;
                    self.head.listen(Instant::now() + Duration::from_millis(wait)).await;
                }
                Step::Rest => self.head.listen(Instant::now() + REST).await,
            }
        }
        self.farewell().await;
    }

    /// One call, while the lines are listened to.
    async fn call(&mut self, call: &Call) -> Result<Answer, Lost> {
        let answer = self.head.listen_during(self.http.call(call)).await;
        self.check(call, &answer);
        answer
    }

    /// Two calls at the same moment on two connections.
    async fn call_twice(&mut self, one: &Call, other: &Call) -> (Result<Answer, Lost>, Result<Answer, Lost>) {
        let both = async { tokio::join!(self.http.call(one), self.other_http.call(other)) };
        let answers = self.head.listen_during(both).await;
        self.check(one, &answers.0);
        self.check(other, &answers.1);
        answers
    }

    fn check(&self, call: &Call, answer: &Result<Answer, Lost>) {
        match answer {
            Ok(answer) => {
                if answer.status == 503 {
                    self.head.diary.scene.pulse.beat(Beat::Busy);
                }
                self.head.diary.check(call, answer);
            }
            Err(_) => {
                self.head.diary.scene.pulse.beat(Beat::Lost);
                self.head.diary.scene.counts.add("answers lost");
            }
        }
    }

    /// Signs in anew where the token was not taken.
    async fn keep_session(&mut self) {
        if !std::mem::take(&mut self.head.token_is_bad) {
            return;
        }
        let renewed = self.head.listen_during(self.account.refresh(&mut self.http)).await;
        if renewed == Ok(true) {
            self.head.line.token.clone_from(&self.account.access_token);
        } else {
            self.head.token_is_bad = true;
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn farewell(&mut self) {
        let mut backoff = Backoff::default();
        for _ in 0..FAREWELL_TRIES {
            if self.read_claims().await && self.read_orders().await {
                return self.head.close().await;
            }
            sleep(backoff.next(&self.head.chance)).await;
        }
        self.head.diary.complain("the own claims and orders could not be read at the end");
    }

    /// Reads the own orders. False where there was no answer.
    async fn read_orders(&mut self) -> bool {
        let call = Call::get("/api/v1/me/orders").bearer(&self.account.access_token);
        match self.call(&call).await {
            Ok(answer) if answer.status == 200 => {
                for order in answer.body["items"].as_array().into_iter().flatten() {
                    self.head.diary.order(order);
                }
                true
            }
            _ => false,
        }
    }
}
