//! The claims queue in one process: a table of the journal, so that a receipt rests on the same disk as the decision.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use journal::{
    Journal, JournalError,
    queue::{QueuePut, QueueRow},
};
use sale::port::queue::{ClaimQueue, Delivery, Message, QueueError, partition_of};

mod commit;
mod part;

use commit::Committer;
use part::Part;

/// The name under which unreadable messages are put aside.
const SOURCE: &str = "claims queue";

/// However quiet the bell, the table is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The bounds of the queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueConfig {
    pub partitions: u32,
    /// Commands stored and not yet acked; above it [`QueueError::Full`].
    pub commands_max: u64,
    /// Commands in one commit; the rest of the crowd takes the next.
    pub commit_max: u64,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self { partitions: 4, commands_max: 200_000, commit_max: 10_000 }
    }
}

/// The queue. Rows are its whole truth: what is in hand is remembered only as "read up to here".
pub struct TableQueue {
    journal: Journal,
    committer: Committer,
    parts: Arc<[Part]>,
}

impl TableQueue {
    /// Opens the queue over what the table holds from before.
    pub async fn open(journal: Journal, config: QueueConfig) -> Result<Arc<Self>, JournalError> {
        let parts: Arc<[Part]> = (0..config.partitions.max(1)).map(|_| Part::default()).collect();
        let committer = Committer::open(journal.clone(), config, parts.clone()).await?;
        Ok(Arc::new(Self { journal, committer, parts }))
    }

    /// Commands stored and not yet acked, as the bound counts them.
    pub fn commands(&self) -> u64 {
        self.committer.commands()
    }

    fn part(&self, partition: u32) -> Result<&Part, QueueError> {
        self.parts.get(partition as usize).ok_or(QueueError::Unavailable)
    }

    /// Rows as deliveries; what nobody can read is put aside and its neighbours go on.
    async fn deliveries(&self, partition: u32, rows: Vec<QueueRow>) -> Result<Vec<Delivery>, QueueError> {
        let mut readable = Vec::with_capacity(rows.len());
        for row in rows {
            match read(&row.body, partition, self.partitions()) {
                Ok(message) => readable.push(Delivery { tag: row.id.unsigned_abs(), message }),
                Err(why) => self.park(&row, &why).await?,
            }
        }
        Ok(readable)
    }

    async fn park(&self, row: &QueueRow, why: &str) -> Result<(), QueueError> {
        let removed = self.journal.queue_park(SOURCE, &row.body, why, &[row.id]).await.map_err(unavailable)?;
        self.committer.removed(removed);
        metrics::counter!("parked_total", "source" => SOURCE).increment(1);
        tracing::error!(message = row.id, why, "alarm: a message on the claims queue cannot be read and was parked");
        Ok(())
    }
}

/// A stored message, or why it is none.
fn read(body: &str, partition: u32, partitions: u32) -> Result<Message, String> {
    let message: Message = serde_json::from_str(body).map_err(|error| error.to_string())?;
    if message.commands.iter().any(|command| command.claim().sale_item_id != message.sale_item_id) {
        return Err("a command is of another sale item than its message".to_owned());
    }
    if partition_of(message.sale_item_id, partitions) != partition {
        // Nothing overtakes inside an item only while one partition has all of it.
        return Err("the message lies in another item's partition".to_owned());
    }
    Ok(message)
}

fn unavailable(error: JournalError) -> QueueError {
    tracing::warn!(%error, "the claims queue's table does not answer");
    QueueError::Unavailable
}

#[async_trait]
impl ClaimQueue for TableQueue {
    fn partitions(&self) -> u32 {
        self.parts.len() as u32
    }

    async fn put(&self, messages: Vec<Message>) -> Result<(), QueueError> {
        let mut puts = Vec::with_capacity(messages.len());
        for message in &messages {
            let part = partition_of(message.sale_item_id, self.partitions());
            // Plain data: writing it as JSON has nothing to fail on.
            let body = serde_json::to_string(message).map_err(|_| QueueError::Unavailable)?;
            puts.push(QueuePut { part, commands: message.commands.len() as u32, body });
        }
        self.committer.commit(puts, Vec::new()).await
    }

    async fn take(&self, partition: u32, max: usize) -> Result<Vec<Delivery>, QueueError> {
        let part = self.part(partition)?;
        let mut read_to = part.reader().await;
        loop {
            let news = part.news();
            tokio::pin!(news);
            // Registered before reading, so that what is put in between is not missed.
            news.as_mut().enable();
            let from = part.start(&mut read_to);
            let max = u32::try_from(max.max(1)).unwrap_or(u32::MAX);
            let rows = self.journal.queue_read(partition, from, max).await.map_err(unavailable)?;
            let Some(last) = rows.last().map(|row| row.id) else {
                // A putter that died in the middle of its commit rang no bell.
                let _ = tokio::time::timeout(LOOK_AGAIN, news).await;
                continue;
            };
            let deliveries = self.deliveries(partition, rows).await?;
            // Only now, with no wait between this and the answer: a taker dropped before has nothing in hand.
            if part.advance(&mut read_to, last) && !deliveries.is_empty() {
                return Ok(deliveries);
            }
        }
    }

    async fn ack(&self, partition: u32, tags: &[u64]) -> Result<(), QueueError> {
        self.part(partition)?;
        let ids: Vec<i64> = tags.iter().map(|tag| tag.cast_signed()).collect();
        self.committer.commit(Vec::new(), ids).await
    }

    async fn give_back(&self, partition: u32) {
        if let Ok(part) = self.part(partition) {
            part.rewind();
        }
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        Ok(self.committer.messages())
    }
}
