//! The desk: one sale's row under lock, changed and saved together with its audit line.

use sale::{
    ids::{SaleId, UserId},
    sale::{Phase, Sale},
    time::UnixMs,
};

use super::{Done, StaffError, window::Window};
use crate::{
    Journal, args,
    audit::{self, AuditLine},
    capacity,
    db::{Tx, word},
    heartbeat, sales, sql,
};

/// A sale on the desk: its row and its items' are locked, `now` was read after that.
pub(super) struct Desk {
    pub tx: Tx,
    pub now: UnixMs,
    pub sale: Sale,
}

impl Journal {
    /// Locks the sale's row and those of all its items, then reads the clock. With an old heartbeat nothing is judged.
    ///
    /// The items too, for a claim is decided under its item's lock alone: what was being decided has ended, and what comes after
    /// sees what staff did.
    pub(super) async fn desk(&self, id: SaleId) -> Result<Desk, StaffError> {
        let mut tx = self.db.begin().await?;
        let row = tx.row(sql!("staff/lock_sale"), args![id]).await?.ok_or(StaffError::Unknown)?;
        let sale = sales::sale_of(&row)?;
        tx.run(sql!("staff/lock_items"), args![id]).await?;
        let now = self.now(&mut tx).await?;
        if !heartbeat::is_fresh(&mut tx, now).await? {
            return Err(StaffError::ClockStands);
        }
        Ok(Desk { tx, now, sale })
    }
}

impl Desk {
    pub fn phase(&self) -> Phase {
        self.sale.phase(self.now)
    }

    pub fn wrong_state<T>(&self) -> Result<T, StaffError> {
        Err(StaffError::WrongState(self.phase()))
    }

    pub fn window(&self) -> Window {
        let Sale { waiting_room_opens_at, opens_at, closes_at, .. } = self.sale;
        Window { waiting_room_opens_at, opens_at, closes_at }
    }

    pub fn set_window(&mut self, window: Window) {
        self.sale.waiting_room_opens_at = window.waiting_room_opens_at;
        self.sale.opens_at = window.opens_at;
        self.sale.closes_at = window.closes_at;
    }

    /// Writes the row with its next version.
    pub async fn write(&mut self) -> Result<(), StaffError> {
        self.sale.row_version += 1;
        let s = &self.sale;
        let args = args![
            &s.title,
            word(s.stage),
            s.row_version,
            s.waiting_room_opens_at,
            s.opens_at,
            s.closes_at,
            s.paused_at,
            s.id
        ];
        self.tx.run(sql!("staff/write_sale"), args).await?;
        Ok(())
    }

    /// Writes the audit line and what must be told, and commits.
    pub async fn commit(mut self, actor: UserId, action: &str, detail: String) -> Result<Done, StaffError> {
        let (sale_id, at) = (self.sale.id, self.now);
        let line = AuditLine { at, actor_id: actor, action: action.to_owned(), sale_id: Some(sale_id), detail };
        audit::write(&mut self.tx, line).await?;
        // A deed that left the row alone has nothing new to tell: that state of it was told.
        capacity::changed(&mut self.tx, sale_id, self.sale.row_version, at).await?;
        self.tx.commit().await?;
        Ok(Done::only(sale_id, at))
    }
}
