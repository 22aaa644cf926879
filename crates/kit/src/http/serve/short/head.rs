//! The head of a request: as it lies in the buffer it was read into, or as hyper has read it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};

/// A request with more headers goes the long way.
const HEADERS_MAX: usize = 32;

/// A whole head of HTTP/1.1.
pub struct Head<'a> {
    pub method: &'a str,
    pub path: &'a str,
    headers: Headers<'a>,
    /// What it took of the buffer; 0 where there is none.
    pub(super) bytes: usize,
}

#[derive(Clone, Copy)]
enum Headers<'a> {
    Buffered(&'a [httparse::Header<'a>]),
    Read(&'a HeaderMap),
}

/// Reads a head and looks at it. `None`: what was read does not begin with a whole one, or nothing is found in it.
pub(super) fn with_head<T>(read: &[u8], look: impl FnOnce(&Head<'_>) -> Option<T>) -> Option<T> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(bytes)) = request.parse(read) else { return None };
    let (Some(method), Some(path), Some(1)) = (request.method, request.path, request.version) else { return None };
    look(&Head { method, path, headers: Headers::Buffered(request.headers), bytes })
}

impl<'a> Head<'a> {
    pub(super) fn of<T>(request: &'a Request<T>) -> Self {
        let path = request.uri().path_and_query().map_or("", |path| path.as_str());
        Self { method: request.method().as_str(), path, headers: Headers::Read(request.headers()), bytes: 0 }
    }

    /// The values of a header, in order.
    pub fn all<'n>(&self, name: &'n HeaderName) -> impl Iterator<Item = &'a [u8]> + 'n
    where
        'a: 'n,
    {
        let (buffered, read) = match self.headers {
            Headers::Buffered(headers) => (headers, None),
            Headers::Read(headers) => (&[][..], Some(headers.get_all(name))),
        };
        let named = |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case(name.as_str());
        let read = read.into_iter().flatten().map(HeaderValue::as_bytes);
        buffered.iter().filter(named).map(|header| header.value).chain(read)
    }

    pub(super) fn has(&self, name: &HeaderName) -> bool {
        self.all(name).next().is_some()
    }

    /// The bytes of its body. `None`: only the body's end will tell, or its length is told twice or as no number.
    pub(super) fn body_bytes(&self) -> Option<usize> {
        let mut lengths = self.all(&header::CONTENT_LENGTH);
        match (lengths.next(), lengths.next()) {
            _ if self.has(&header::TRANSFER_ENCODING) => None,
            (None, _) => Some(0),
            (Some(length), None) if length.iter().all(u8::is_ascii_digit) => {
                std::str::from_utf8(length).ok()?.parse().ok()
            }
            _ => None,
        }
    }

    /// As the routes read them. `None`: one cannot be read.
    pub(super) fn owned(&self) -> Option<HeaderMap> {
        let buffered = match self.headers {
            Headers::Buffered(headers) => headers,
            Headers::Read(headers) => return Some(headers.clone()),
        };
        let mut headers = HeaderMap::with_capacity(buffered.len());
        for header in buffered {
            let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_bytes(header.value).ok()?);
        }
        Some(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_bytes(headers: &str) -> Option<usize> {
        with_head(format!("POST / HTTP/1.1\r\n{headers}\r\n").as_bytes(), |head| head.body_bytes())
    }

    #[test]
    fn only_one_sound_length_is_a_length() {
        assert_eq!(body_bytes(""), Some(0));
        assert_eq!(body_bytes("Content-Length: 12\r\n"), Some(12));
        for unsound in ["+12", "12, 12", "", "-1", "1e3", "99999999999999999999999", "12\r\ncontent-length: 12"] {
            assert_eq!(body_bytes(&format!("content-length: {unsound}\r\n")), None, "{unsound}");
        }
        assert_eq!(body_bytes("content-length: 12\r\ntransfer-encoding: chunked\r\n"), None);
    }

    #[test]
    fn a_head_that_is_not_whole_is_none() {
        let whole = "GET /a HTTP/1.1\r\nhost: x\r\n\r\n";
        assert_eq!(with_head(whole.as_bytes(), |head| Some(head.bytes)), Some(whole.len()));
        for cut in 0..whole.len() {
            assert_eq!(with_head(&whole.as_bytes()[..cut], |_| Some(())), None);
        }
        assert_eq!(with_head(whole.replace("1.1", "1.0").as_bytes(), |_| Some(())), None);
        let many = whole.replace("host: x\r\n", &"a: b\r\n".repeat(HEADERS_MAX + 1));
        assert_eq!(with_head(many.as_bytes(), |_| Some(())), None);
    }
}
