//! One connection that comes back: who needs it sees the present one, or that there is none.
//!
//! lapin could recover by itself, with its channels and consumers. It is not asked to: after an outage what was in hand
//! belongs to the broker again, and nothing shows that more plainly than a connection, a channel and a consumer that are new.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt;
use lapin::{Channel, Connection, ConnectionProperties, Event, tcp::AMQPUriTcpExt, tcp::OwnedTLSConfig, uri::AMQPUri};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{RabbitConfig, RabbitError};

/// However silent its events, a connection is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// "Goodbye", as AMQP numbers it.
pub(super) const REPLY_SUCCESS: u16 = 200;

#[derive(Clone)]
enum State {
    Up(Arc<Live>),
    Down(String),
}

/// A connection and the task that keeps it up.
pub(crate) struct Link {
    state: Arc<watch::Sender<State>>,
    keeper: JoinHandle<()>,
    close_wait: Duration,
}

impl Link {
    /// Begins to connect, and never ends.
    pub(crate) fn start(name: &'static str, config: &RabbitConfig) -> Result<Arc<Self>, RabbitError> {
        let way = Way { name, uri: config.uri()?, tls: config.tls()?, config: config.clone() };
        let state = Arc::new(watch::Sender::new(State::Down("not yet tried".to_owned())));
        let keeper = tokio::spawn(keep(way, state.clone()));
        Ok(Arc::new(Self { state, keeper, close_wait: config.call_wait }))
    }

    /// The present connection, if there is one.
    pub(crate) fn now(&self) -> Option<Arc<Live>> {
        match &*self.state.borrow() {
            State::Up(live) if live.connection.status().connected() => Some(live.clone()),
            _ => None,
        }
    }

    /// Waits for a connection, as long as it takes.
    pub(crate) async fn up(&self) -> Arc<Live> {
        let mut news = self.state.subscribe();
        loop {
            if let Some(live) = self.now() {
                return live;
            }
            // The sender is ours and lives: the only news is a new state.
            let _ = timeout(LOOK_AGAIN, news.changed()).await;
        }
    }

    pub(crate) fn why_down(&self) -> String {
        match &*self.state.borrow() {
            State::Up(_) => "it was there a moment ago".to_owned(),
            State::Down(why) => why.clone(),
        }
    }

    /// Closes the connection for good.
    pub(crate) async fn close(&self) {
        self.keeper.abort();
        if let State::Up(live) = self.state.send_replace(State::Down("closed by us".to_owned())) {
            let _ = timeout(self.close_wait, live.connection.close(REPLY_SUCCESS, "goodbye".into())).await;
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// One connection, from its opening to its end.
pub(crate) struct Live {
    connection: Connection,
    call_wait: Duration,
    declared: Mutex<HashSet<String>>,
}

impl Live {
    /// A new channel.
    pub(crate) async fn channel(&self) -> Result<Channel, RabbitError> {
        self.call("channel.open", self.connection.create_channel()).await
    }

    /// An answer within our own time; a broker that hangs gives none at all.
    pub(crate) async fn call<T>(
        &self,
        what: &'static str,
        answer: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, RabbitError> {
        match timeout(self.call_wait, answer).await {
            Ok(answered) => Ok(answered?),
            Err(_) => Err(RabbitError::Unavailable(format!("no answer to {what} within {:?}", self.call_wait))),
        }
    }

    /// Closes a channel, whatever is unanswered on it; what was delivered over it goes back. Never longer than one call.
    pub(crate) async fn close(&self, channel: &Channel) {
        let _ = self.call("channel.close", channel.close(REPLY_SUCCESS, "given back".into())).await;
    }

    /// The broker has stopped reading from us.
    pub(crate) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    pub(super) fn is_declared(&self, queue: &str) -> bool {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).contains(queue)
    }

    pub(super) fn declared(&self, queue: &str) {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).insert(queue.to_owned());
    }

    /// Somebody saw that a queue is gone: all are declared again before their next use.
    pub(crate) fn forget_declared(&self) {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Until the connection is gone; says why.
    async fn until_lost(&self) -> String {
        let mut events = Box::pin(self.connection.events_listener());
        let mut why = "the connection ended".to_owned();
        while self.connection.status().connected() {
            match timeout(LOOK_AGAIN, events.next()).await {
                Ok(Some(Event::Error(error))) => why = error.to_string(),
                Ok(Some(Event::ConnectionBlocked(reason))) => {
                    metrics::gauge!("rabbit_blocked").set(1.0);
                    tracing::error!(reason, "alarm: RabbitMQ takes no messages, its memory or disk is short");
                }
                Ok(Some(Event::ConnectionUnblocked)) => {
                    metrics::gauge!("rabbit_blocked").set(0.0);
                    tracing::warn!("RabbitMQ takes messages again");
                }
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => sleep(LOOK_AGAIN).await,
            }
        }
        why
    }
}

/// How to get there.
struct Way {
    name: &'static str,
    uri: AMQPUri,
    tls: OwnedTLSConfig,
    config: RabbitConfig,
}

async fn keep(way: Way, state: Arc<watch::Sender<State>>) {
    let (name, mut failures) = (way.name, 0);
    loop {
        let why = match way.connect().await {
            Ok(live) => {
                failures = 0;
                tracing::info!(link = name, "connected to RabbitMQ");
                metrics::gauge!("rabbit_connected", "link" => name).set(1.0);
                let live = Arc::new(live);
                state.send_replace(State::Up(live.clone()));
                live.until_lost().await
            }
            Err(error) => error.to_string(),
        };
        metrics::gauge!("rabbit_connected", "link" => name).set(0.0);
        metrics::counter!("rabbit_connection_losses_total", "link" => name).increment(1);
        if failures == 0 {
            // Once an outage; the gauge shows how long it lasts.
            tracing::warn!(link = name, why, "no connection to RabbitMQ");
        }
        state.send_replace(State::Down(why));
        sleep(backoff(&way.config, failures)).await;
        failures += 1;
    }
}

/// Doubling from `retry_min` to `retry_max`.
fn backoff(config: &RabbitConfig, failures: u32) -> Duration {
    config.retry_min.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(config.retry_max)
}

impl Way {
    async fn connect(&self) -> Result<Live, RabbitError> {
        let (wait, call_wait) = (self.config.connect_wait, self.config.call_wait);
        let (tls, runtime) = (self.tls.clone(), lapin::runtime::default_runtime()?);
        let properties = ConnectionProperties::default().with_connection_name(format!("miaosha {}", self.name).into());
        // The wait is inside as well: dropping the outer one would leave a thread at its connect for minutes.
        let dial = async move |uri, runtime| {
            let stream = AMQPUriTcpExt::connect_with_config_async(&uri, tls.as_ref(), &runtime);
            match timeout(wait, stream).await {
                Ok(stream) => Ok(stream?),
                Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
            }
        };
        match timeout(wait, Connection::connector(self.uri.clone(), runtime, dial, properties)).await {
            Ok(connection) => Ok(Live { connection: connection?, call_wait, declared: Mutex::default() }),
            Err(_) => Err(RabbitError::Unavailable(format!("no connection within {wait:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_to_connect_are_spaced_out_up_to_a_bound() {
        let config = RabbitConfig::default();
        let waits: Vec<u128> = [0, 1, 2, 3, 4, 40, 4_000].map(|n| backoff(&config, n).as_millis()).into();
        assert_eq!(waits, [50, 100, 200, 400, 500, 500, 500]);
    }
}
