//! Deciding: one task a partition takes what lies on the queue, has it ratified, tells it, and acks last.

use std::sync::Arc;

use kit::trace::{self, Trace};
use sale::{
    claim::Command,
    ids::SaleItemId,
    port::queue::{Delivery, QueueError},
};
use tracing::{Instrument, field::Empty};

use crate::counter::Counter;

mod batch;
mod until;

/// Decides one partition until the soft stop. What is in hand then is finished; what cannot be finished goes back.
pub(crate) async fn run(counter: Arc<Counter>, partition: u32) {
    let (queue, soft) = (counter.stores.queue.clone(), counter.life.soft());
    // Whoever had this partition before us is gone with what it had in hand.
    queue.give_back(partition).await;
    let mut failures = 0;
    loop {
        let taken = tokio::select! {
            biased;
            () = soft.cancelled() => break,
            taken = queue.take(partition, counter.config.decide.messages_max) => taken,
        };
        match taken {
            Ok(deliveries) => {
                failures = 0;
                counter.decide_all(partition, deliveries).await;
            }
            Err(QueueError::Unavailable | QueueError::Full) => {
                counter.life.sleep(counter.config.decide.wait(failures)).await;
                failures += 1;
            }
        }
    }
    queue.give_back(partition).await;
}

/// The commands of one item in hand, in order, the deliveries they came in, and whose stories they are a part of.
struct Group {
    item: SaleItemId,
    commands: Vec<Command>,
    tags: Vec<u64>,
    traces: Vec<Trace>,
}

fn by_item(deliveries: Vec<Delivery>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for Delivery { tag, message } in deliveries {
        let item = message.sale_item_id;
        let group = match groups.iter_mut().find(|group| group.item == item) {
            Some(group) => group,
            None => {
                groups.push(Group { item, commands: vec![], tags: vec![], traces: vec![] });
                let last = groups.len() - 1;
                &mut groups[last]
            }
        };
        group.commands.extend(message.commands);
        group.tags.push(tag);
        group.traces.extend(message.trace.as_deref().and_then(Trace::read));
    }
    groups
}

impl Counter {
    async fn decide_all(&self, partition: u32, deliveries: Vec<Delivery>) {
        let mut decided = Vec::with_capacity(deliveries.len());
        for group in by_item(deliveries) {
            let (sale_item, claims) = (group.item, group.commands.len());
            let span = tracing::info_span!("decide", %sale_item, claims, trace_id = Empty, joined = Empty);
            trace::join(&span, group.traces.clone(), Trace::begin);
            if !self.decide_group(&group).instrument(span).await {
                // The stop began while something outside did not answer: this goes back to the queue undecided.
                break;
            }
            decided.extend(group.tags);
        }
        // Ack comes last: a crash before it repeats the claims, and the journal finds the same rows.
        if let Err(error) = self.stores.queue.ack(partition, &decided).await {
            tracing::warn!(partition, %error, "decided messages could not be acked: they will come again");
            self.stores.queue.give_back(partition).await;
        }
    }

    async fn decide_group(&self, group: &Group) -> bool {
        for commands in group.commands.chunks(self.config.decide.commands_max) {
            if !self.decide(group.item, commands).await {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::{claim::Claim, ids::UserId, port::queue::Message, time::UnixMs};
    use uuid::Uuid;

    #[test]
    fn commands_are_gathered_by_item_and_keep_their_order() {
        let item = |n| SaleItemId(Uuid::from_u128(n));
        let claim = |n, buyer| Command::Claim(Claim::new(item(n), UserId(Uuid::from_u128(buyer)), 1, 1, UnixMs(0)));
        let delivery = |tag, n, buyer| Delivery {
            tag,
            message: Message::new(item(n), vec![claim(n, buyer), claim(n, buyer + 1)]),
        };
        let groups = by_item(vec![delivery(1, 7, 10), delivery(2, 8, 20), delivery(3, 7, 30)]);
        let told: Vec<_> =
            groups.iter().map(|group| (group.item, group.commands.clone(), group.tags.clone())).collect();
        let sevens = vec![claim(7, 10), claim(7, 11), claim(7, 30), claim(7, 31)];
        assert_eq!(told, [(item(7), sevens, vec![1, 3]), (item(8), vec![claim(8, 20), claim(8, 21)], vec![2])]);
    }
}
