//! Laying: claims put on a house's own queue past every door, and those who decide kept still meanwhile.

use std::sync::Arc;

use anyhow::Context;
use journal::{Journal, queue::QueuePut};
use kit::clock::SystemClock;
use rustix::process::{Pid, Signal, kill_process};
use sale::port::queue::{Message, partition_of};

use super::{House, Stack};

/// Partitions of the one process, which is told so.
pub(super) const PARTITIONS: u32 = 4;

/// Nodes that were stopped. Dropped, they go on.
pub struct Still(Vec<Pid>);

impl House {
    /// Stops whoever decides. In one process nobody is stopped: there all that is laid becomes visible by one commit.
    pub fn hold_counters(&self) -> anyhow::Result<Still> {
        let mut still = Still(vec![]);
        if let Self::Stack(stack) = self {
            for door in stack.consumers()? {
                let pid =
                    i32::try_from(door.pid).ok().and_then(Pid::from_raw).context("a consumer without a process")?;
                kill_process(pid, Signal::STOP).context("a consumer cannot be stopped")?;
                still.0.push(pid);
            }
        }
        Ok(still)
    }

    /// Lays messages on the claims queue. Stored durably when it returns.
    pub async fn lay(&self, messages: Vec<Message>) -> anyhow::Result<()> {
        match self {
            Self::Own(plan) => {
                let journal = Journal::open(&plan.data_dir.join("journal.db"), Arc::new(SystemClock)).await;
                let journal = journal.context("cannot open the journal")?;
                let puts = messages.iter().map(row).collect::<anyhow::Result<Vec<_>>>()?;
                // Its own putter rings a bell that we have not: who takes looks once a second all the same.
                let put = journal.queue_put(&puts, &[]).await;
                journal.close().await;
                put.map(drop).context("claims cannot be laid into the queue's table")
            }
            Self::Stack(Stack { broker, .. }) => broker.lay(messages).await,
        }
    }
}

fn row(message: &Message) -> anyhow::Result<QueuePut> {
    let part = partition_of(message.sale_item_id, PARTITIONS);
    Ok(QueuePut { part, commands: message.commands.len() as u32, body: serde_json::to_string(message)? })
}

impl Drop for Still {
    fn drop(&mut self) {
        for pid in self.0.drain(..) {
            // One that is gone has nothing to go on with.
            let _ = kill_process(pid, Signal::CONT);
        }
    }
}
