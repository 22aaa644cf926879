//! The frames: what a server says on a WebSocket, cut out of the bytes of its connection.

/// A larger frame than any of ours.
pub const FRAME_MAX_BYTES: usize = 1 << 20;

pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// A frame that came whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
    /// Bytes that it took.
    pub length: usize,
}

/// The first frame in `came`; `None` while a part of it is missing. Errors: too long for anybody.
pub fn cut(came: &[u8]) -> Result<Option<Frame<'_>>, ()> {
    let Some((opcode, short)) = came.first().zip(came.get(1)) else { return Ok(None) };
    let (head, long) = match short & 0x7f {
        126 => (4, came.get(2..4)),
        127 => (10, came.get(2..10)),
        length => return whole(came, *opcode, 2, usize::from(length)),
    };
    let Some(long) = long else { return Ok(None) };
    let length = long.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let length = usize::try_from(length).ok().filter(|length| *length <= FRAME_MAX_BYTES).ok_or(())?;
    whole(came, *opcode, head, length)
}

fn whole(came: &[u8], opcode: u8, head: usize, length: usize) -> Result<Option<Frame<'_>>, ()> {
    let payload = came.get(head..head + length);
    Ok(payload.map(|payload| Frame { opcode: opcode & 0x0f, payload, length: head + length }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sockets::skim::unmasked;

    #[test]
    fn frames_are_cut_only_when_they_are_whole() {
        for text in ["", "hello", &"x".repeat(300), &"y".repeat(70_000)] {
            let mut bytes = unmasked(&text[..text.len().min(60_000)]);
            let length = bytes.len();
            bytes.extend([0x89, 0]);
            assert_eq!(cut(&bytes[..length - 1]), Ok(None));
            let frame = cut(&bytes).unwrap().unwrap();
            assert_eq!((frame.opcode, frame.length), (TEXT, length));
            assert!(text.as_bytes().starts_with(frame.payload));
            let next = cut(&bytes[frame.length..]).unwrap().unwrap();
            assert_eq!((next.opcode, next.payload, next.length), (PING, &b""[..], 2));
        }
    }

    #[test]
    fn a_frame_without_end_is_an_error() {
        assert_eq!(cut(&[0x81, 127, 1, 0, 0, 0, 0, 0, 0, 0]), Err(()));
    }
}
