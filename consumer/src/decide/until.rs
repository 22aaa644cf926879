//! Until it is decided: obstacles are waited out, a culprit is put aside, its neighbours are decided all the same.

use journal::{JournalError, claim::Ratified};
use sale::{
    claim::{ClaimView, Command},
    ids::SaleItemId,
};
use std::time::Instant;

use super::batch::Obstacle;
use crate::counter::Counter;

/// The name under which commands are put aside that the journal refuses.
const SOURCE: &str = "decide";
/// So many mendings in a row go without a wait; more of them are an obstacle like any other.
const MENDINGS_AT_ONCE: u32 = 3;

enum End {
    Decided(Ratified),
    /// The batch cannot be written, and why.
    Culprit(String),
    /// The soft stop began while something did not answer.
    Stopped,
}

impl Counter {
    /// Decides these commands of one item and tells it; `false` if the soft stop began before that was possible.
    pub(crate) async fn decide(&self, item: SaleItemId, commands: &[Command]) -> bool {
        self.measure(commands);
        match self.until_decided(item, commands).await {
            End::Decided(done) => self.announced(done).await,
            End::Stopped => false,
            End::Culprit(why) if commands.len() == 1 => self.put_aside(commands, &why).await,
            End::Culprit(_) => self.decide_singly(item, commands).await,
        }
    }

    /// How many come at once, and how long each lay on the queue.
    fn measure(&self, commands: &[Command]) {
        metrics::histogram!("decide_batch_commands").record(commands.len() as f64);
        let (now, waited) = (self.stores.clock.now(), metrics::histogram!("claim_queued_seconds"));
        for command in commands {
            // Another machine's clock stamped it: a moment below nothing is nothing.
            waited.record((now - command.claim().received_at).max(0) as f64 / 1000.0);
        }
    }

    /// Somebody in this batch cannot be decided. A neighbour must not suffer for it.
    async fn decide_singly(&self, item: SaleItemId, commands: &[Command]) -> bool {
        for command in commands.chunks(1) {
            let decided = match self.until_decided(item, command).await {
                End::Decided(done) => self.announced(done).await,
                End::Culprit(why) => self.put_aside(command, &why).await,
                End::Stopped => false,
            };
            if !decided {
                return false;
            }
        }
        true
    }

    async fn announced(&self, done: Ratified) -> bool {
        metrics::counter!("claims_decided_total").increment(done.claims.len() as u64);
        self.announce(done).await;
        true
    }

    async fn until_decided(&self, item: SaleItemId, commands: &[Command]) -> End {
        let begun = Instant::now();
        let (mut mendings, mut waits) = (0, 0);
        loop {
            let tried = self.attempt(item, commands).await;
            if let Err(obstacle) = &tried {
                metrics::counter!("decide_obstacles_total", "why" => obstacle.word()).increment(1);
            }
            let why = match tried {
                Ok(done) => {
                    metrics::histogram!("decide_seconds").record(begun.elapsed());
                    return End::Decided(done);
                }
                Err(Obstacle::Culprit(why)) => return End::Culprit(why),
                Err(Obstacle::Mended) if mendings < MENDINGS_AT_ONCE => {
                    mendings += 1;
                    continue;
                }
                Err(Obstacle::Mended) => "the ledger does not stay mended".to_owned(),
                Err(Obstacle::Wait(why)) => why,
            };
            // The delivery stays in hand: given back, it would be overtaken.
            if waits == 0 {
                tracing::warn!(sale_item = %item, commands = commands.len(), why, "claims wait to be decided");
            }
            if !self.life.sleep(self.config.decide.wait(waits)).await {
                return End::Stopped;
            }
            (mendings, waits) = (0, waits + 1);
        }
    }

    /// Puts a command on the shelf for staff, so that the queue goes on, and tells its buyer. `false` if the stop began before that.
    async fn put_aside(&self, command: &[Command], why: &str) -> bool {
        let mut waits = 0;
        let refused = loop {
            match self.shelve(command, why).await {
                Ok(refused) => break refused,
                Err(error) => tracing::warn!(%error, "a command that cannot be decided cannot be put aside either"),
            }
            if !self.life.sleep(self.config.decide.wait(waits)).await {
                return false;
            }
            waits += 1;
        };
        if let Some(claim) = refused {
            self.announce_claim(claim).await;
        }
        metrics::counter!("parked_total", "source" => SOURCE).increment(1);
        let claim = command.first().map(|command| command.claim().id.to_string()).unwrap_or_default();
        tracing::error!(claim, why, "alarm: a command cannot be decided and was parked");
        true
    }

    /// A claim gets its outcome, for its receipt was a promise; of one that was forged, or is on nothing, nothing is promised.
    async fn shelve(&self, command: &[Command], why: &str) -> Result<Option<ClaimView>, JournalError> {
        let refused = match command {
            [Command::Claim(claim)] => match self.journal.fail(claim).await {
                Err(JournalError::Data(_)) => None,
                refused => refused?,
            },
            _ => None,
        };
        let body = serde_json::to_string(command).unwrap_or_default();
        self.journal.park(SOURCE, &body, why).await?;
        Ok(refused)
    }
}
