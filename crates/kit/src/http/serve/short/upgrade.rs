//! The short way to an upgrade: a first request for one path, and a connection that is no longer HTTP's.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    http::{HeaderMap, header},
    response::Response,
};
use hyper::body::Bytes;
use tokio::net::TcpStream;

use super::{
    super::{TakenBack, counted::Place},
    Head,
};
use crate::http::{
    ClientAddr,
    request_id::{RequestId, X_REQUEST_ID},
    wire,
};

/// The way to `GET path`.
#[derive(Clone)]
pub struct ShortUpgrade {
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

impl ShortUpgrade {
    /// What is answered to this head, and who takes over.
    pub(super) fn entry(&self, head: &Head<'_>, peer: SocketAddr, trusted_hops: usize) -> Option<Taking> {
        let announces_body = head.has(&header::CONTENT_LENGTH) || head.has(&header::TRANSFER_ENCODING);
        if (head.method, head.path) != ("GET", self.path) || announces_body {
            return None;
        }
        let headers = head.owned()?;
        let entry = (self.enter)(&headers, ClientAddr::new(&headers, peer.ip(), trusted_hops))?;
        let unsent = head_of(entry.answer, RequestId::of(&headers))?;
        Some(Taking { route: self.path, head_bytes: head.bytes, unsent, take: entry.take })
    }
}

/// An upgrade that is decided.
pub(in super::super) struct Taking {
    route: &'static str,
    head_bytes: usize,
    unsent: Bytes,
    take: Box<dyn FnOnce(TakenBack) + Send>,
}

impl Taking {
    pub(in super::super) fn hand_over(self, stream: TcpStream, mut read: Bytes, place: Place) -> io::Result<()> {
        let stream = stream.into_std()?;
        // Not before: who was lost on the way out of the runtime was answered nothing.
        metrics::counter!("http_requests_total", "method" => "GET", "route" => self.route, "status" => "101")
            .increment(1);
        (self.take)(TakenBack { stream, unsent: self.unsent, read: read.split_off(self.head_bytes), place });
        Ok(())
    }
}

/// The head of an answer, as it goes over the wire.
fn head_of(mut answer: Response, id: RequestId) -> Option<Bytes> {
    answer.headers_mut().insert(X_REQUEST_ID, id.header()?);
    let mut head = wire::head(&answer)?;
    head.extend_from_slice(b"\r\n");
    Some(head.into())
}
