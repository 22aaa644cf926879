//! Claiming: asking for a unit over a socket or by HTTP, once or several times at once, and giving it back.

use std::time::Duration;

use sale::{
    ids::{ClaimId, SaleItemId},
    time::UnixMs,
    verdict::observe::Channel,
    wire::ClaimBody,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Buyer,
    behaviour::Behaviour,
    frame::{ClaimSeen, claim_from_body},
    http::{Answer, Call, Lost},
    wait::{between, happens},
};
use crate::{pulse::Beat, tally::End};

/// One claim in two speaks HTTP, the other the socket.
const BY_HTTP_PERCENT: u64 = 50;

impl Buyer {
    /// Sends a claim that should have been sent at `meant_at`.
    pub(super) async fn claim(&mut self, attempt: u32, meant_at: UnixMs) {
        self.begin_claim(attempt, meant_at);
        let body = self.claim_body(attempt);
        let over_socket = match self.head.mind.behaviour {
            Behaviour::DoubleTapper | Behaviour::TwoDevices => return self.claim_at_once(attempt, body).await,
            _ => !happens(&self.head.chance, BY_HTTP_PERCENT) && self.head.line.is_up(),
        };
        if over_socket && self.head.claim_on(true, &as_frame(&body, self.head.item_id())).await {
            return;
        }
        self.claim_by_http(attempt, body).await;
    }

    pub(super) fn begin_claim(&mut self, attempt: u32, meant_at: UnixMs) {
        let now = self.head.diary.scene.now();
        let late = Duration::from_millis((now - meant_at).max(0) as u64);
        self.head.diary.scene.pulse.beat(Beat::Asked);
        self.head.memory.ask(attempt, now, Instant::now() - late);
    }

    pub(super) async fn claim_by_http(&mut self, attempt: u32, body: Value) -> End {
        let call = self.claim_call(body);
        let begun = Instant::now();
        let answer = self.call(&call).await;
        self.head.diary.scene.pulse.answered(begun.elapsed());
        let end = End::of(&answer);
        self.claim_answered(attempt, answer);
        end
    }

    /// The same claim from every side at the same moment.
    async fn claim_at_once(&mut self, attempt: u32, body: Value) {
        let frame = as_frame(&body, self.head.item_id());
        self.head.claim_on(true, &frame).await;
        self.head.claim_on(false, &frame).await;
        let call = self.claim_call(body);
        let (one, other) = self.call_twice(&call, &call).await;
        self.claim_answered(attempt, one);
        self.claim_answered(attempt, other);
    }

    pub(super) fn claim_body(&mut self, attempt: u32) -> Value {
        let facts = &self.head.diary.scene.facts;
        let wrong = self.head.is(Behaviour::WrongAnswer) && !std::mem::replace(&mut self.answered_wrong, true);
        let answer = if wrong { &facts.wrong_answer } else { &facts.answer };
        // Nobody types the same way twice, and it must not matter.
        let answer =
            if happens(&self.head.chance, 30) { format!("  {}", answer.to_lowercase()) } else { answer.clone() };
        json!({"quantity": 1, "attempt": attempt, "answer": answer})
    }

    pub(super) fn claim_call(&self, body: Value) -> Call {
        let path = format!("/api/v1/sale-items/{}/claims", self.head.item_id());
        Call::post(path, body).bearer(&self.account.access_token)
    }

    fn claim_answered(&mut self, attempt: u32, answer: Result<Answer, Lost>) {
        let head = &mut self.head;
        match answer {
            Ok(answer) if answer.status == 202 => {
                let Some(claim_id) = id_of(&answer) else {
                    return head.diary.complain("a 202 names no claim");
                };
                head.diary.receipt(claim_id, head.item_id(), answer.instant("received_at"));
                head.receipt(attempt);
            }
            Ok(answer) if answer.status == 401 => head.token_is_bad = true,
            Ok(answer) => {
                let claim = read_claim(&answer.body["claim"]);
                head.turned_away(answer.code(), answer.retry_after, claim);
            }
            Err(_) => {
                let after = between(&head.chance, 50, 600);
                head.mind.answer_lost(head.diary.scene.now(), after as i64);
            }
        }
    }

    /// Gives the newest claim back, over the socket or by HTTP.
    pub(super) async fn withdraw(&mut self) {
        let Some(claim_id) = self.head.memory.latest().map(|claim| claim.claim_id) else { return };
        let frame = json!({"type": "withdraw", "claim_id": claim_id});
        if happens(&self.head.chance, 50) && self.head.line.send(&frame).await {
            return;
        }
        let call = Call::delete(format!("/api/v1/me/claims/{claim_id}")).bearer(&self.account.access_token);
        if let Ok(answer) = self.call(&call).await {
            match answer.status {
                200 => self.told_in_body(&answer.body),
                409 | 404 | 429 | 503 => {
                    self.head.diary.scene.counts.add(format!("withdraw: {} {}", answer.status, answer.code()));
                }
                status => self.head.diary.complain(format!("a withdraw was answered {status} {}", answer.code())),
            }
        }
    }

    /// Reads all own claims of the item. False where there was no answer.
    pub(super) async fn read_claims(&mut self) -> bool {
        let path = format!("/api/v1/me/claims?sale_item_id={}", self.head.item_id());
        let call = Call::get(path).bearer(&self.account.access_token);
        match self.call(&call).await {
            Ok(answer) if answer.status == 200 => {
                let Some(items) = answer.body["items"].as_array() else {
                    self.head.diary.complain("the own claims are no list");
                    return true;
                };
                items.iter().for_each(|item| self.told_in_body(item));
                true
            }
            Ok(answer) => {
                self.head.token_is_bad |= answer.status == 401;
                false
            }
            Err(_) => false,
        }
    }

    fn told_in_body(&mut self, body: &Value) {
        match read_claim(body) {
            Some(claim) => self.head.claim(claim, Channel::Http),
            None => self.head.diary.complain("a claim in a body does not read"),
        }
    }
}

fn read_claim(body: &Value) -> Option<ClaimSeen> {
    claim_from_body(ClaimBody::deserialize(body).ok()?)
}

fn as_frame(body: &Value, item: SaleItemId) -> Value {
    let mut frame = body.clone();
    frame["type"] = json!("claim");
    frame["sale_item_id"] = json!(item);
    frame
}

fn id_of(answer: &Answer) -> Option<ClaimId> {
    answer.body["claim_id"].as_str()?.parse().ok()
}
