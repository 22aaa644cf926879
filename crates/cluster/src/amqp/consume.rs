//! Consuming: a channel and its one consumer, with a bound on what is in hand.

use futures_util::FutureExt;
use lapin::{
    Channel, Consumer,
    options::{BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};

use super::{Live, RabbitError, Shape, link::REPLY_SUCCESS};

/// Holds nothing back: quorum queues know no limit of a whole channel.
///
/// RabbitMQ 3 keeps quietly the consumer of a queue that was removed: it consumes the next queue of that name for us, forgets that
/// it does (`eol` in 3.10's `rabbit_channel.erl`), and nothing comes any more. A channel with a limit of its own may not consume
/// a quorum queue, but a limit may be set later; then the broker cannot do us that favour, and cancels the consumer, as RabbitMQ 4
/// always does.
const CHANNEL_LIMIT: u16 = u16::MAX;

impl Live {
    /// Makes sure that the queue is there, and consumes it. The stream ends with the queue, the channel or the connection.
    ///
    /// Whoever goes away before the answer leaves no consumer behind.
    pub(crate) async fn consume(&self, shape: &Shape, prefetch: u16) -> Result<(Channel, Consumer), RabbitError> {
        // The broker is asked each time: whoever consumes again may do so because the queue is gone.
        self.declare_now(shape).await?;
        let mut opening = Opening { channel: self.channel().await?, given_up: true };
        let channel = opening.channel.clone();
        self.call("basic.qos", channel.basic_qos(prefetch, BasicQosOptions { global: false })).await?;
        let (queue, options) = (shape.name.clone(), BasicConsumeOptions::default());
        let consumer = channel.basic_consume(queue, "".into(), options, FieldTable::default());
        let consumer = self.call("basic.consume", consumer).await?;
        self.call("basic.qos", channel.basic_qos(CHANNEL_LIMIT, BasicQosOptions { global: true })).await?;
        opening.given_up = false;
        Ok((channel, consumer))
    }
}

/// A channel on its way to a consumer.
struct Opening {
    channel: Channel,
    given_up: bool,
}

impl Drop for Opening {
    /// lapin keeps a consumer whose caller went away before it was answered, and with it the channel: what comes over it would lie
    /// there for ever, and where one consumer alone is active, nothing would come to any other.
    fn drop(&mut self) {
        if self.given_up {
            // Sent by the first look at it; nobody waits for the answer.
            let _ = self.channel.close(REPLY_SUCCESS, "given up".into()).now_or_never();
        }
    }
}
