//! The gauges: what waits in the journal now, and since when. For the numbers and for alarms, never for a decision.

use sale::{rules::GRACE_MS, time::UnixMs};

use crate::{Journal, JournalError, args, db::Row, sql};

/// One look. Its parts are read one after the other: they may be of neighbouring commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// When it was, by the journal's clock.
    pub at: UnixMs,
    pub beat_at: UnixMs,
    /// The same beat as a reader of the replica sees it; `None` where it does not answer.
    pub stale_beat_at: Option<UnixMs>,
    /// For how long the oldest hold has been overdue that the sweeper should have ended; 0 where there is none.
    pub overdue_ms: i64,
    /// Live holds by state.
    pub holds: Vec<(String, u64)>,
    /// Payments without a good end by state.
    pub payments: Vec<(String, u64)>,
    pub outbox: Vec<Chores>,
    /// Messages put aside for staff.
    pub parked: u64,
    pub units: Units,
    /// Items whose holds are more than their allotment, counted hold by hold: the constraint's own check is not asked.
    pub oversold: u64,
}

/// What of one kind the outbox still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chores {
    pub kind: String,
    pub waiting: u64,
    /// When the oldest one's order was made.
    pub oldest: UnixMs,
}

/// Units of every published sale together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    pub allotted: u64,
    pub taken: u64,
    pub paid: u64,
    /// That people stand by for.
    pub waiting: u64,
}

impl Journal {
    /// Looks at everything that may wait here.
    ///
    /// Repeat: changes nothing. Errors: the journal does not answer; what it answered last is old news.
    pub async fn gauges(&self) -> Result<Gauges, JournalError> {
        let at = self.clock().await?;
        let beat = |row: Row| row.at("beat_at");
        let overdue = self.db.row(sql!("gauges/overdue"), args![at + -GRACE_MS]).await?;
        let overdue = overdue.map(|row| row.opt_at("deadline")).transpose()?.flatten();
        Ok(Gauges {
            at,
            beat_at: self.db.row(sql!("heartbeat/read"), args![]).await?.map(beat).transpose()?.unwrap_or_default(),
            stale_beat_at: self.stale_beat().await,
            overdue_ms: overdue.map_or(0, |deadline| at - (deadline + GRACE_MS)),
            holds: self.numbers(sql!("gauges/holds")).await?,
            payments: self.numbers(sql!("gauges/payments")).await?,
            outbox: self.db.rows(sql!("gauges/outbox"), args![]).await?.iter().map(chores).collect::<Result<_, _>>()?,
            parked: self.number(sql!("gauges/parked"), "many").await?,
            units: self.units().await?,
            oversold: self.number(sql!("gauges/oversold"), "many").await?,
        })
    }

    async fn stale_beat(&self) -> Option<UnixMs> {
        let rows = self.db.stale_rows(sql!("heartbeat/read"), args![]).await.ok()?;
        rows.first()?.at("beat_at").ok()
    }

    async fn units(&self) -> Result<Units, JournalError> {
        let paid = self.number(sql!("gauges/paid"), "paid").await?;
        let Some(row) = self.db.row(sql!("gauges/units"), args![]).await? else { return Ok(Units::default()) };
        Ok(Units {
            allotted: whole(&row, "allotted")?,
            taken: whole(&row, "taken")?,
            paid,
            waiting: whole(&row, "waiting")?,
        })
    }

    async fn number(&self, sql: &'static str, column: &str) -> Result<u64, JournalError> {
        self.db.row(sql, args![]).await?.map_or(Ok(0), |row| whole(&row, column))
    }

    async fn numbers(&self, sql: &'static str) -> Result<Vec<(String, u64)>, JournalError> {
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter().map(|row| Ok((row.text("what")?, whole(row, "many")?))).collect()
    }
}

fn chores(row: &Row) -> Result<Chores, JournalError> {
    Ok(Chores { kind: row.text("kind")?, waiting: whole(row, "many")?, oldest: row.at("oldest")? })
}

fn whole(row: &Row, column: &str) -> Result<u64, JournalError> {
    Ok(row.int(column)?.max(0).unsigned_abs())
}
