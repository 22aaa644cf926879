//! The short ways: what a crowd asks for all at once is answered past HTTP's machinery, which would double what it costs.
//!
//! They know the good case only. Whatever is unusual about a request or its answer goes the long way, with every byte read so far,
//! and so does everything that its connection asks from then on; a refusal is given before the routes there, too.
//!
//! Of the numbers they keep the count alone, in `http_requests_total`: an answer by a short way takes microseconds, and in
//! `http_request_seconds` it would only hide what the long way takes.

mod head;
mod refusal;
mod upgrade;

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, http::Request, response::Response};
use hyper::body::Bytes;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::{ServeConfig, count_too_slow, counted::unwritten};
pub use head::Head;
use head::with_head;
pub use refusal::{Refuse, ShortRefusal};
pub(super) use upgrade::Taking;
pub use upgrade::{Enter, Entry, ShortUpgrade};

/// A longer request goes the long way.
const REQUEST_MAX_BYTES: usize = 4096;

/// What a server answers: its routes, and the short ways to some of them.
pub struct Served {
    pub routes: Router,
    pub short: ShortWays,
}

#[derive(Clone, Default)]
pub struct ShortWays {
    pub upgrade: Option<ShortUpgrade>,
    pub refusal: Option<ShortRefusal>,
}

impl From<Router> for Served {
    fn from(routes: Router) -> Self {
        Self { routes, short: ShortWays::default() }
    }
}

/// How a connection goes on.
pub(super) enum Onward {
    /// Free of HTTP, with all that was read.
    Taken(Taking, Bytes),
    /// By the routes, with what was read; nothing: the client left, or everybody is to leave.
    Long(Bytes),
}

/// What became of one reading.
enum Step {
    /// Answered; this much of it is still to be written.
    Answered(Vec<u8>),
    Onward(Onward),
}

impl ShortWays {
    /// Answers what a short way answers, until something else comes. Errors: the connection is of no use any more; the
    /// client said nothing for as long as [`ServeConfig::header_timeout`], or took nothing.
    pub(super) async fn answer(
        &self,
        stream: &TcpStream,
        peer: SocketAddr,
        config: &ServeConfig,
        soft: &CancellationToken,
    ) -> io::Result<Onward> {
        loop {
            tokio::select! {
                biased;
                // HTTP says good-bye.
                () = soft.cancelled() => return Ok(Onward::Long(Bytes::new())),
                came = comes(stream, config.header_timeout.get()) => came?,
            }
            match self.step(stream, peer, config.trusted_hops) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
                Ok(Step::Onward(onward)) => return Ok(onward),
                Ok(Step::Answered(rest)) if rest.is_empty() => {}
                Ok(Step::Answered(rest)) => unwritten(stream, &rest, config.write_timeout.get()).await?,
            }
        }
    }

    /// Apart, so that no waiting task holds the buffer.
    fn step(&self, stream: &TcpStream, peer: SocketAddr, trusted_hops: usize) -> io::Result<Step> {
        let mut buffer = [0; REQUEST_MAX_BYTES];
        let read = stream.try_read(&mut buffer)?;
        let read = buffer.get(..read).unwrap_or_default();
        if let Some(mut answer) = self.refused(read) {
            let wrote = match stream.try_write(&answer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                wrote => wrote?,
            };
            answer.drain(..wrote);
            return Ok(Step::Answered(answer));
        }
        let taking = self.upgrade.as_ref().and_then(|way| with_head(read, |head| way.entry(head, peer, trusted_hops)));
        let read = Bytes::copy_from_slice(read);
        Ok(Step::Onward(match taking {
            Some(taking) => Onward::Taken(taking, read),
            None => Onward::Long(read),
        }))
    }

    /// The refusal of a request on its long way.
    pub(super) fn response<T>(&self, request: &Request<T>) -> Option<Response> {
        self.refusal.as_ref()?.response(request)
    }

    fn refused(&self, read: &[u8]) -> Option<Vec<u8>> {
        let way = self.refusal.as_ref()?;
        with_head(read, |head| way.answer(head, read.len()))
    }
}

/// Something to read, or the end of it.
async fn comes(stream: &TcpStream, wait: Duration) -> io::Result<()> {
    tokio::time::timeout(wait, stream.readable()).await.map_err(|_| {
        count_too_slow();
        io::Error::new(io::ErrorKind::TimedOut, "the client said nothing")
    })?
}
