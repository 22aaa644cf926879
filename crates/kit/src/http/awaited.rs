//! The awaited body: whether a request stands still because its client has not sent the rest.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// Whether somebody of ours waits for bytes of the client at this moment.
#[derive(Clone, Default)]
pub(super) struct Awaiting(Arc<AtomicBool>);

impl Awaiting {
    /// Watches a body. One that is here already is left as it is.
    pub(super) fn watch(&self, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        Body::new(Awaited { body, awaiting: self.clone() })
    }

    pub(super) fn is_so(&self) -> bool {
        self.0.load(Relaxed)
    }

    // Read by the task that polls the body, or after it: no order with other memory is needed.
    fn set(&self, awaiting: bool) {
        self.0.store(awaiting, Relaxed);
    }
}

struct Awaited {
    body: Body,
    awaiting: Awaiting,
}

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let came = Pin::new(&mut self.body).poll_frame(context);
        self.awaiting.set(came.is_pending());
        came
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Who lets the body go waits for it no longer.
impl Drop for Awaited {
    fn drop(&mut self) {
        self.awaiting.set(false);
    }
}
