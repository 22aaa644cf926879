//! A problem that is prepared: always the same but for the request's id and the date, so it is written down once.

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use httpdate::HttpDate;
use metrics::Counter;
use sale::port::clock::Clock;

use super::Problem;
use crate::{
    clock::SystemClock,
    http::{
        request_id::{RequestId, X_REQUEST_ID},
        security::harden,
        wire,
    },
};

/// Where the request's id will stand.
const ID: &str = "the-id-of-the-request";

/// An answer of HTTP/1.1, ready but for its id and date.
pub struct Prepared {
    status: StatusCode,
    headers: HeaderMap,
    /// The same, written: from the status up to the length's value.
    head: Vec<u8>,
    /// The body around the id.
    body: (Vec<u8>, Vec<u8>),
    /// How often it was the answer.
    answered: Counter,
}

impl Prepared {
    /// For a `POST` to this route. `None`: a problem that has nothing of a request's id in it.
    pub fn of(problem: Problem, route: &'static str) -> Option<Self> {
        let mut response = problem.response(Some(ID));
        harden(response.headers_mut());
        let (status, headers, mut head) = (response.status(), response.headers().clone(), wire::head(&response)?);
        head.extend(b"content-length: ");
        let body = response.into_body();
        let at = body.windows(ID.len()).position(|part| part == ID.as_bytes())?;
        let (before, after) = (body.get(..at)?.to_vec(), body.get(at + ID.len()..)?.to_vec());
        let told = status.as_str().to_owned();
        let answered = metrics::counter!("http_requests_total", "method" => "POST", "route" => route, "status" => told);
        Some(Self { status, headers, head, body: (before, after), answered })
    }

    /// As hyper writes it; counted as an answer.
    pub(in crate::http) fn response(&self, id: &RequestId) -> Response {
        self.answered.increment(1);
        let (before, after) = &self.body;
        let body = [before, id.0.as_bytes(), after].concat();
        let mut response = Response::new(Body::from(body));
        (*response.status_mut(), *response.headers_mut()) = (self.status, self.headers.clone());
        if let Some(value) = id.header() {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        response
    }

    /// As it goes over the wire; counted as an answer.
    pub(in crate::http) fn written(&self, RequestId(id): &RequestId) -> Vec<u8> {
        self.answered.increment(1);
        let (before, after) = &self.body;
        let length = before.len() + id.len() + after.len();
        let since = Duration::from_millis(SystemClock.now().0.try_into().unwrap_or_default());
        let date = HttpDate::from(SystemTime::UNIX_EPOCH + since);
        let mut answer = Vec::with_capacity(self.head.len() + length + 160);
        answer.extend_from_slice(&self.head);
        // Writing to memory has nothing to fail on.
        let _ = write!(answer, "{length}\r\ndate: {date}\r\n{X_REQUEST_ID}: {id}\r\n\r\n");
        [before, id.as_bytes(), after].iter().for_each(|part| answer.extend_from_slice(part));
        answer
    }
}
