//! Testing: what tests of a role need of the process: a condition to wait for, a server to call.

use std::{io, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, time::Instant};

use crate::{
    http::{ServeConfig, serve},
    lifecycle::Lifecycle,
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
pub async fn serve_here(router: Router, config: ServeConfig, life: &Lifecycle) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    life.set_ready(true);
    life.spawn("http", serve(listener, router, config, life.clone()));
    Ok(addr)
}
