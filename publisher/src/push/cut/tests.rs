//! The cutter against every rule of RFC 6455 that concerns a server, and against any bytes at all.

use super::*;
use proptest::{collection::vec, prelude::*};

/// What a line has said, and how it ended, if it did.
type Told = (Vec<Owned>, Option<Wrong>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Text(String),
    Binary,
    Piece,
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

impl From<Heard<'_>> for Owned {
    fn from(heard: Heard<'_>) -> Self {
        match heard {
            Heard::Text(text) => Self::Text(text.into_owned()),
            Heard::Binary => Self::Binary,
            Heard::Piece => Self::Piece,
            Heard::Ping(payload) => Self::Ping(payload.to_vec()),
            Heard::Pong => Self::Pong,
            Heard::Close(code) => Self::Close(code),
        }
    }
}

/// Feeds the chunks one after the other, keeping what is not whole, as a line does.
fn feed<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let (mut unread, mut begun, mut told) = (vec![], None, vec![]);
    for chunk in chunks {
        unread.extend_from_slice(chunk);
        loop {
            let used = match cut(&mut unread, &mut begun) {
                Ok(Some((heard, used))) => {
                    told.push(heard.into());
                    used
                }
                Ok(None) => break,
                Err(wrong) => return (told, Some(wrong)),
            };
            unread.drain(..used);
        }
        assert!(unread.len() <= FRAME_MAX_BYTES + 14 + chunk.len(), "what waits is bounded");
    }
    (told, None)
}

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame: the first byte as it is, then length, mask and masked payload.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | short as u8),
        long @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((long as u16).to_be_bytes());
        }
        huge => {
            bytes.push(0x80 | 127);
            bytes.extend((huge as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn one(bytes: &[u8]) -> Told {
    feed([bytes])
}

fn text(text: &str) -> Owned {
    Owned::Text(text.to_owned())
}

#[test]
fn the_example_of_the_protocol_reads() {
    let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(one(&bytes), (vec![text("Hello")], None));
}

#[test]
fn pieces_are_put_together_and_control_frames_may_come_between() {
    let bytes = [frame(0x01, b"Hel"), frame(0x89, b"you?"), frame(0x00, b""), frame(0x80, b"lo")].concat();
    let told = vec![Owned::Piece, Owned::Ping(b"you?".to_vec()), Owned::Piece, text("Hello")];
    assert_eq!(one(&bytes), (told, None));
    let split_letter = [frame(0x01, &[0xe2, 0x82]), frame(0x80, &[0xac])].concat();
    assert_eq!(one(&split_letter), (vec![Owned::Piece, text("€")], None));
}

#[test]
fn what_is_no_frame_ends_the_line() {
    let cases: &[(&str, Vec<u8>, Wrong)] = &[
        ("a reserved bit", frame(0xc1, b"x"), Wrong::Protocol),
        ("another reserved bit", frame(0xa1, b"x"), Wrong::Protocol),
        ("a third reserved bit", frame(0x91, b"x"), Wrong::Protocol),
        ("no mask", b"\x81\x01x".to_vec(), Wrong::Protocol),
        ("a reserved kind", frame(0x83, b"x"), Wrong::Protocol),
        ("a reserved control kind", frame(0x8b, b""), Wrong::Protocol),
        ("a control frame in pieces", frame(0x09, b""), Wrong::Protocol),
        ("a long control frame", frame(0x89, &[0; 126]), Wrong::Protocol),
        ("a continuation of nothing", frame(0x80, b"x"), Wrong::Protocol),
        ("a message inside another", [frame(0x01, b"x"), frame(0x81, b"y")].concat(), Wrong::Protocol),
        ("a close of one byte", frame(0x88, b"x"), Wrong::Protocol),
        ("a code that never travels", frame(0x88, &1005u16.to_be_bytes()), Wrong::Protocol),
        ("a code of nobody", frame(0x88, &2999u16.to_be_bytes()), Wrong::Protocol),
        ("a reason that is no UTF-8", frame(0x88, &[0x03, 0xe8, 0xff]), Wrong::NoText),
        ("text that is no UTF-8", frame(0x81, b"\xc3\x28"), Wrong::NoText),
        ("a letter cut off", frame(0x81, b"\xe2\x82"), Wrong::NoText),
        ("a surrogate", frame(0x81, b"\xed\xa0\x80"), Wrong::NoText),
        ("one byte too many", frame(0x81, &[b'x'; FRAME_MAX_BYTES + 1]), Wrong::TooBig),
        ("more than anybody has", [&[0x81, 0xff][..], &[0xff; 8], &MASK].concat(), Wrong::TooBig),
        (
            "pieces that are too big together",
            [frame(0x01, &[b'x'; 4000]), frame(0x80, &[b'x'; 97])].concat(),
            Wrong::TooBig,
        ),
    ];
    for (what, bytes, wrong) in cases {
        assert_eq!(one(bytes).1, Some(*wrong), "{what}");
    }
}

#[test]
fn bounds_are_within() {
    let longest = "x".repeat(FRAME_MAX_BYTES);
    assert_eq!(one(&frame(0x81, longest.as_bytes())), (vec![text(&longest)], None));
    assert_eq!(one(&frame(0x89, &[7; 125])), (vec![Owned::Ping(vec![7; 125])], None));
    assert_eq!(one(&frame(0x82, b"x")), (vec![Owned::Binary], None));
    assert_eq!(one(&frame(0x8a, b"x")), (vec![Owned::Pong], None));
    for code in [1000u16, 1001, 1003, 1007, 1011, 1012, 3000, 4999] {
        let bytes = [&code.to_be_bytes()[..], b"bye"].concat();
        assert_eq!(one(&frame(0x88, &bytes)), (vec![Owned::Close(Some(code))], None));
    }
    assert_eq!(one(&frame(0x88, b"")), (vec![Owned::Close(None)], None));
}

#[test]
fn a_size_is_judged_by_the_head_alone() {
    let whole = frame(0x81, &[b'x'; FRAME_MAX_BYTES + 1]);
    assert_eq!(one(&whole[..8]).1, Some(Wrong::TooBig), "nobody waits for the rest");
}

#[test]
fn what_we_say_reads_as_what_was_said() {
    for length in [0, 1, 125, 126, 65_535, 65_536] {
        let said = "x".repeat(length);
        let bytes = encode_text(&said);
        let (head, told) = FrameHeader::parse(&mut Cursor::new(&bytes[..])).unwrap().unwrap();
        assert_eq!((told as usize, head.mask, head.is_final), (length, None, true));
        assert!(bytes.ends_with(said.as_bytes()));
    }
    assert_eq!(&*encode_ping(), [0x89, 0]);
    assert_eq!(&*encode_pong(b"x"), [0x8a, 1, b'x']);
    assert_eq!(&*encode_close(Some(1000), "bye"), b"\x88\x05\x03\xe8bye");
    assert_eq!(&*encode_close(None, ""), [0x88, 0]);
}

/// Frames as clients send them, now and then with a wrong one among them.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => Just(0x81u8), 4 => Just(0x01), 4 => Just(0x00), 4 => Just(0x80), 2 => Just(0x89), 2 => Just(0x8a),
        1 => Just(0x82), 1 => Just(0x88), 1 => any::<u8>()
    ];
    let payload = prop_oneof![
        4 => "[a-z€💡]{0,40}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..10),
        1 => (100usize..140).prop_map(|n| vec![b'x'; n]),
        1 => (4000usize..4100).prop_map(|n| vec![b'x'; n]),
    ];
    vec((first, payload), 1..12)
        .prop_map(|frames| frames.iter().flat_map(|(first, payload)| frame(*first, payload)).collect())
}

/// The same bytes in chunks that end at these places.
fn split<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_frames(bytes in frames(), places in vec(any::<usize>(), 0..20)) {
        prop_assert_eq!(feed(split(&bytes, &places)), one(&bytes));
    }

    #[test]
    fn byte_by_byte_gives_the_same_frames(bytes in frames()) {
        prop_assert_eq!(feed(bytes.chunks(1)), one(&bytes));
    }

    #[test]
    fn no_bytes_whatever_do_harm(bytes in vec(any::<u8>(), 0..600), places in vec(any::<usize>(), 0..5)) {
        prop_assert_eq!(feed(split(&bytes, &places)), one(&bytes));
    }

    #[test]
    fn the_library_reads_the_same_text(said in "[a-z€💡]{0,300}") {
        prop_assert_eq!(one(&frame(0x81, said.as_bytes())), (vec![text(&said)], None));
    }
}
