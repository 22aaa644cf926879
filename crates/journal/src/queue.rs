//! The queue's table: the claims queue of the one-process mode, and the shelf for what nobody can parse.

use sale::time::UnixMs;

use crate::{Journal, JournalError, args, db::Tx, sql};

/// A message to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuePut {
    pub part: u32,
    /// How many commands the body holds.
    pub commands: u32,
    pub body: String,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// Grows in the order of commits.
    pub id: i64,
    pub commands: u32,
    pub body: String,
}

/// What stands in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth {
    pub messages: u64,
    pub commands: u64,
}

/// What was put aside for staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub source: String,
    pub body: String,
    pub why: String,
    pub at: UnixMs,
}

impl Journal {
    /// Stores messages and removes decided ones, all in one commit: one flush of the disk for everybody who waits.
    ///
    /// Shape: returns what was removed. Repeat: an id that is gone already counts as nothing; a message put twice stands twice.
    pub async fn queue_put(&self, puts: &[QueuePut], done: &[i64]) -> Result<QueueDepth, JournalError> {
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        for put in puts {
            tx.run(sql!("queue/put"), args![put.part, put.commands, &put.body, now]).await?;
        }
        let removed = remove(&mut tx, done).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// The oldest messages of a partition behind `after`, at most `max`.
    pub async fn queue_read(&self, part: u32, after: i64, max: u32) -> Result<Vec<QueueRow>, JournalError> {
        let rows = self.db.rows(sql!("queue/read"), args![part, after, max]).await?;
        rows.iter()
            .map(|row| Ok(QueueRow { id: row.int("id")?, commands: row.count("commands")?, body: row.text("body")? }))
            .collect()
    }

    /// What stands in the table, over all partitions.
    pub async fn queue_depth(&self) -> Result<QueueDepth, JournalError> {
        let Some(row) = self.db.row(sql!("queue/depth"), args![]).await? else { return Ok(QueueDepth::default()) };
        Ok(QueueDepth { messages: row.count("messages")?.into(), commands: row.count("commands")?.into() })
    }

    /// Puts something aside for staff: it stands there before anybody forgets it.
    pub async fn park(&self, source: &str, body: &str, why: &str) -> Result<(), JournalError> {
        self.queue_park(source, body, why, &[]).await.map(|_| ())
    }

    /// Puts a message aside and takes it off the queue, in one commit.
    pub async fn queue_park(
        &self,
        source: &str,
        body: &str,
        why: &str,
        ids: &[i64],
    ) -> Result<QueueDepth, JournalError> {
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        tx.run(sql!("queue/park"), args![source, body, why, now]).await?;
        let removed = remove(&mut tx, ids).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// What was put aside, newest first.
    pub async fn parked(&self, max: u32) -> Result<Vec<Parked>, JournalError> {
        let rows = self.db.rows(sql!("queue/parked"), args![max]).await?;
        rows.iter()
            .map(|row| {
                let (source, body) = (row.text("source")?, row.text("body")?);
                Ok(Parked { source, body, why: row.text("why")?, at: row.at("at")? })
            })
            .collect()
    }
}

async fn remove(tx: &mut Tx, ids: &[i64]) -> Result<QueueDepth, JournalError> {
    let mut removed = QueueDepth::default();
    for id in ids {
        if let Some(row) = tx.row(sql!("queue/delete"), args![*id]).await? {
            removed.messages += 1;
            removed.commands += u64::from(row.count("commands")?);
        }
    }
    Ok(removed)
}
