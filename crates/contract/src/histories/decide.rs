//! Decide: a batch in hand goes to the ledger and then to the journal, as a consumer takes it there.

use journal::claim::RatifyError;
use sale::{
    claim::Command as Wish,
    ids::SaleItemId,
    model::Command,
    port::ledger::{Ask, Grant, LedgerError},
};

use super::pair::{Pair, nth};

impl Pair<'_> {
    /// A consumer that is well: one batch from the queue to its ack.
    pub async fn serve(&mut self, max: u8) {
        let n = self.model.hands.len() as u8;
        self.model.step(Command::Receive { max });
        if self.model.hands.len() == usize::from(n) {
            return;
        }
        // Once more where the ledger had to be mended first.
        for _ in 0..4 {
            self.take(n).await;
            self.ratify(n).await;
        }
        self.model.step(Command::Ack { batch: n });
    }

    /// The ledger grants the batch, and both ledgers grant the same.
    pub async fn take(&mut self, batch: u8) {
        let Some(n) = nth(batch, self.model.hands.len()) else { return };
        let hand = self.model.hands[n].clone();
        if hand.decided {
            return;
        }
        let asks: Vec<Ask> = hand.commands.iter().filter_map(ask).collect();
        self.model.step(Command::Take { batch });
        let (epoch, grants) = if asks.is_empty() { (0, vec![]) } else { self.granted(hand.item, &asks).await };
        let mut grants = grants.into_iter();
        let mut grant = |wish| ask(wish).and_then(|_| grants.next()).unwrap_or(Grant::Nothing);
        let granted = Some((epoch, hand.commands.iter().map(&mut grant).collect::<Vec<_>>()));
        assert_eq!(granted, self.model.hands[n].granted, "what the ledgers grant to {:?}", hand.commands);
    }

    async fn granted(&self, item: SaleItemId, asks: &[Ask]) -> (i64, Vec<Grant>) {
        match self.bench.ledger.take(item, asks).await {
            Err(LedgerError::Missing) => {
                self.raise_epoch(item).await;
                self.bench.ledger.take(item, asks).await.expect("grants of a ledger just built")
            }
            taken => taken.expect("grants"),
        }
    }

    /// The journal ratifies the batch, or names the same obstacle as the model.
    pub async fn ratify(&mut self, batch: u8) {
        let Some(n) = nth(batch, self.model.hands.len()) else { return };
        let hand = self.model.hands[n].clone();
        let Some((epoch, grants)) = hand.granted.filter(|_| !hand.decided) else { return };
        let wishes: Vec<_> = hand.commands.into_iter().zip(grants).collect();
        let ratified = self.bench.journal.ratify(hand.item, epoch, &wishes).await;
        self.model.step(Command::Ratify { batch });
        let after = &self.model.hands[n];
        let model = (after.decided, after.granted.is_some());
        let (decided, again, waiting) = ((true, true), (false, false), (false, true));
        match ratified {
            Ok(done) => {
                assert_eq!(model, decided, "the journal decided {wishes:?} at epoch {epoch}");
                self.committed(done);
            }
            Err(RatifyError::ClockStands) => assert_eq!(model, waiting, "the journal found that the clock stands"),
            Err(RatifyError::OtherEpoch(levels)) => {
                assert_eq!(model, again, "the journal is at epoch {}, the batch of {epoch}", levels.epoch);
                self.rebuild(hand.item).await;
            }
            Err(RatifyError::Regression(levels)) => {
                assert_eq!(model, again, "the journal found a lost write: {wishes:?} on {levels:?}");
                self.raise_epoch(hand.item).await;
            }
            Err(error) => panic!("{wishes:?}: {error}"),
        }
    }
}

/// Withdrawals ask nothing.
fn ask(wish: &Wish) -> Option<Ask> {
    match wish {
        Wish::Claim(claim) => Some(Ask { claim_id: claim.id, quantity: claim.quantity }),
        Wish::Withdraw(_) => None,
    }
}
