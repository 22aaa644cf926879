//! One try at a batch: the ledger grants, the journal ratifies; what stands in the way has one of three names.

use journal::{
    JournalError,
    claim::{Ratified, RatifyError},
};
use sale::{
    claim::Command,
    ids::SaleItemId,
    port::ledger::{Ask, Grant, LedgerError},
};

use crate::{counter::Counter, mend::MendError};

/// Why a batch was not decided; in no case was anything written of it.
pub(super) enum Obstacle {
    /// The ledger was not what the journal knows; it was mended. Decide again.
    Mended,
    /// Something does not answer, or time stands still. Hold what is in hand and try again later.
    Wait(String),
    /// It is the batch itself, or one command of it.
    Culprit(String),
}

impl Obstacle {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Mended => "mended",
            Self::Wait(_) => "wait",
            Self::Culprit(_) => "culprit",
        }
    }
}

impl Counter {
    /// The ledger first, then the journal. Asked again with the same claims, both give the same answers.
    pub(super) async fn attempt(&self, item: SaleItemId, commands: &[Command]) -> Result<Ratified, Obstacle> {
        let (epoch, batch) = match self.grants(item, commands).await {
            Ok(granted) => granted,
            Err(LedgerError::Unavailable) => return Err(Obstacle::Wait(LedgerError::Unavailable.to_string())),
            Err(LedgerError::Missing | LedgerError::OtherEpoch(_)) => return Err(self.mended(item).await),
        };
        match self.journal.ratify(item, epoch, &batch).await {
            Ok(done) => Ok(done),
            Err(RatifyError::OtherEpoch(_)) => {
                metrics::counter!("ratify_conflicts_total").increment(1);
                Err(self.mended(item).await)
            }
            Err(RatifyError::Regression(_)) => Err(obstacle_after(self.after_lost_writes(item, "regression").await)),
            Err(error @ RatifyError::ClockStands) => Err(Obstacle::Wait(error.to_string())),
            Err(RatifyError::Journal(error @ JournalError::Unavailable(_))) => Err(Obstacle::Wait(error.to_string())),
            Err(error @ (RatifyError::UnknownItem | RatifyError::Journal(JournalError::Data(_)))) => {
                Err(Obstacle::Culprit(error.to_string()))
            }
        }
    }

    /// A grant for every command. Withdrawals ask nothing, so a batch of them does not need the ledger at all.
    async fn grants(
        &self,
        item: SaleItemId,
        commands: &[Command],
    ) -> Result<(i64, Vec<(Command, Grant)>), LedgerError> {
        let asks: Vec<Ask> = commands.iter().filter_map(ask).collect();
        let (epoch, granted) = if asks.is_empty() { (0, vec![]) } else { self.stores.ledger.take(item, &asks).await? };
        let mut granted = granted.into_iter();
        let batch = commands.iter().map(|command| {
            let grant = ask(command).and_then(|_| granted.next()).unwrap_or(Grant::Nothing);
            (command.clone(), grant)
        });
        Ok((epoch, batch.collect()))
    }

    async fn mended(&self, item: SaleItemId) -> Obstacle {
        obstacle_after(self.mend(item).await)
    }
}

fn ask(command: &Command) -> Option<Ask> {
    match command {
        Command::Claim(claim) => Some(Ask { claim_id: claim.id, quantity: claim.quantity }),
        Command::Withdraw(_) => None,
    }
}

fn obstacle_after<T>(mended: Result<T, MendError>) -> Obstacle {
    match mended {
        Ok(_) => Obstacle::Mended,
        Err(error @ MendError::UnknownItem(_)) => Obstacle::Culprit(error.to_string()),
        Err(error) => Obstacle::Wait(error.to_string()),
    }
}
