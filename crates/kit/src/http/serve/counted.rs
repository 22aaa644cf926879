//! The counted connection: keeps its place for as long as its socket lives, and is cut when nobody takes what it writes.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep, timeout},
};

pub struct Counted {
    stream: TcpStream,
    /// Read before HTTP was asked.
    read: Bytes,
    write_timeout: Duration,
    /// Runs while the client takes nothing. Made only then: most never stall.
    stalled: Option<Pin<Box<Sleep>>>,
    place: Place,
}

/// One of the connections that may be open at once; free again when dropped.
pub struct Place(#[allow(dead_code)] OwnedSemaphorePermit);

impl Place {
    pub fn new(permit: OwnedSemaphorePermit) -> Self {
        metrics::gauge!("http_connections").increment(1.0);
        Self(permit)
    }
}

impl Counted {
    pub fn new(stream: TcpStream, read: Bytes, place: Place, write_timeout: Duration) -> Self {
        Self { stream, read, write_timeout, stalled: None, place }
    }

    /// The bare stream, no longer the runtime's, and its place.
    pub fn take_apart(self) -> io::Result<(std::net::TcpStream, Place)> {
        Ok((self.stream.into_std()?, self.place))
    }

    fn bounded(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if wrote.is_ready() {
            self.stalled = None;
            return wrote;
        }
        let span = self.write_timeout;
        ready!(self.stalled.get_or_insert_with(|| Box::pin(sleep(span))).as_mut().poll(cx));
        Poll::Ready(Err(takes_nothing()))
    }
}

fn takes_nothing() -> io::Error {
    metrics::counter!("http_refused_total", "why" => "answer_not_taken").increment(1);
    io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")
}

/// Writes what could not be written at once. Errors: the client takes no byte of it for `write_timeout`, or is gone.
pub(super) async fn unwritten(stream: &TcpStream, mut rest: &[u8], write_timeout: Duration) -> io::Result<()> {
    while !rest.is_empty() {
        timeout(write_timeout, stream.writable()).await.map_err(|_| takes_nothing())??;
        match stream.try_write(rest) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            wrote => rest = rest.get(wrote?..).unwrap_or_default(),
        }
    }
    Ok(())
}

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("http_connections").decrement(1.0);
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.read.is_empty() {
            let some = self.read.len().min(buf.remaining());
            buf.put_slice(&self.read.split_to(some));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.bounded(cx, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.bounded(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
