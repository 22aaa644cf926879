//! The subscription: one for the whole process, said again every second, so that no way of losing it lasts.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use redis::{PushInfo, cluster::ClusterClient, cluster_async::ClusterConnection};
use tokio::time::{sleep, timeout};

use super::ear::Ear;
use crate::redis::{Redis, RedisConfigError, builder, settings};

/// A subscription that is there is said again so often: it costs nothing, and what was lost unnoticed comes back.
const REFRESH: Duration = Duration::from_secs(1);
/// While some channel is deaf.
const RETRY: Duration = Duration::from_millis(200);
/// A connection on which some channel stays deaf for so long is replaced: a new one learns the slots anew.
const REPLACE_AFTER: Duration = Duration::from_secs(3);
/// For one connection to the whole cluster, or one confirmation.
const STEP_MAX: Duration = Duration::from_secs(4);

/// A client of its own: what Redis pushes goes straight to the ear.
pub(super) fn client(redis: &Redis, ear: &Arc<Ear>) -> Result<ClusterClient, RedisConfigError> {
    let ear = ear.clone();
    let hear = move |push: PushInfo| {
        ear.push(&push);
        Ok::<(), ()>(())
    };
    builder(redis.config())?.push_sender(hear).build().map_err(|error| settings(&error))
}

/// For ever: connects, subscribes, and begins again where that does not hold.
pub(super) async fn keep(client: ClusterClient, ear: Arc<Ear>) {
    loop {
        match timeout(STEP_MAX, client.get_async_connection()).await {
            Ok(Ok(connection)) => hold(&connection, &ear).await,
            Ok(Err(error)) => tracing::debug!(%error, "the bus cannot be subscribed to"),
            Err(_) => tracing::debug!("the bus cannot be subscribed to in time"),
        }
        ear.deaf_everywhere();
        sleep(RETRY).await;
    }
}

/// Until some channel stays deaf.
async fn hold(connection: &ClusterConnection, ear: &Ear) {
    let mut heard_at = Instant::now();
    while heard_at.elapsed() < REPLACE_AFTER {
        join_all(ear.channels().into_iter().map(|channel| subscribe(connection.clone(), channel, ear))).await;
        ear.settle();
        let pause = if ear.is_deaf() { RETRY } else { REFRESH };
        if !ear.is_deaf() {
            heard_at = Instant::now();
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = ear.fell_deaf() => sleep(RETRY).await,
        }
    }
    tracing::warn!("channels of the bus stay deaf: connecting anew");
}

/// The confirmation reaches the ear by itself; what fails makes the channel deaf.
async fn subscribe(mut connection: ClusterConnection, channel: String, ear: &Ear) {
    match timeout(STEP_MAX, connection.ssubscribe(&channel)).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => ear.deaf_channel(&channel),
    }
}
