//! A client that speaks bytes: what it sends is what goes over the line, sound or not.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::PATIENCE;

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
const UPGRADE: &str = "GET /api/v1/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// Of the key above, as the protocol's own example has it.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What is answered on a line whose answers are JSON, head and body.
pub async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![];
    while !bytes.ends_with(b"}") {
        let read = timeout(PATIENCE, stream.read_buf(&mut bytes)).await;
        assert_ne!(read.unwrap().unwrap(), 0);
    }
    String::from_utf8(bytes).unwrap()
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Ping,
    Pong(Vec<u8>),
    Close(Option<u16>),
    /// Nothing more will come.
    End,
}

/// One frame of a client: its first byte as it is, then length, mask and masked payload.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
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

pub fn text(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes())
}

pub struct Raw(TcpStream);

impl Raw {
    /// A line that has read its hello.
    pub async fn open(addr: SocketAddr) -> Self {
        Self::open_saying(addr, b"").await
    }

    /// As `open`, with bytes right behind the request.
    pub async fn open_saying(addr: SocketAddr, behind: &[u8]) -> Self {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(&[UPGRADE.as_bytes(), behind].concat()).await.unwrap();
        let mut head = vec![];
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, stream.read_u8()).await.expect("an answer").unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101") && head.contains(ACCEPT), "{head}");
        let mut line = Self(stream);
        assert_eq!(line.next_json().await["type"], "hello");
        line
    }

    /// A server that has heard enough may have hung up already.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    pub async fn next(&mut self) -> Frame {
        timeout(PATIENCE, self.read()).await.expect("no frame came in time").unwrap_or(Frame::End)
    }

    pub async fn next_json(&mut self) -> Value {
        loop {
            match self.next().await {
                Frame::Text(text) => return serde_json::from_str(&text).unwrap(),
                Frame::Ping => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn read(&mut self) -> std::io::Result<Frame> {
        let (first, second) = (self.0.read_u8().await?, self.0.read_u8().await?);
        assert_eq!(second & 0x80, 0, "a server masks nothing");
        let length = match second {
            126 => self.0.read_u16().await?.into(),
            127 => self.0.read_u64().await?,
            short => u64::from(short),
        };
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).await?;
        Ok(match first {
            0x81 => Frame::Text(String::from_utf8(payload).unwrap()),
            0x89 => Frame::Ping,
            0x8a => Frame::Pong(payload),
            0x88 => Frame::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
            other => panic!("the server says {other:x}"),
        })
    }
}
