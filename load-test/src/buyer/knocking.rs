//! Knocking: how the limiter is asked without a trace: a claim with a wrong answer costs a token like any other, and no row.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    Buyer,
    http::{Answer, Call, Http, Lost},
};
use crate::tally::End;

/// The longest wait that a limiter may ask a knocker for.
const WAIT_MAX: Duration = Duration::from_secs(60);

impl Buyer {
    pub(super) async fn knock(&mut self) {
        let (call, begun) = (self.wrong_claim(), Instant::now());
        let answer = self.call(&call).await;
        self.knocked(&answer, begun, Instant::now());
    }

    /// Knocks so often at the same moment, waits as long as was asked for, and then claims.
    pub(super) async fn burst(&mut self, knocks: usize) {
        let call = self.wrong_claim();
        let (source, target) = (self.account.source, self.head.diary.scene.target);
        let mut lines: Vec<Http> = (0..knocks).map(|_| Http::new(source, target)).collect();
        let begun = Instant::now();
        let all = join_all(lines.iter_mut().map(async |http| (http.call(&call).await, Instant::now())));
        let answers = self.head.listen_during(all).await;
        for (answer, ended) in &answers {
            self.check(&call, answer);
            self.knocked(answer, begun, *ended);
        }
        let waits = answers.iter().filter_map(|(answer, _)| answer.as_ref().ok()?.retry_after);
        if let Some(asked) = waits.max() {
            self.head.listen_during(sleep(asked.min(WAIT_MAX))).await;
        }
        self.ask().await;
    }

    fn wrong_claim(&self) -> Call {
        let wrong = &self.head.diary.scene.facts.wrong_answer;
        self.claim_call(json!({"quantity": 1, "attempt": 1, "answer": wrong}))
    }

    fn knocked(&self, answer: &Result<Answer, Lost>, begun: Instant, ended: Instant) {
        let scene = &self.head.diary.scene;
        let end = match answer {
            // Past the limiter, and no further.
            Ok(answer) if answer.code() == "wrong_answer" => End::Passed,
            Ok(answer) if answer.is_ok() => {
                self.head.diary.complain("a claim with a wrong answer was taken");
                End::Failed
            }
            answer => End::of(answer),
        };
        scene.tally.note("knock", end, begun, ended);
    }
}
