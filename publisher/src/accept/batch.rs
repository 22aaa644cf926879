//! The batcher: many commands, one durable put.
//!
//! While one put is on its way the next batch gathers; an idle door sends at once. So the batch grows with the crowd by
//! itself, and nobody waits for a timer.

use std::{sync::Arc, time::Duration};

use kit::{
    lifecycle::Lifecycle,
    trace::{self, Trace},
};
use sale::{
    claim::Command,
    port::queue::{ClaimQueue, Message, QueueError},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};
use tracing::{Instrument, field::Empty};

use crate::config::AcceptConfig;

/// A command at the door, and where it came from.
struct Waiting {
    command: Command,
    trace: Option<Trace>,
    answer: oneshot::Sender<Result<(), QueueError>>,
}

pub(super) struct Batcher {
    door: mpsc::Sender<Waiting>,
}

struct Putting {
    queue: Arc<dyn ClaimQueue>,
    batch_max: usize,
    put_wait: Duration,
}

impl Batcher {
    pub(super) fn start(queue: Arc<dyn ClaimQueue>, config: &AcceptConfig, life: &Lifecycle) -> Self {
        metrics::gauge!("publisher_puts_waiting_max").set(config.waiting_max as f64);
        metrics::gauge!("publisher_puts_waiting").set(0.0);
        let (door, waiting) = mpsc::channel(config.waiting_max);
        let putting = Putting { queue, batch_max: config.batch_max, put_wait: config.put_wait.get() };
        life.spawn("claims to the queue", putting.run(waiting, life.clone()));
        Self { door }
    }

    /// Waits until the command is stored durably.
    ///
    /// Repeat: as often as needed; the claim id makes it one. Errors: `Full` at the bound; `Unavailable`: unknown, tell nobody yes.
    pub(super) async fn put(&self, command: Command) -> Result<(), QueueError> {
        let (answer, stored) = oneshot::channel();
        self.door.try_send(Waiting { command, trace: trace::current(), answer }).map_err(|_| {
            metrics::counter!("publisher_puts_failed_total", "why" => "door_full").increment(1);
            QueueError::Full
        })?;
        metrics::gauge!("publisher_puts_waiting").set((self.door.max_capacity() - self.door.capacity()) as f64);
        stored.await.unwrap_or(Err(QueueError::Unavailable))
    }
}

impl Putting {
    /// Until the soft stop: then the door closes, and what had come in is still put.
    async fn run(self, mut waiting: mpsc::Receiver<Waiting>, life: Lifecycle) {
        let soft = life.soft();
        let mut batch = Vec::with_capacity(self.batch_max);
        loop {
            let came = tokio::select! {
                biased;
                came = waiting.recv_many(&mut batch, self.batch_max) => came,
                () = soft.cancelled(), if !waiting.is_closed() => {
                    waiting.close();
                    continue;
                }
            };
            if came == 0 {
                return;
            }
            metrics::gauge!("publisher_puts_waiting").set(waiting.len() as f64);
            metrics::histogram!("publisher_batch_commands").record(came as f64);
            let span = tracing::info_span!("put", claims = came, trace_id = Empty, joined = Empty);
            let traces = batch.iter().filter_map(|waiting| waiting.trace).collect();
            let here = trace::join(&span, traces, Trace::begin);
            self.put(std::mem::take(&mut batch), here).instrument(span).await;
        }
    }

    async fn put(&self, batch: Vec<Waiting>, here: Trace) {
        let (commands, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|w| (w.command, w.answer)).unzip();
        let begun = Instant::now();
        let answered = timeout(self.put_wait, self.queue.put(by_item(commands, here))).await;
        metrics::histogram!("publisher_put_seconds").record(begun.elapsed());
        let why = match answered {
            Ok(Err(QueueError::Full)) => "queue_full",
            Ok(Err(QueueError::Unavailable)) => "unavailable",
            Err(_) => "too_slow",
            Ok(Ok(())) => "",
        };
        let outcome = answered.unwrap_or(Err(QueueError::Unavailable));
        if let Err(error) = outcome {
            tracing::warn!(%error, why, claims = answers.len(), "claims were not stored");
            metrics::counter!("publisher_puts_failed_total", "why" => why).increment(answers.len() as u64);
        }
        for answer in answers {
            // Whoever went away meanwhile learns it elsewhere.
            let _ = answer.send(outcome);
        }
    }
}

/// All commands of one item in one message, in the order in which they came.
fn by_item(commands: Vec<Command>, here: Trace) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for command in commands {
        let sale_item_id = command.claim().sale_item_id;
        match messages.iter_mut().find(|message| message.sale_item_id == sale_item_id) {
            Some(message) => message.commands.push(command),
            None => {
                let trace = Some(here.to_string());
                messages.push(Message { trace, ..Message::new(sale_item_id, vec![command]) });
            }
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::{
        claim::Claim,
        ids::{SaleItemId, UserId},
        time::UnixMs,
    };
    use uuid::Uuid;

    #[test]
    fn an_items_commands_travel_together_and_in_order() {
        let command = |item: u128, buyer: u128| {
            let (item, buyer) = (SaleItemId(Uuid::from_u128(item)), UserId(Uuid::from_u128(buyer)));
            Command::Claim(Claim::new(item, buyer, 1, 1, UnixMs(0)))
        };
        let withdraw = Command::Withdraw(command(1, 9).claim().clone());
        let messages = by_item(vec![command(1, 9), command(2, 1), withdraw.clone(), command(1, 3)], Trace::begin());
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].commands, [command(1, 9), withdraw, command(1, 3)]);
        assert_eq!(messages[1].commands, [command(2, 1)]);
    }
}
