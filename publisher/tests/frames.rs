//! The frames of the window, byte by byte: what the protocol's own test suite asks of a server, as far as we accept its frames.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::{
    House, Planned, buyer, quick,
    raw::{Frame, Raw, frame, text},
    until,
};
use serde_json::json;

const CLOCK: &str = r#"{"type":"clock","t0":7}"#;

/// Whether this line still answers.
async fn answers(line: &mut Raw) -> bool {
    line.send(&text(CLOCK)).await;
    line.next_json().await["type"] == "clock"
}

#[tokio::test]
async fn a_message_is_the_same_however_it_is_cut() {
    let house = House::open(quick()).await;
    let euro = r#"{"type":"clock","t0":7,"€":1}"#;
    let whole = text(CLOCK);
    let pieces = |sizes: &[usize], message: &str| {
        let (mut rest, mut bytes, mut first) = (message.as_bytes(), vec![], true);
        for size in sizes {
            let (piece, after) = rest.split_at(*size);
            bytes.extend(frame(if first { 0x01 } else { 0x00 }, piece));
            (rest, first) = (after, false);
        }
        bytes.extend(frame(0x80, rest));
        bytes
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("whole", whole.clone()),
        ("in two pieces", pieces(&[5], CLOCK)),
        ("in many pieces, some empty", pieces(&[0, 1, 0, 7, 1], CLOCK)),
        (
            "a ping between",
            [frame(0x01, &CLOCK.as_bytes()[..9]), frame(0x89, b""), frame(0x80, &CLOCK.as_bytes()[9..])].concat(),
        ),
    ];
    for (what, bytes) in cases {
        for chunk in [1, 3, bytes.len()] {
            let mut line = Raw::open(house.addr).await;
            for part in bytes.chunks(chunk) {
                line.send(part).await;
                tokio::task::yield_now().await;
            }
            let clock = loop {
                match line.next().await {
                    Frame::Text(text) => break text,
                    Frame::Pong(payload) => assert!(payload.is_empty()),
                    other => panic!("{what} in chunks of {chunk}: {other:?}"),
                }
            };
            assert!(clock.contains(r#""t0":7"#), "{what} in chunks of {chunk}: {clock}");
        }
    }
    // A letter of three bytes, cut in its middle, is still a letter.
    let mut line = Raw::open(house.addr).await;
    let at = euro.find('€').unwrap() + 1;
    line.send(&pieces(&[at], euro)).await;
    assert_eq!(line.next_json().await["code"], "unknown_frame", "it reads, and has a member that nobody knows");
    house.close().await;
}

#[tokio::test]
async fn many_frames_in_one_breath_are_answered_in_their_order() {
    let house = House::open(quick()).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let mut line = Raw::open(house.addr).await;
    let unknown = json!({"type": "watch", "sale_ids": [uuid::Uuid::from_u128(9), sale]}).to_string();
    let mut bytes = vec![];
    for n in 0..20 {
        bytes.extend(text(&json!({"type": "clock", "t0": n}).to_string()));
    }
    // This one waits for the journal; what stands behind it waits, too.
    bytes.extend(text(&unknown));
    for n in 20..40 {
        bytes.extend(text(&json!({"type": "clock", "t0": n}).to_string()));
    }
    line.send(&bytes).await;
    for n in 0..20 {
        assert_eq!(line.next_json().await["t0"], n);
    }
    assert_eq!(line.next_json().await["code"], "not_found");
    assert_eq!(line.next_json().await["sale_id"], json!(sale));
    for n in 20..40 {
        let mut told = line.next_json().await;
        // A sale that changes while it is read is told twice.
        while told["sale_id"] == json!(sale) {
            told = line.next_json().await;
        }
        assert_eq!(told["t0"], n);
    }
    house.close().await;
}

#[tokio::test]
async fn frames_that_came_with_the_request_are_heard() {
    let house = House::open(quick()).await;
    let mut line = Raw::open_saying(house.addr, &text(CLOCK)).await;
    assert_eq!(line.next_json().await["type"], "clock");
    house.close().await;
}

#[tokio::test]
async fn pings_are_answered_with_their_payload_and_pongs_are_not() {
    let house = House::open(quick()).await;
    let mut line = Raw::open(house.addr).await;
    for payload in [&b""[..], b"hello", &[0, 0xff, 0xfe], &[7; 125]] {
        line.send(&frame(0x89, payload)).await;
        assert_eq!(line.next().await, Frame::Pong(payload.to_vec()));
    }
    line.send(&frame(0x8a, b"nobody asked")).await;
    assert!(answers(&mut line).await, "a pong that nobody asked for is no mistake");
    house.close().await;
}

#[tokio::test]
async fn who_says_goodbye_is_answered_and_gone() {
    let house = House::open(quick()).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let code = |code: u16| code.to_be_bytes().to_vec();
    let sound = [
        (vec![], None),
        (code(1000), Some(1000)),
        ([code(1001), b"bye".to_vec()].concat(), Some(1001)),
        (code(3000), Some(3000)),
        (code(4999), Some(4999)),
    ];
    for (payload, answer) in sound {
        let mut line = Raw::open(house.addr).await;
        line.send(&frame(0x88, &payload)).await;
        assert_eq!(line.next().await, Frame::Close(answer));
        assert_eq!(line.next().await, Frame::End);
    }
    for wrong in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let mut line = Raw::open(house.addr).await;
        line.send(&frame(0x88, &code(wrong))).await;
        assert_eq!(line.next().await, Frame::Close(Some(1002)), "{wrong}");
    }
    until("everybody is gone", || async { house.publisher.heads(sale).sockets == 0 }).await;
    house.close().await;
}

#[tokio::test]
async fn what_is_no_frame_ends_the_line_with_its_code() {
    let house = House::open(quick()).await;
    let cases: &[(&str, Vec<u8>, u16)] = &[
        ("reserved bits", frame(0xf1, b"x"), 1002),
        ("a reserved kind", frame(0x84, b""), 1002),
        ("a reserved control kind", frame(0x8f, b""), 1002),
        ("a ping in pieces", frame(0x09, b""), 1002),
        ("a long ping", frame(0x89, &[0; 126]), 1002),
        ("a message inside another", [frame(0x01, b"{"), frame(0x81, b"{}")].concat(), 1002),
        ("a continuation after the end", [text(CLOCK), frame(0x80, b"x")].concat(), 1002),
        ("no mask", b"\x81\x02{}".to_vec(), 1002),
        ("a close of one byte", frame(0x88, b"x"), 1002),
        ("text that is no UTF-8", frame(0x81, &[0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xed, 0xa0, 0x80]), 1007),
        ("no UTF-8 in the second piece", [frame(0x01, b"{"), frame(0x80, b"\xff")].concat(), 1007),
        ("too big in one", frame(0x81, &[b' '; 4097]), 1009),
        (
            "too big together",
            [frame(0x01, &[b' '; 2048]), frame(0x00, &[b' '; 2048]), frame(0x80, b" ")].concat(),
            1009,
        ),
        ("too big in bytes", frame(0x82, &[0; 70_000]), 1009),
    ];
    for (what, bytes, code) in cases {
        let mut line = Raw::open(house.addr).await;
        line.send(bytes).await;
        let last = loop {
            match line.next().await {
                Frame::Text(_) | Frame::Pong(_) => {}
                other => break other,
            }
        };
        assert_eq!(last, Frame::Close(Some(*code)), "{what}");
        assert_eq!(line.next().await, Frame::End, "{what}: our half is closed behind the last word");
    }
    house.close().await;
}

#[tokio::test]
async fn the_largest_frame_is_heard_and_every_piece_counts() {
    let mut config = quick();
    config.push.frames_burst = 5;
    let house = House::open(config).await;
    let mut line = Raw::open(house.addr).await;
    let largest = format!("{CLOCK}{}", " ".repeat(4096 - CLOCK.len()));
    line.send(&text(&largest)).await;
    assert_eq!(line.next_json().await["type"], "clock");
    // Empty pieces without end would cost us, and nothing of their budget, if only messages counted.
    line.send(&frame(0x01, b"")).await;
    line.send(&frame(0x00, b"").repeat(10)).await;
    assert_eq!(line.next().await, Frame::Close(Some(4429)));
    house.close().await;
}

#[tokio::test]
async fn a_line_that_hangs_up_in_the_middle_leaves_nothing_behind() {
    let house = House::open(quick()).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let watch = text(&json!({"type": "watch", "sale_ids": [sale]}).to_string());
    for cut_off in [0, 1, 5, watch.len() - 1] {
        let mut line = Raw::open(house.addr).await;
        line.send(&watch).await;
        line.next().await;
        line.send(&watch[..cut_off]).await;
        drop(line);
    }
    until("nobody is here", || async { house.publisher.heads(sale) == Default::default() }).await;
    house.close().await;
}

#[tokio::test]
async fn sockets_come_and_go_and_each_hears_only_its_own() {
    let house = House::open(quick()).await;
    let (one, _) = house.plan(Planned::default()).await;
    let (two, _) = house.plan(Planned::default()).await;
    for round in 0..20 {
        let mut lines = vec![];
        for n in 0..8 {
            let sale = if n % 2 == 0 { one } else { two };
            let mut line = Raw::open(house.addr).await;
            line.send(&text(&json!({"type": "watch", "sale_ids": [sale]}).to_string())).await;
            assert_eq!(line.next_json().await["sale_id"], json!(sale), "round {round}");
            lines.push(line);
        }
        assert_eq!(house.publisher.heads(one).watching, 4);
        drop(lines);
        until("the slots are free", || async { house.publisher.heads(one).sockets == 0 }).await;
    }
    house.close().await;
}

#[tokio::test]
async fn a_full_house_refuses_and_a_place_that_is_left_is_free() {
    let mut config = quick();
    config.push.sockets_max = 2;
    let house = House::open(config).await;
    let (sale, _) = house.plan(Planned::default()).await;
    let first = Raw::open(house.addr).await;
    let _second = Raw::open(house.addr).await;
    assert_eq!(house.try_connect(&[]).await.err(), Some(503));
    drop(first);
    until("a place is free", || async { house.publisher.heads(sale).sockets == 1 }).await;
    assert!(house.try_connect(&[]).await.is_ok());
    house.close().await;
}

#[tokio::test]
async fn a_line_that_changes_hands_hears_nothing_more_of_the_one_before() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned::default()).await;
    let (ann, bob) = (buyer(), buyer());
    let auth = |who| text(&json!({"type": "auth", "access_token": house.token(who)}).to_string());
    let mut line = Raw::open(house.addr).await;
    line.send(&text(&json!({"type": "watch", "sale_ids": [sale]}).to_string())).await;
    assert_eq!(line.next_json().await["type"], "sale");
    line.send(&auth(ann)).await;
    // A sale that changes while it is read is told twice.
    while line.next_json().await["user_id"] != json!(ann) {}
    until("claimed", || async { house.claim_one(ann, item).await.status == 202 }).await;
    line.send(&auth(bob)).await;
    while line.next_json().await["user_id"] != json!(bob) {}
    house.decide_and_tell().await;
    // Bob hears of the sale, and whatever he asks; of Ann's claim not a word.
    line.send(&text(CLOCK)).await;
    loop {
        let heard = line.next_json().await;
        assert_ne!(heard["type"], "claim", "{heard}");
        if heard["type"] == "clock" {
            break;
        }
    }
    house.close().await;
}

#[tokio::test]
async fn what_was_asked_before_the_stop_is_answered_before_the_goodbye() {
    let house = House::open(quick()).await;
    let (sale, item) = house.plan(Planned::default()).await;
    let mut lines = vec![];
    for _ in 0..8 {
        let mut line = Raw::open(house.addr).await;
        line.send(&text(&json!({"type": "watch", "sale_ids": [sale]}).to_string())).await;
        assert_eq!(line.next_json().await["type"], "sale");
        line.send(&text(&json!({"type": "auth", "access_token": house.token(buyer())}).to_string())).await;
        while line.next_json().await["type"] != "session" {}
        line.send(&text(&json!({"type": "claim", "sale_item_id": item}).to_string())).await;
        lines.push(line);
    }
    house.life.stop_softly();
    for mut line in lines {
        let mut said = vec![];
        while let Frame::Text(text) = line.next().await {
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
            said.push(frame["type"].as_str().unwrap().to_owned());
        }
        assert_eq!(said.last().map(String::as_str), Some("bye"), "{said:?}");
        // Whoever was not heard any more asks again elsewhere; nobody hears half of it.
        assert!(said.iter().filter(|kind| *kind == "accepted" || *kind == "refused").count() <= 1, "{said:?}");
    }
    house.close().await;
}
