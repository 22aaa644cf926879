//! Hearing: due knocks come in from the broker, for as long as the process lives.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::StreamExt;
use lapin::{Channel, message::Delivery};
use tokio::time::sleep;

use super::{
    Desk,
    heap::{Heap, Held},
    wire,
};
use crate::amqp::{Live, Rabbit, RabbitError};

/// A knock that comes earlier than this goes back to a timer; the rest of a shorter wait is waited here.
const EARLY_MAX_MS: i64 = 2_000;
/// Between two tries to consume.
const TRY_AGAIN: Duration = Duration::from_millis(500);

pub(super) async fn run(rabbit: Arc<Rabbit>, desk: Arc<Desk>, heap: Arc<Heap>) {
    loop {
        let live = rabbit.takes.up().await;
        let Err(error) = listen(&live, rabbit.config.timers.prefetch, &desk, &heap).await;
        tracing::warn!(%error, "timers cannot be heard; the sweeper comes all the same");
        heap.clear();
        sleep(TRY_AGAIN).await;
    }
}

/// Until the consumer is gone.
async fn listen(live: &Live, prefetch: u16, desk: &Desk, heap: &Heap) -> Result<Infallible, RabbitError> {
    let (channel, mut consumer) = live.consume(&desk.due, prefetch).await?;
    while let Some(delivery) = consumer.next().await {
        hear(desk, heap, &channel, delivery?).await;
    }
    // While the channel stands, only the broker ends its consumer: with the queue.
    Err(if channel.status().connected() {
        RabbitError::Gone(desk.due.name.to_string())
    } else {
        RabbitError::Unavailable("the channel was closed".to_owned())
    })
}

async fn hear(desk: &Desk, heap: &Heap, channel: &Channel, delivery: Delivery) {
    let knock = match wire::read(&delivery.data) {
        Ok(knock) => knock,
        Err(error) => {
            // Nothing is lost with it: the sweeper looks at every hold.
            metrics::counter!("timers_dropped_total").increment(1);
            tracing::error!(%error, "alarm: a knock cannot be read and was dropped");
            return drop(delivery.acker.ack(Default::default()).await);
        }
    };
    let held = Held { knock, channel: channel.clone(), delivery: delivery.delivery_tag };
    if knock.due_at - desk.clock.now() > EARLY_MAX_MS && armed_again(desk, &held).await {
        return held.ack();
    }
    heap.push(held);
}

/// Back to a timer, for the rest of its wait.
async fn armed_again(desk: &Desk, held: &Held) -> bool {
    let Some(parcel) = desk.parcel(&held.knock) else { return false };
    match desk.lane.put(vec![parcel]) {
        Ok(answer) => answer.wait().await.is_ok(),
        Err(_) => false,
    }
}
