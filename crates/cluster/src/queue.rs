//! The claims queue in RabbitMQ: P quorum queues, one active consumer each.

use std::sync::Arc;

use async_trait::async_trait;
use sale::port::queue::{ClaimQueue, Delivery, Message, QueueError, partition_of};

use crate::amqp::{Answer, Bounds, Lane, Parcel, Rabbit, RabbitError, Shape};

mod desk;
mod part;
mod read;

use part::Part;

/// The claims queue of one process.
///
/// Its bound is the broker's: about `messages_max` of a partition that lie there, and up to `prefetch` in hand.
pub struct RabbitQueue {
    rabbit: Arc<Rabbit>,
    shapes: Vec<Arc<Shape>>,
    lanes: Vec<Lane>,
    parts: Vec<Part>,
    /// Where unreadable messages are put aside.
    parked: Arc<Shape>,
}

impl RabbitQueue {
    /// Makes sure that all queues are there. Nothing is consumed before the first [`take`](ClaimQueue::take).
    ///
    /// Errors: `OtherShape` where one of them stands there with other arguments; `Unavailable`.
    pub async fn open(rabbit: &Arc<Rabbit>) -> Result<Arc<Self>, RabbitError> {
        let config = &rabbit.config;
        let shapes: Vec<Arc<Shape>> =
            (0..config.claims.partitions).map(|partition| Arc::new(Shape::claims(config, partition))).collect();
        let parked = Arc::new(Shape::parked(config));
        let live = rabbit.puts.up().await;
        for shape in shapes.iter().chain([&parked]) {
            live.declare(shape).await?;
        }
        let bounds = Bounds {
            waiting_max: config.claims.waiting_max,
            in_flight_max: config.claims.in_flight_max,
            put_wait: config.put_wait,
        };
        let lane = |shape: &Arc<Shape>| Lane::start(shape.name.to_string(), rabbit.puts.clone(), bounds);
        let shelf = Arc::new(part::Shelf { lane: lane(&parked), shape: parked.clone() });
        let part = |(shape, partition): (&Arc<Shape>, u32)| Part::new(rabbit, shape.clone(), partition, shelf.clone());
        let (lanes, parts) = (shapes.iter().map(lane).collect(), shapes.iter().zip(0..).map(part).collect());
        Ok(Arc::new(Self { rabbit: rabbit.clone(), shapes, lanes, parts, parked }))
    }

    fn part(&self, partition: u32) -> Result<&Part, QueueError> {
        self.parts.get(partition as usize).ok_or(QueueError::Unavailable)
    }

    /// What goes to each partition, in order.
    // A trace travels as a header, where tools of others look for it, and a consumer from before it passes over it.
    fn by_partition(&self, messages: Vec<Message>) -> Result<Vec<Vec<Parcel>>, QueueError> {
        let mut parcels: Vec<Vec<Parcel>> = self.shapes.iter().map(|_| Vec::new()).collect();
        for mut message in messages {
            let trace = message.trace.take();
            let partition = partition_of(message.sale_item_id, self.partitions()) as usize;
            // Plain data: writing it as JSON has nothing to fail on.
            let body = serde_json::to_vec(&message).map_err(|_| QueueError::Unavailable)?;
            parcels[partition].push(Parcel { shape: self.shapes[partition].clone(), body, why: None, trace });
        }
        Ok(parcels)
    }
}

/// The worst of several answers: what is unknown outweighs what was refused.
fn worse(one: Result<(), QueueError>, other: Result<(), QueueError>) -> Result<(), QueueError> {
    match (one, other) {
        (Err(QueueError::Unavailable), _) | (_, Err(QueueError::Unavailable)) => Err(QueueError::Unavailable),
        (one, other) => one.and(other),
    }
}

fn unavailable(error: &RabbitError) -> QueueError {
    tracing::warn!(%error, "the claims queue does not answer");
    QueueError::Unavailable
}

#[async_trait]
impl ClaimQueue for RabbitQueue {
    fn partitions(&self) -> u32 {
        self.parts.len() as u32
    }

    async fn put(&self, messages: Vec<Message>) -> Result<(), QueueError> {
        let parcels = self.by_partition(messages)?;
        let lined_up: Vec<Result<Answer, QueueError>> = self
            .lanes
            .iter()
            .zip(parcels)
            .filter(|(_, parcels)| !parcels.is_empty())
            .map(|(lane, parcels)| lane.put(parcels))
            .collect();
        let mut outcome = Ok(());
        for answer in lined_up {
            let answered = match answer {
                Ok(answer) => answer.wait().await,
                Err(error) => Err(error),
            };
            outcome = worse(outcome, answered);
        }
        outcome
    }

    async fn take(&self, partition: u32, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.part(partition)?.take(max.max(1)).await
    }

    async fn ack(&self, partition: u32, tags: &[u64]) -> Result<(), QueueError> {
        // At most `prefetch` acks, written without a wait: a caller who goes away has sent all of them or none.
        self.part(partition)?.ack(tags)
    }

    async fn give_back(&self, partition: u32) {
        if let Ok(part) = self.part(partition) {
            part.give_back().await;
        }
    }

    /// What the broker says is ready, and what is in this process's hands: without what is in another's.
    async fn depth(&self) -> Result<u64, QueueError> {
        // Not over the connection that a memory alarm may have stopped.
        let live = self.rabbit.takes.now().ok_or(QueueError::Unavailable)?;
        let mut depth = 0;
        for (shape, part) in self.shapes.iter().zip(&self.parts) {
            depth += live.ready(shape).await.map_err(|error| unavailable(&error))? + part.in_hand();
        }
        Ok(depth)
    }

    async fn parked(&self) -> Result<u64, QueueError> {
        let live = self.rabbit.takes.now().ok_or(QueueError::Unavailable)?;
        live.ready(&self.parked).await.map_err(|error| unavailable(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unknown_makes_the_whole_unknown() {
        let (stored, full, unknown) = (Ok(()), Err(QueueError::Full), Err(QueueError::Unavailable));
        assert_eq!([worse(stored, stored), worse(stored, full), worse(full, stored)], [stored, full, full]);
        assert_eq!([worse(full, unknown), worse(unknown, full), worse(stored, unknown)], [unknown; 3]);
    }
}
