//! The short way to a refusal: who asks for what memory alone turns down has the answer before a request was made of it.

use std::sync::Arc;

use axum::{
    http::{HeaderName, Request, header},
    response::Response,
};

use super::{Head, REQUEST_MAX_BYTES};
use crate::http::{
    OriginPolicy,
    problem::Prepared,
    request_id::{RequestId, X_REQUEST_ID},
};

/// The way of those `POST`s that are turned down.
#[derive(Clone)]
pub struct ShortRefusal(pub Arc<Refuse>);

/// Decides by a request's head, by memory alone; `None`: the route has to answer.
pub type Refuse = dyn Fn(&Head<'_>) -> Option<Arc<Prepared>> + Send + Sync;

/// Who says one of these wants more of HTTP than an answer.
const UNUSUAL: [HeaderName; 3] = [header::EXPECT, header::UPGRADE, header::TE];

impl ShortRefusal {
    /// The answer to a request that is all of what was `read`.
    pub(super) fn answer(&self, head: &Head<'_>, read: usize) -> Option<Vec<u8>> {
        let is_whole = read < REQUEST_MAX_BYTES && head.body_bytes()?.checked_add(head.bytes) == Some(read);
        // Asked first: whoever decides counts what is refused.
        if !is_whole {
            return None;
        }
        Some(self.prepared(head)?.written(&id_of(head)))
    }

    /// The same to a request that hyper has read, for it came after one that was not refused.
    pub(super) fn response<T>(&self, request: &Request<T>) -> Option<Response> {
        let head = Head::of(request);
        Some(self.prepared(&head)?.response(&id_of(&head)))
    }

    /// What is said to this head. Its body says nothing that could change it.
    fn prepared(&self, head: &Head<'_>) -> Option<Arc<Prepared>> {
        if head.method != "POST" || !stays(head) || UNUSUAL.iter().any(|name| head.has(name)) {
            return None;
        }
        // The routes say so to a foreign page.
        let host = head.all(&header::HOST).next();
        if !OriginPolicy::default().allows_of(head.all(&header::ORIGIN), host) {
            return None;
        }
        (self.0)(head)
    }
}

fn id_of(head: &Head<'_>) -> RequestId {
    RequestId::told(head.all(&X_REQUEST_ID).next())
}

/// Whether the connection is to stay open, as it is unless somebody says otherwise.
fn stays(head: &Head<'_>) -> bool {
    head.all(&header::CONNECTION).all(|told| told.eq_ignore_ascii_case(b"keep-alive"))
}
