//! The heartbeat: a stopped clock hurts nobody.

use sale::{rules, time::UnixMs};

use crate::{Journal, JournalError, args, db::Tx, sql};

/// What one beat did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub at: UnixMs,
    /// How far live deadlines and close times were moved, because the clock had stood still; 0 as a rule.
    pub shifted_ms: i64,
}

impl Journal {
    /// Advances the heartbeat; on a jump of the clock moves every live deadline and close time by it, forward only.
    ///
    /// Repeat: as often as you like, from any number of nodes at once: the row's lock lets one look at a time, so a jump is seen
    /// by one. Only this transaction ever shifts. Paused sales are moved by their resume instead.
    pub async fn beat(&self) -> Result<Beat, JournalError> {
        let mut tx = self.db.begin().await?;
        let last = self.last_beat(&mut tx).await?;
        let now = self.now(&mut tx).await?;
        if rules::shift_ms(last, now) > 0 {
            return self.shift(tx, last).await;
        }
        if now > last {
            tx.run(sql!("heartbeat/beat"), args![now]).await?;
        }
        tx.commit().await?;
        Ok(Beat { at: now, shifted_ms: 0 })
    }

    /// The last beat, with its row locked; the first one is now.
    async fn last_beat(&self, tx: &mut Tx) -> Result<UnixMs, JournalError> {
        if let Some(row) = tx.row(sql!("heartbeat/lock"), args![]).await? {
            return row.at("beat_at");
        }
        let now = self.now(tx).await?;
        tx.run(sql!("heartbeat/first"), args![now]).await?;
        match tx.row(sql!("heartbeat/lock"), args![]).await? {
            Some(row) => row.at("beat_at"),
            None => Err(JournalError::Data("the heartbeat row is missing".into())),
        }
    }

    /// Moves everything that was running while the clock stood still.
    ///
    /// First every lock, in their order: what is being decided, paid or led by staff ends before, and a hold that it wrote moves
    /// too. Only then the clock, so that nothing in the change log is both earlier and later than the shift.
    async fn shift(&self, mut tx: Tx, last: UnixMs) -> Result<Beat, JournalError> {
        tx.be_patient().await?;
        tx.run(sql!("heartbeat/lock_sales"), args![]).await?;
        tx.run(sql!("heartbeat/lock_items"), args![]).await?;
        tx.run(sql!("heartbeat/lock_holds"), args![]).await?;
        let now = self.now(&mut tx).await?;
        let shifted_ms = rules::shift_ms(last, now);
        tx.run(sql!("heartbeat/shift_sales"), args![now, shifted_ms, last]).await?;
        // The latest deadline is part of what the public is told of an item.
        tx.run(sql!("heartbeat/shift_items"), args![]).await?;
        tx.run(sql!("heartbeat/shift_holds"), args![shifted_ms, now]).await?;
        tx.run(sql!("heartbeat/log_shift"), args![now]).await?;
        tx.run(sql!("heartbeat/shifted"), args![now]).await?;
        tx.commit().await?;
        Ok(Beat { at: now, shifted_ms })
    }
}

/// Whether somebody's clock beat lately; if not, nobody may judge time.
pub(crate) async fn is_fresh(tx: &mut Tx, now: UnixMs) -> Result<bool, JournalError> {
    let row = tx.row(sql!("heartbeat/read"), args![]).await?;
    Ok(match row {
        Some(row) => rules::beat_is_fresh(row.at("beat_at")?, now),
        None => false,
    })
}
