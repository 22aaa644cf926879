//! The lines: connections that are open, and signed in where they are sockets, before the first claim is due.

use std::{net::SocketAddrV4, time::Duration};

use anyhow::{Context, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use sale::ids::SaleId;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    frames,
    script::{Over, Script},
};
use crate::{buyer::address, progress::Progress, sockets::skim::masked};

/// Connections that are being opened at one time.
const AT_ONCE: usize = 64;
/// One that is not ready after this long will never be.
const READY_WAIT: Duration = Duration::from_secs(15);
const READ_BYTES: usize = 16 * 1024;

/// A connection that waits for its first claim.
pub struct Line {
    pub stream: std::net::TcpStream,
    /// What came and is not a whole frame yet.
    pub carry: Vec<u8>,
}

/// Opens `count` lines from as many addresses, in turn to each of `doors`; sockets sign their buyer in and watch the sale.
pub async fn open(
    script: &Script,
    doors: &[SocketAddrV4],
    count: usize,
    sale: Option<SaleId>,
    bar: &Progress,
) -> anyhow::Result<Vec<Line>> {
    bar.act("connecting", count as u64);
    stream::iter(0..count)
        .map(|n| async move {
            let door = doors.get(n % doors.len().max(1)).context("there is no door")?;
            let opened = timeout(READY_WAIT, one(script, *door, n, sale)).await;
            bar.step();
            opened.with_context(|| format!("line {n} was not ready within {} s", READY_WAIT.as_secs()))?
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn one(script: &Script, door: SocketAddrV4, n: usize, sale: Option<SaleId>) -> anyhow::Result<Line> {
    let mut stream = address::connect(address::of_buyer(n as u32), door).await.context("no connection")?;
    let mut carry = vec![];
    if script.over == Over::Socket {
        let token = &script.buyers.get(n).context("a socket without a buyer")?.token;
        upgrade(&mut stream, door, &mut carry).await?;
        let watch = json!({"type": "watch", "sale_ids": sale.into_iter().collect::<Vec<_>>()});
        for frame in [json!({"type": "auth", "access_token": token}), watch] {
            stream.write_all(&masked(frames::TEXT, frame.to_string().as_bytes())).await?;
        }
        until_signed_in(&mut stream, &mut carry).await?;
    }
    Ok(Line { stream: stream.into_std()?, carry })
}

async fn upgrade(stream: &mut TcpStream, door: SocketAddrV4, came: &mut Vec<u8>) -> anyhow::Result<()> {
    let request = format!(
        "GET /api/v1/live HTTP/1.1\r\nhost: {door}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: miaosha.v1\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    loop {
        if let Some(end) = came.windows(4).position(|four| four == b"\r\n\r\n") {
            anyhow::ensure!(came.starts_with(b"HTTP/1.1 101"), "the upgrade was refused: {}", first_line(came));
            came.drain(..end + 4);
            return Ok(());
        }
        more(stream, came).await?;
    }
}

/// Takes frames in until the server says whose socket it is.
async fn until_signed_in(stream: &mut TcpStream, came: &mut Vec<u8>) -> anyhow::Result<()> {
    loop {
        while let Some(frame) = frames::cut(came).ok().flatten() {
            let (opcode, length) = (frame.opcode, frame.length);
            let signed_in = frame.payload.starts_with(br#"{"type":"session""#);
            came.drain(..length);
            match opcode {
                frames::TEXT if signed_in => return Ok(()),
                frames::CLOSE => bail!("the socket was closed before it was signed in"),
                _ => {}
            }
        }
        more(stream, came).await?;
    }
}

async fn more(stream: &mut TcpStream, came: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut bytes = vec![0; READ_BYTES];
    let read = stream.read(&mut bytes).await?;
    anyhow::ensure!(read > 0, "the connection ended");
    came.extend_from_slice(bytes.get(..read).unwrap_or_default());
    Ok(())
}

fn first_line(came: &[u8]) -> String {
    String::from_utf8_lossy(came).lines().next().unwrap_or_default().to_owned()
}
