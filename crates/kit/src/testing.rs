//! Testing: what tests of a role need of the process: a condition to wait for, a server to call, an ear for its log.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{net::TcpListener, time::Instant};
use tracing::dispatcher::DefaultGuard;
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    http::{ServeConfig, Served, serve},
    lifecycle::Lifecycle,
    telemetry::{Format, lines},
};

const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Whether `holds` came true within `bound`. Tests wait for what they mean, never for a while.
pub async fn eventually(bound: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + bound;
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    true
}

/// Serves these routes on a free local port, as a task of `life`.
pub async fn serve_here(served: impl Into<Served>, config: ServeConfig, life: &Lifecycle) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    life.set_ready(true);
    life.spawn("http", serve(listener, served.into(), config, life.clone()));
    Ok(addr)
}

/// What this thread logs while it lives, as a collector gets it.
pub struct Log {
    heard: Heard,
    _ear: DefaultGuard,
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn listen() -> Self {
        // One lone ear is asked only on its own thread: what another thread logs first would be off for all, for ever. So
        // there is one for every thread.
        let _ = tracing_subscriber::registry().with(LevelFilter::INFO).try_init();
        let heard = Heard::default();
        let out = heard.clone();
        let lines = lines(move || out.clone(), Format::Json, "info");
        let ear = tracing_subscriber::registry().with(lines.ok()).set_default();
        Self { heard, _ear: ear }
    }

    /// Every line so far.
    pub fn lines(&self) -> Vec<Value> {
        let heard = self.heard.bytes();
        heard.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

impl Heard {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
