//! The cutter: what a client's bytes say, frame by frame. No socket, no clock: any split of the bytes gives the same.

use std::{
    borrow::Cow,
    io::{Cursor, Write},
    sync::Arc,
};

use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

use super::frame::FRAME_MAX_BYTES;

/// A control frame carries no more.
const CONTROL_MAX_BYTES: u64 = 125;
/// The longest head of a frame of ours.
const HEAD_MAX_BYTES: usize = 10;

/// Bytes that end a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// No frames of the protocol.
    Protocol,
    /// Text, or a reason, that is no UTF-8.
    NoText,
    /// A message beyond [`FRAME_MAX_BYTES`], known from the heads of its frames.
    TooBig,
}

/// What one frame says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// A whole message, its pieces put together.
    Text(Cow<'a, str>),
    Binary,
    /// A piece; the message goes on in another frame.
    Piece,
    Ping(&'a [u8]),
    Pong,
    Close(Option<u16>),
}

/// A message of which a piece has come and the last one has not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Begun {
    is_text: bool,
    bytes: Vec<u8>,
}

/// Reads the frame at the front of `bytes`, and how long it is; `None`: it is not all there yet, and nothing was changed.
///
/// `begun` goes along from frame to frame of one line. Errors: [`Wrong`]; nothing after it can be read.
pub(super) fn cut<'a>(bytes: &'a mut [u8], begun: &mut Option<Begun>) -> Result<Option<(Heard<'a>, usize)>, Wrong> {
    let mut cursor = Cursor::new(&*bytes);
    let Some((head, length)) = FrameHeader::parse(&mut cursor).map_err(|_| Wrong::Protocol)? else { return Ok(None) };
    let start = usize::try_from(cursor.position()).map_err(|_| Wrong::Protocol)?;
    let mask = check(&head, length, begun.as_ref())?;
    let end = start + usize::try_from(length).map_err(|_| Wrong::TooBig)?;
    let Some(payload) = bytes.get_mut(start..end) else { return Ok(None) };
    unmask(payload, mask);
    let heard = match head.opcode {
        OpCode::Control(Control::Ping) => Heard::Ping(payload),
        OpCode::Control(Control::Close) => Heard::Close(reason(payload)?),
        OpCode::Control(_) => Heard::Pong,
        OpCode::Data(data) => message(data, head.is_final, payload, begun)?,
    };
    Ok(Some((heard, end)))
}

/// What can be said of a frame before its payload is here. Returns its mask.
fn check(head: &FrameHeader, length: u64, begun: Option<&Begun>) -> Result<[u8; 4], Wrong> {
    // No extension is spoken here, and a client's frame is masked.
    if head.rsv1 || head.rsv2 || head.rsv3 {
        return Err(Wrong::Protocol);
    }
    let mask = head.mask.ok_or(Wrong::Protocol)?;
    match (head.opcode, begun) {
        (OpCode::Control(_), _) if !head.is_final || length > CONTROL_MAX_BYTES => Err(Wrong::Protocol),
        (OpCode::Control(_), _) => Ok(mask),
        (OpCode::Data(Data::Continue), None) | (OpCode::Data(Data::Text | Data::Binary), Some(_)) => {
            Err(Wrong::Protocol)
        }
        (OpCode::Data(_), _) => {
            let before = begun.map_or(0, |begun| begun.bytes.len()) as u64;
            let fits = before.checked_add(length).is_some_and(|all| all <= FRAME_MAX_BYTES as u64);
            if fits { Ok(mask) } else { Err(Wrong::TooBig) }
        }
    }
}

fn message<'a>(data: Data, is_final: bool, payload: &'a [u8], begun: &mut Option<Begun>) -> Result<Heard<'a>, Wrong> {
    let before = begun.take();
    if !is_final {
        let mut begun_now = before.unwrap_or_else(|| Begun { is_text: data == Data::Text, bytes: vec![] });
        begun_now.bytes.extend_from_slice(payload);
        *begun = Some(begun_now);
        return Ok(Heard::Piece);
    }
    match before {
        Some(Begun { is_text: true, mut bytes }) => {
            bytes.extend_from_slice(payload);
            String::from_utf8(bytes).map(|text| Heard::Text(text.into())).map_err(|_| Wrong::NoText)
        }
        None if data == Data::Text => {
            std::str::from_utf8(payload).map(|text| Heard::Text(text.into())).map_err(|_| Wrong::NoText)
        }
        _ => Ok(Heard::Binary),
    }
}

/// The code of a close frame. A reason is only looked at.
fn reason(payload: &[u8]) -> Result<Option<u16>, Wrong> {
    match payload {
        [] => Ok(None),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            std::str::from_utf8(reason).map_err(|_| Wrong::NoText)?;
            // 1004 to 1006 and 1015 never travel; below 3000 the rest belongs to nobody yet.
            let may_travel = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            may_travel.then_some(Some(code)).ok_or(Wrong::Protocol)
        }
        [_] => Err(Wrong::Protocol),
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    words.iter_mut().for_each(|word| *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes());
    rest.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

/// One frame of ours, whole and unmasked, for as many sockets as you like.
pub(super) fn encode(opcode: OpCode, payload: &[u8]) -> Arc<[u8]> {
    let mut bytes = Vec::with_capacity(HEAD_MAX_BYTES + payload.len());
    let head = FrameHeader { opcode, ..FrameHeader::default() };
    // A `Vec` takes all that is written.
    let _ = head.format(payload.len() as u64, &mut bytes);
    let _ = bytes.write_all(payload);
    bytes.into()
}

/// A close frame; without a code it is empty.
pub(super) fn encode_close(code: Option<u16>, reason: &str) -> Arc<[u8]> {
    let payload = code.map(|code| [&code.to_be_bytes(), reason.as_bytes()].concat()).unwrap_or_default();
    encode(OpCode::Control(Control::Close), &payload)
}

pub(super) fn encode_pong(payload: &[u8]) -> Arc<[u8]> {
    encode(OpCode::Control(Control::Pong), payload)
}

pub(super) fn encode_ping() -> Arc<[u8]> {
    encode(OpCode::Control(Control::Ping), &[])
}

pub(super) fn encode_text(text: &str) -> Arc<[u8]> {
    encode(OpCode::Data(Data::Text), text.as_bytes())
}

#[cfg(test)]
#[path = "cut/tests.rs"]
mod tests;
