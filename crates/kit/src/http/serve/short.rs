//! The short way: a first request for one path is answered past HTTP's machinery, which would nearly double what an upgrade costs.
//!
//! It knows the good case only. Whatever is unusual about a request or its answer goes the long way, with every byte read so far.
//!
//! Of the numbers it keeps the count alone, in `http_requests_total`: an upgrade by the short way takes microseconds, and in
//! `http_request_seconds` it would only hide what the long way takes.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use hyper::body::Bytes;
use tokio::net::TcpStream;

use super::{TakenBack, count_too_slow, counted::Place};
use crate::http::{
    ClientAddr,
    request_id::{RequestId, X_REQUEST_ID},
};

/// A longer first head goes the long way.
const HEAD_MAX_BYTES: usize = 4096;
/// So does one with more headers.
const HEADERS_MAX: usize = 32;

/// What a server answers: its routes, and the short way to one of them.
pub struct Served {
    pub routes: Router,
    pub short: Option<ShortWay>,
}

/// The way to `GET path`.
#[derive(Clone)]
pub struct ShortWay {
    pub path: &'static str,
    pub enter: Arc<Enter>,
}

/// Decides by a request's headers; `None`: the route itself has to answer.
pub type Enter = dyn Fn(&HeaderMap, ClientAddr) -> Option<Entry> + Send + Sync;

/// Who comes in: the answer that upgrades, without a body, and who takes the connection.
pub struct Entry {
    pub answer: Response,
    pub take: Box<dyn FnOnce(TakenBack) + Send>,
}

impl From<Router> for Served {
    fn from(routes: Router) -> Self {
        Self { routes, short: None }
    }
}

/// The first bytes of a connection; none: the client left, or sent nothing for `wait`.
pub(super) async fn first_bytes(stream: &TcpStream, wait: Duration) -> io::Result<Bytes> {
    let silent = |_| {
        count_too_slow();
        io::Error::new(io::ErrorKind::TimedOut, "the client said nothing")
    };
    let came = async {
        loop {
            stream.readable().await?;
            match read_some(stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                came => return came,
            }
        }
    };
    tokio::time::timeout(wait, came).await.map_err(silent)?
}

/// Apart, so that no waiting task holds the buffer.
fn read_some(stream: &TcpStream) -> io::Result<Bytes> {
    let mut buffer = [0; HEAD_MAX_BYTES];
    let read = stream.try_read(&mut buffer)?;
    Ok(Bytes::copy_from_slice(buffer.get(..read).unwrap_or_default()))
}

impl ShortWay {
    /// Whether this head may go the short way, and what is answered then: the head's length, the answer, and who takes over.
    pub(super) fn entry(&self, read: &[u8], peer: SocketAddr, trusted_hops: usize) -> Option<Taking> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(httparse::Status::Complete(length)) = request.parse(read) else { return None };
        let is_ours = (request.method, request.path, request.version) == (Some("GET"), Some(self.path), Some(1));
        let headers = is_ours.then(|| owned(request.headers))??;
        let entry = (self.enter)(&headers, ClientAddr::new(&headers, peer.ip(), trusted_hops))?;
        let unsent = head_of(entry.answer, RequestId::of(&headers))?;
        Some(Taking { route: self.path, head_bytes: length, unsent, take: entry.take })
    }
}

/// An upgrade that is decided.
pub(super) struct Taking {
    route: &'static str,
    head_bytes: usize,
    unsent: Bytes,
    take: Box<dyn FnOnce(TakenBack) + Send>,
}

impl Taking {
    pub(super) fn hand_over(self, stream: TcpStream, mut read: Bytes, place: Place) -> io::Result<()> {
        let stream = stream.into_std()?;
        // Not before: who was lost on the way out of the runtime was answered nothing.
        metrics::counter!("http_requests_total", "method" => "GET", "route" => self.route, "status" => "101")
            .increment(1);
        (self.take)(TakenBack { stream, unsent: self.unsent, read: read.split_off(self.head_bytes), place });
        Ok(())
    }
}

/// The headers as the routes read them. `None`: they announce a body, or cannot be read.
fn owned(parsed: &[httparse::Header<'_>]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(parsed.len());
    for header in parsed {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    let has_body = headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    (!has_body).then_some(headers)
}

/// The head of an answer, as it goes over the wire.
fn head_of(mut answer: Response, id: RequestId) -> Option<Bytes> {
    answer.headers_mut().insert(X_REQUEST_ID, id.header()?);
    let status = answer.status();
    let mut head = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason()?).into_bytes();
    for (name, value) in answer.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    Some(head.into())
}
