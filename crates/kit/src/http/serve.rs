//! Serving: sockets are accepted, bounded, timed and let go by ourselves.
//!
//! The framework's own loop sets no timer, so its header timeout would never fire, and it caps nothing.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use futures_util::future::{Either, ready};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
    upgrade::Upgraded,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::shell::shell;
use crate::{
    config::{ConfigError, Dur, Size, ensure},
    lifecycle::Lifecycle,
};

mod counted;
mod short;
use counted::Counted;
pub use counted::Place;
use short::Onward;
pub use short::{Enter, Entry, Head, Refuse, Served, ShortRefusal, ShortUpgrade, ShortWays};

/// The OS keeps so many connections that we have not accepted yet; more are refused by it.
const BACKLOG: u32 = 4096;
const HEADERS_MAX: usize = 100;
/// hyper reads nothing smaller than this at once.
const HEADER_MIN_BYTES: usize = 8 * 1024;
const ACCEPT_RETRY_MIN: Duration = Duration::from_millis(10);
const ACCEPT_RETRY_MAX: Duration = Duration::from_secs(1);

/// The section `[http]` of a config file. Each is a bound; what happens at it stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    /// A client that says nothing for this long is cut; so is one that then has not sent a whole request head in this time, and
    /// an idle kept-alive connection. Behind a balancer: longer than it keeps its own connections idle.
    pub header_timeout: Dur,
    /// A client that takes no byte of its answer for this long is cut; upgraded sockets too, unless they were taken back.
    pub write_timeout: Dur,
    /// A request without an answer by then gets 503 `timed_out`, or 408 `request_timeout` if its body is still waited for.
    /// Upgraded sockets are past it.
    pub request_timeout: Dur,
    /// Connections at once, sockets included; one more gets 503 and is closed.
    pub max_connections: usize,
    /// A larger body gets 413, unless its route has a limit of its own.
    pub body_max: Size,
    /// A larger request head gets 431. At least 8KiB.
    pub header_max: Size,
    /// Proxies of ours in front, for the client's address.
    pub trusted_hops: usize,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            header_timeout: Dur::of_s(10),
            write_timeout: Dur::of_s(30),
            request_timeout: Dur::of_s(30),
            max_connections: 10_000,
            body_max: Size::kib(64),
            header_max: Size::kib(16),
            trusted_hops: 0,
        }
    }
}

impl ServeConfig {
    /// Whether these bounds can be kept.
    pub fn check(&self) -> Result<(), ConfigError> {
        ensure(self.header_timeout > Dur::default(), "http.header_timeout", "must be more than nothing")?;
        ensure(self.write_timeout > Dur::default(), "http.write_timeout", "must be more than nothing")?;
        ensure(self.request_timeout > Dur::default(), "http.request_timeout", "must be more than nothing")?;
        let connections = 1..=Semaphore::MAX_PERMITS;
        ensure(connections.contains(&self.max_connections), "http.max_connections", "must be at least 1")?;
        ensure(self.header_max.bytes() >= HEADER_MIN_BYTES, "http.header_max", "must be at least 8KiB")
    }
}

#[derive(Debug, Error)]
pub enum BindError {
    #[error("address {0} is in use: stop the other process or choose another with --listen")]
    InUse(SocketAddr),
    #[error("address {0} is not one of this machine: choose another with --listen")]
    NotOurs(SocketAddr),
    #[error("this user may not listen on {0}: choose a port above 1023 with --listen")]
    NotAllowed(SocketAddr),
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, io::Error),
}

/// Listens, or says what to do about it. To be called inside the runtime.
pub fn bind(addr: SocketAddr) -> Result<TcpListener, BindError> {
    let listen = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait for the connections of the process before.
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(addr),
        io::ErrorKind::AddrNotAvailable => BindError::NotOurs(addr),
        io::ErrorKind::PermissionDenied => BindError::NotAllowed(addr),
        _ => BindError::Other(addr, error),
    })
}

/// Serves until the soft stop, with the [`shell`] around every route; requests in flight finish as visits of `life`. Where there
/// are [`ShortWays`], requests may take them.
///
/// Spawn it: `life.spawn("http", serve(listener, router, config, life.clone()))`.
pub async fn serve(listener: TcpListener, served: impl Into<Served>, config: ServeConfig, life: Lifecycle) {
    let Served { routes, short } = served.into();
    let house = House {
        rooms: Arc::new(Rooms { router: shell(routes, &config), http: builder(&config), short, config }),
        places: Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS))),
        life: life.clone(),
    };
    metrics::gauge!("http_connections_max").set(config.max_connections as f64);
    let soft = life.soft();
    let mut retry = ACCEPT_RETRY_MIN;
    loop {
        let accepted = tokio::select! {
            biased;
            () = soft.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                retry = ACCEPT_RETRY_MIN;
                house.welcome(stream, peer);
            }
            // The client left before we came to the door.
            Err(error) if is_theirs(&error) => {}
            // Out of file descriptors, mostly: to try again at once would only burn the processor.
            Err(error) => {
                metrics::counter!("http_accept_errors_total").increment(1);
                tracing::warn!(%error, retry_ms = retry.as_millis() as u64, "cannot accept connections");
                if !life.sleep(retry).await {
                    return;
                }
                retry = (retry * 2).min(ACCEPT_RETRY_MAX);
            }
        }
    }
}

fn is_theirs(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn builder(config: &ServeConfig) -> http1::Builder {
    let mut http = http1::Builder::new();
    let header_max = config.header_max.bytes().max(HEADER_MIN_BYTES);
    http.timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout.get())
        .max_headers(HEADERS_MAX)
        .max_header_size(header_max)
        .max_buf_size(header_max.max(64 * 1024))
        .keep_alive(true)
        .half_close(false);
    http
}

struct House {
    rooms: Arc<Rooms>,
    places: Arc<Semaphore>,
    life: Lifecycle,
}

/// What every connection needs.
struct Rooms {
    router: Router,
    http: http1::Builder,
    short: ShortWays,
    config: ServeConfig,
}

impl House {
    fn welcome(&self, stream: TcpStream, peer: SocketAddr) {
        let Ok(permit) = self.places.clone().try_acquire_owned() else { return refuse(stream) };
        // Answers are small and somebody waits for them.
        let _ = stream.set_nodelay(true);
        let (rooms, place, soft) = (self.rooms.clone(), Place::new(permit), self.life.soft());
        self.life.spawn_visit("connection", async move {
            let ended = match rooms.short.answer(&stream, peer, &rooms.config, &soft).await {
                Ok(Onward::Taken(taking, read)) => taking.hand_over(stream, read, place),
                // Apart, so that who goes a short way needs no room for it.
                Ok(Onward::Long(read)) => Box::pin(rooms.long_way(stream, read, place, peer, soft)).await,
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

impl Rooms {
    async fn long_way(
        &self,
        stream: TcpStream,
        read: Bytes,
        place: Place,
        peer: SocketAddr,
        soft: CancellationToken,
    ) -> io::Result<()> {
        let io = TokioIo::new(Counted::new(stream, read, place, self.config.write_timeout.get()));
        let service = service_fn(move |request| {
            if let Some(refused) = self.short.response(&request) {
                return Either::Left(ready(Ok(refused)));
            }
            let mut router = self.router.clone();
            Either::Right(async move { router.call(with_peer(request, peer)).await })
        });
        let mut connection = pin!(self.http.serve_connection(io, service).with_upgrades());
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = soft.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        ended.map_err(|error| {
            count_early(&error);
            io::Error::other(error)
        })
    }
}

/// Bounds that the protocol itself keeps: no route ever saw such a request.
fn count_early(error: &hyper::Error) {
    if error.is_parse_too_large() {
        metrics::counter!("http_refused_total", "why" => "head_too_large").increment(1);
    } else if error.is_timeout() {
        count_too_slow();
    }
}

fn count_too_slow() {
    metrics::counter!("http_refused_total", "why" => "head_too_slow").increment(1);
}

/// A connection after its upgrade, free of HTTP and of the runtime: what remains is a descriptor that never blocks.
pub struct TakenBack {
    pub stream: std::net::TcpStream,
    /// Our answer to its request, where it is still to be written.
    pub unsent: Bytes,
    /// What the client sent behind its request, already read.
    pub read: Bytes,
    /// To be kept for as long as the stream is open.
    pub place: Place,
}

/// Takes a connection back from HTTP. Errors: it was not accepted by [`serve`], or the system does not let go of it.
pub fn take_back(upgraded: Upgraded) -> io::Result<TakenBack> {
    let parts = upgraded.downcast::<TokioIo<Counted>>().map_err(|_| io::ErrorKind::Unsupported)?;
    let (stream, place) = parts.io.into_inner().take_apart()?;
    Ok(TakenBack { stream, unsent: Bytes::new(), read: parts.read_buf, place })
}

fn with_peer(request: Request<Incoming>, peer: SocketAddr) -> Request<Body> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

/// One write, no waiting, no task: refusing must stay cheap when everybody comes at once.
fn refuse(stream: TcpStream) {
    metrics::counter!("http_refused_total", "why" => "full_house").increment(1);
    if let Ok(mut stream) = stream.into_std() {
        let _ = io::Write::write(&mut stream, REFUSAL);
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
}

/// Ends with the connection, so it needs no length.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\nretry-after: 2\r\nconnection: close\r\n\r\n\
    {\"type\":\"/docs/problems#full_house\",\"title\":\"too many connections\",\"status\":503,\"code\":\"full_house\"}";
