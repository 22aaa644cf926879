//! The wire: an answer as HTTP/1.1 writes it, for those that are given past hyper.

use axum::response::Response;

/// The status and the headers; the empty line after them is still to come. `None`: a status without words.
pub(super) fn head<T>(answer: &Response<T>) -> Option<Vec<u8>> {
    let status = answer.status();
    let mut head = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason()?).into_bytes();
    for (name, value) in answer.headers() {
        [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]
            .iter()
            .for_each(|part| head.extend_from_slice(part));
    }
    Some(head)
}
