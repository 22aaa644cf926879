//! Shapes: which queues there are, and what each of them promises.

use std::time::Duration;

use lapin::{
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable, ShortString},
};

use super::{Live, RabbitConfig, RabbitError};

/// A queue's name and arguments. Every queue here is a durable quorum queue with a bound.
// No delivery limit: it would park good claims because their consumers died. 3.10 has none by default; 4.x has one of 20,
// and a policy must set it to -1 there, as the one in docker-compose.yml does (3.10 refuses the argument).
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: ShortString,
    arguments: FieldTable,
}

impl Shape {
    fn quorum(config: &RabbitConfig, name: &str, messages_max: u32, overflow: &str) -> Self {
        let shape = Self { name: format!("{}{name}", config.prefix).into(), arguments: FieldTable::default() };
        shape
            .with("x-queue-type", text("quorum"))
            .with("x-max-length", number(messages_max.into()))
            .with("x-overflow", text(overflow))
    }

    fn with(mut self, key: &str, value: AMQPValue) -> Self {
        self.arguments.insert(key.into(), value);
        self
    }

    /// One partition of the claims queue.
    pub(crate) fn claims(config: &RabbitConfig, partition: u32) -> Self {
        Self::quorum(config, &format!("claims.{partition}"), config.claims.messages_max, "reject-publish")
            .with("x-max-length-bytes", number(config.claims.bytes_max))
            .with("x-single-active-consumer", AMQPValue::Boolean(true))
    }

    /// What nobody can read.
    // It pushes the oldest out and never refuses: a full shelf must not stop a partition.
    pub(crate) fn parked(config: &RabbitConfig) -> Self {
        Self::quorum(config, "claims.parked", config.claims.parked_max, "drop-head")
    }

    /// Knocks that are due.
    pub(crate) fn due(config: &RabbitConfig) -> Self {
        Self::quorum(config, "timers.due", config.timers.knocks_max, "reject-publish")
    }

    /// Knocks that are all due after the same time.
    // One queue per duration: a message expires only at its queue's head.
    pub(crate) fn timer(config: &RabbitConfig, wait: Duration) -> Self {
        let name = format!("timers.{}s", wait.as_secs());
        Self::quorum(config, &name, config.timers.knocks_max, "reject-publish")
            .with("x-message-ttl", number(wait.as_millis() as u64))
            .with("x-dead-letter-exchange", text(""))
            .with("x-dead-letter-routing-key", text(Self::due(config).name.as_str()))
            // Without it a knock is lost where its way is interrupted. It asks for `reject-publish`.
            .with("x-dead-letter-strategy", text("at-least-once"))
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn number(value: u64) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(value).unwrap_or(i64::MAX))
}

impl Live {
    /// Makes sure that the queue is there; asks the broker only once a connection.
    ///
    /// Errors: `OtherShape` where it stands there with other arguments.
    pub(crate) async fn declare(&self, shape: &Shape) -> Result<(), RabbitError> {
        if self.is_declared(shape.name.as_str()) {
            return Ok(());
        }
        self.declare_now(shape).await?;
        self.declared(shape.name.as_str());
        Ok(())
    }

    /// The same, whatever was asked before.
    pub(super) async fn declare_now(&self, shape: &Shape) -> Result<(), RabbitError> {
        // A channel of its own, because a refusal closes it.
        let channel = self.channel().await?;
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        self.call("queue.declare", channel.queue_declare(shape.name.clone(), options, shape.arguments.clone()))
            .await
            .map_err(|error| other_shape(error, shape))?;
        Ok(())
    }

    /// Messages that lie in the queue, not counting those in somebody's hands.
    pub(crate) async fn ready(&self, shape: &Shape) -> Result<u64, RabbitError> {
        let channel = self.channel().await?;
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self
            .call("queue.declare", channel.queue_declare(shape.name.clone(), options, FieldTable::default()))
            .await?;
        Ok(queue.message_count().into())
    }
}

fn other_shape(error: RabbitError, shape: &Shape) -> RabbitError {
    match error {
        RabbitError::Unavailable(reason) if reason.contains("PRECONDITION") => {
            RabbitError::OtherShape { queue: shape.name.to_string(), reason }
        }
        other => other,
    }
}
