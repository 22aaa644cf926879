//! Paying: checkout with a card of the sandbox, repeated under the same key until it is answered.

use std::time::Duration;

use sale::port::chance::Chance;
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Builder;

use super::{
    Buyer,
    behaviour::Behaviour,
    http::{Answer, Call, Lost},
    wait::{Backoff, happens},
};
use crate::latency::Wait;

/// A checkout that is not answered after this long is given up, which the verdict will hear of.
const CHECKOUT_WAIT: Duration = Duration::from_secs(90);
/// One ending in so many is asked for again under its key.
const REPLAY_PERCENT: u64 = 30;
/// One ending in so many has its key used for another body.
const REUSE_PERCENT: u64 = 10;
const PAUSED_MS: i64 = 500;

/// What an answer to a checkout means.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    /// Stored under its key: 201, 402, 410.
    Ending,
    /// The bank has not answered; the claim will be told.
    Paying,
    /// Not judged: the same again under the same key.
    Again,
    /// Not judged, and the sale's clocks stand: the same card later.
    Paused,
    Unknown,
}

impl Buyer {
    /// Pays the newest hold with `card`. Returns how that ended, or 202 where the bank has yet to answer; `None` where nothing was
    /// judged.
    pub(super) async fn checkout(&mut self, card: &str) -> Option<Answer> {
        let Some(call) = self.checkout_call(card) else {
            // Told held over a channel without the pass: read it.
            self.read_claims().await;
            return None;
        };
        let started = Instant::now();
        let first = match self.head.mind.behaviour {
            Behaviour::DoubleTapper => self.pay_twice(&call, call.clone()).await,
            Behaviour::TwoDevices => self.pay_twice(&call, call.clone().key(&self.new_key())).await,
            _ => self.call(&call).await,
        };
        let answer = self.until_judged(&call, first).await;
        self.head.diary.scene.latencies.note(Wait::Checkout, started.elapsed());
        if let Some(answer) = answer.as_ref().filter(|answer| meaning(answer) == Verdict::Ending) {
            self.replay(&call, answer).await;
        }
        answer
    }

    /// Tries a pass whose hold has ended. Nothing may come of it.
    pub(super) async fn try_dead_pass(&mut self) {
        let Some(call) = self.checkout_call("tok_approve") else { return };
        if let Ok(answer) = self.call(&call).await
            && answer.status != 503
        {
            self.head.diary.attempt("checkout with the pass of an ended hold", answer.status, None);
        }
    }

    /// Two taps, or two devices, at the same moment. Returns the first one's answer.
    async fn pay_twice(&mut self, call: &Call, other: Call) -> Result<Answer, Lost> {
        let (first, second) = self.call_twice(call, &other).await;
        if let Ok(answer) = second
            && meaning(&answer) == Verdict::Ending
        {
            self.ended(&other, &answer);
        }
        first
    }

    async fn until_judged(&mut self, call: &Call, first: Result<Answer, Lost>) -> Option<Answer> {
        let give_up = Instant::now() + CHECKOUT_WAIT;
        let mut backoff = Backoff::default();
        let mut answer = first;
        while Instant::now() < give_up {
            if let Ok(told) = &answer {
                match meaning(told) {
                    Verdict::Ending => {
                        self.ended(call, told);
                        return answer.ok();
                    }
                    Verdict::Paying => {
                        self.head.diary.scene.counts.add("checkout: 202 paying");
                        return answer.ok();
                    }
                    Verdict::Paused => {
                        let now = self.head.diary.scene.now();
                        self.head.mind.card_came_back(now, PAUSED_MS);
                        return None;
                    }
                    Verdict::Again => {}
                    Verdict::Unknown => {
                        let text = format!("a checkout was answered {} {}", told.status, told.code());
                        self.head.diary.complain(text);
                        return None;
                    }
                }
            }
            let wait = backoff.next(&self.head.chance);
            self.head.listen_during(sleep(wait)).await;
            answer = self.call(call).await;
        }
        self.head.diary.complain(format!("a checkout was not judged within {} s", CHECKOUT_WAIT.as_secs()));
        None
    }

    fn ended(&mut self, call: &Call, answer: &Answer) {
        self.head.diary.scene.counts.add(format!("checkout: {} {}", answer.status, answer.code()).trim_end());
        self.head.diary.stored_answer(call, answer);
        self.note_order(answer);
    }

    fn note_order(&self, answer: &Answer) {
        if answer.status == 201 {
            self.head.diary.order(&answer.body);
        }
    }

    /// The same call must give the same answer, and the key no other body.
    async fn replay(&mut self, call: &Call, answer: &Answer) {
        if happens(&self.head.chance, REPLAY_PERCENT)
            && let Ok(again) = self.call(call).await
        {
            match meaning(&again) {
                Verdict::Again => {}
                Verdict::Ending => self.head.diary.stored_answer(call, &again),
                _ => {
                    let text = format!("a checkout ended {} and then {}", answer.status, again.status);
                    self.head.diary.complain(text);
                }
            }
        }
        if happens(&self.head.chance, REUSE_PERCENT) {
            let mut other = call.clone();
            if let Some(body) = &mut other.body {
                body["shipping"]["address"] = json!("Elsewhere 9");
            }
            if let Ok(told) = self.call(&other).await
                && meaning(&told) != Verdict::Again
            {
                self.head.diary.attempt("another body under a used idempotency key", told.status, None);
            }
        }
    }

    fn checkout_call(&self, card: &str) -> Option<Call> {
        let pass = self.head.memory.latest()?.purchase_pass.clone()?;
        let body = json!({
            "purchase_pass": pass,
            "payment": {"method": "sandbox", "token": card},
            "shipping": {"name": "Lin", "phone": "0900000000", "address": format!("Street {}", self.account.n)},
        });
        Some(Call::post("/api/v1/checkout", body).bearer(&self.account.access_token).key(&self.new_key()))
    }

    pub(super) fn new_key(&self) -> String {
        let mut bytes = [0; 16];
        self.head.chance.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

fn meaning(answer: &Answer) -> Verdict {
    match (answer.status, answer.code()) {
        (201 | 402 | 410, _) => Verdict::Ending,
        (202, _) => Verdict::Paying,
        (403, "paused") => Verdict::Paused,
        // `in_flight`: somebody of us is paying with this key or for this hold.
        (409 | 429 | 503, _) => Verdict::Again,
        _ => Verdict::Unknown,
    }
}
