//! The outbox: what must still be done or told elsewhere, committed with its cause.

use sale::time::UnixMs;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{Journal, JournalError, Unreadable, args, db::Tx, sql};

/// Take the money of an order; the body is a `PaymentKey`.
pub const CAPTURE: &str = "capture";
/// Tell the buyer of an order; the body is a `MailJob`.
pub const MAIL: &str = "mail";
/// A sale changed: tell whoever keeps the fleet's size. The body is the `SaleId`, for people; what is told is read anew.
pub const CAPACITY: &str = "capacity";

/// How long a relay has for the rows it took before another may take them.
pub const LEASE_MS: i64 = 5_000;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chore {
    pub id: i64,
    pub body: String,
    /// Tries that failed so far.
    pub tries: u32,
}

impl Chore {
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        Ok(serde_json::from_str(&self.body)?)
    }
}

impl Journal {
    /// Takes what is due of one kind, the longest due, at most `max`; it is due again after [`LEASE_MS`].
    ///
    /// Repeat: two relays take different rows. Who needs longer than the lease, or dies, is overtaken: whatever is done for a row
    /// must bear being done twice.
    pub async fn outbox_due(&self, kind: &str, max: u32, now: UnixMs) -> Result<Vec<Chore>, JournalError> {
        // Looked at without the writer first: as a rule there is nothing to do.
        if self.db.row(sql!("outbox/due"), args![kind, now]).await?.is_none() {
            return Ok(vec![]);
        }
        let mut tx = self.db.begin().await?;
        let until = now.0.saturating_add(LEASE_MS);
        let mut chores = tx
            .rows(sql!("outbox/lease"), args![until, now, kind, max])
            .await?
            .iter()
            .map(|row| Ok(Chore { id: row.int("id")?, body: row.text("body")?, tries: row.count("tries")? }))
            .collect::<Result<Vec<_>, JournalError>>()?;
        tx.commit().await?;
        chores.sort_by_key(|chore| chore.id);
        Ok(chores)
    }

    /// Rows of one kind that are not done, due or not.
    pub async fn outbox_waiting(&self, kind: &str) -> Result<u64, JournalError> {
        let row = self.db.row(sql!("outbox/waiting"), args![kind]).await?;
        row.map_or(Ok(0), |r| Ok(r.int("waiting")?.max(0) as u64))
    }

    /// These are done. Repeat: the first time counts.
    pub async fn outbox_done(&self, ids: &[i64]) -> Result<(), JournalError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        for id in ids {
            close(&mut tx, *id, now).await?;
        }
        tx.commit().await
    }

    /// This try failed; the next one is due then.
    pub async fn outbox_later(&self, id: i64, due_at: UnixMs) -> Result<(), JournalError> {
        let mut tx = self.db.begin().await?;
        tx.run(sql!("outbox/later"), args![due_at, id]).await?;
        tx.commit().await
    }

    /// This can never be done: done with, and put aside for staff.
    pub async fn outbox_park(&self, id: i64, why: &str) -> Result<(), JournalError> {
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        tx.run(sql!("outbox/park"), args![why, now, id]).await?;
        close(&mut tx, id, now).await?;
        tx.commit().await
    }
}

/// Adds a chore; the same kind and subject again adds nothing.
pub(crate) async fn put(
    tx: &mut Tx,
    kind: &str,
    subject: impl Into<Uuid>,
    body: &impl Serialize,
    due_at: UnixMs,
) -> Result<(), JournalError> {
    let body = serde_json::to_string(body).map_err(|e| JournalError::Data(e.to_string()))?;
    tx.run(sql!("outbox/put"), args![kind, subject.into(), body, due_at]).await.map(drop)
}

pub(crate) async fn close(tx: &mut Tx, id: i64, now: UnixMs) -> Result<(), JournalError> {
    tx.run(sql!("outbox/done"), args![now, id]).await.map(drop)
}
