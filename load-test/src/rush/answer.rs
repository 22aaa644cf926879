//! The answer: one HTTP/1.1 response cut out of the bytes of a kept-alive connection.

/// The longest answer that is waited for; ours are a few hundred bytes.
pub const ANSWER_MAX_BYTES: usize = 64 * 1024;
const END: &[u8] = b"\r\n\r\n";

/// A response that came whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
    /// Bytes that it took.
    pub length: usize,
}

/// The first answer in `came`; `None` while a part of it is missing. Errors: it is no answer that we understand.
pub fn cut(came: &[u8]) -> Result<Option<Answer<'_>>, ()> {
    let Some(end) = came.windows(END.len()).position(|four| four == END) else {
        return if came.len() > ANSWER_MAX_BYTES { Err(()) } else { Ok(None) };
    };
    let (head, rest) = came.split_at(end + END.len());
    let status = head.get(9..12).and_then(number).ok_or(())?;
    let length = content_length(head).ok_or(())?;
    if length > ANSWER_MAX_BYTES {
        return Err(());
    }
    let status = u16::try_from(status).map_err(|_| ())?;
    Ok(rest.get(..length).map(|body| Answer { status, body, length: head.len() + length }))
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        name.eq_ignore_ascii_case(NAME).then_some(value)
    });
    value.and_then(|value| number(value.trim_ascii()))
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The text behind `"name":"` in a body of JSON without spaces, which is how ours are written.
pub fn text_of<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let body = std::str::from_utf8(body).ok()?;
    let at = body
        .match_indices(name)
        .find(|(at, _)| body[..*at].ends_with('"') && body[at + name.len()..].starts_with("\":\""));
    let rest = &body[at?.0 + name.len() + 3..];
    rest.split_once('"').map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &[u8] =
        b"HTTP/1.1 409 Conflict\r\nContent-Length: 25\r\ndate: x\r\n\r\n{\"status\":409,\"code\":\"a\"}";

    #[test]
    fn an_answer_is_cut_only_when_it_is_whole() {
        let told = [TOLD, b"HTTP/1.1 2"].concat();
        let told = told.as_slice();
        for end in 0..TOLD.len() {
            assert_eq!(cut(&told[..end]), Ok(None), "after {end} bytes");
        }
        let answer = cut(told).unwrap().unwrap();
        assert_eq!((answer.status, answer.length), (409, TOLD.len()));
    }

    #[test]
    fn what_has_no_length_or_no_status_is_no_answer() {
        assert_eq!(cut(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), Err(()));
        assert_eq!(cut(b"HTTP/1.1 2x0 OK\r\ncontent-length: 0\r\n\r\n"), Err(()));
    }

    #[test]
    fn a_text_is_found_by_its_name_alone() {
        let body = br#"{"detail":"the code: \"x\"","code":"sold_out","claim_id":"7"}"#;
        assert_eq!(text_of(body, "code"), Some("sold_out"));
        assert_eq!(text_of(body, "claim_id"), Some("7"));
        assert_eq!(text_of(body, "receipt"), None);
    }
}
