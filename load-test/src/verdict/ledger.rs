//! The ledger of a stack: the counters of an item, asked of whichever Redis node has them.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail, ensure};
use sale::{
    ids::SaleItemId,
    port::ledger::{Counters, Levels},
    verdict::record::LedgerRow,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// No counter is longer.
const WORD_MAX_BYTES: usize = 64;
/// As the ledger's scripts name them.
const FIELDS: [&str; 7] =
    ["epoch", "units.granted", "units.limit", "units.drawn", "places.granted", "places.limit", "places.drawn"];

/// Where the ledgers are.
#[derive(Clone, Debug)]
pub struct LedgerAt {
    pub nodes: Vec<SocketAddr>,
    /// What our binaries put before every key.
    pub prefix: String,
}

impl LedgerAt {
    /// The counters of an item; `None` where the ledger does not know it. Errors: no node answers for its slot.
    pub async fn read(&self, item: SaleItemId) -> anyhow::Result<Option<LedgerRow>> {
        let key = format!("{}:ledger:{{{item}}}:counters", self.prefix);
        let mut last = String::from("there are no nodes");
        for node in &self.nodes {
            match timeout(ANSWER_WAIT, counters(*node, &key)).await {
                Ok(Ok(counters)) => return Ok(counters.map(|counters| row(item, counters))),
                Ok(Err(error)) => last = format!("{error:#}"),
                Err(_) => last = format!("no answer within {ANSWER_WAIT:?}"),
            }
        }
        bail!("no Redis node tells the ledger of item {item}; last heard: {last}")
    }
}

async fn counters(node: SocketAddr, key: &str) -> anyhow::Result<Option<[i64; FIELDS.len()]>> {
    let mut stream = BufReader::new(TcpStream::connect(node).await?);
    let words: Vec<&str> = ["HMGET", key].into_iter().chain(FIELDS).collect();
    stream.write_all(encode(&words).as_bytes()).await?;
    // A node that has another slot answers `-MOVED`; a replica does too.
    let head = line(&mut stream).await?;
    ensure!(head == format!("*{}", FIELDS.len()), "{node} says {head}");
    let mut counters = [0; FIELDS.len()];
    for counter in &mut counters {
        match word(&mut stream).await? {
            Some(text) => *counter = text.parse().with_context(|| format!("{text} is no count"))?,
            None => return Ok(None),
        }
    }
    Ok(Some(counters))
}

fn row(sale_item_id: SaleItemId, counters: [i64; FIELDS.len()]) -> LedgerRow {
    let [epoch, ..] = counters;
    let three = |at: usize| Counters { granted: counters[at], limit: counters[at + 1], drawn: counters[at + 2] };
    LedgerRow { sale_item_id, levels: Levels { epoch, units: three(1), places: three(4) } }
}

fn encode(words: &[&str]) -> String {
    let bulk = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*{}\r\n{}", words.len(), bulk.collect::<String>())
}

async fn line(stream: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

/// A bulk string; `None` for nil.
async fn word(stream: &mut BufReader<TcpStream>) -> anyhow::Result<Option<String>> {
    let head = line(stream).await?;
    let length = head.strip_prefix('$').with_context(|| format!("{head} is no string"))?;
    if length == "-1" {
        return Ok(None);
    }
    let length: usize = length.parse()?;
    ensure!(length <= WORD_MAX_BYTES, "a counter of {length} bytes");
    let mut text = vec![0; length + 2];
    stream.read_exact(&mut text).await?;
    text.truncate(length);
    Ok(Some(String::from_utf8(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;
    use uuid::Uuid;

    /// A node that says this to the first who asks.
    async fn node(says: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(says.as_bytes()).await.unwrap();
            // Until the other side has read.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.read(&mut [0; 4096]).await;
        });
        at
    }

    #[tokio::test]
    async fn the_node_that_has_the_item_tells_its_counters() {
        let item = SaleItemId(Uuid::from_u128(7));
        let moved = node("-MOVED 7 127.0.0.1:1\r\n").await;
        let whole = node("*7\r\n$1\r\n3\r\n$2\r\n10\r\n$2\r\n20\r\n$1\r\n5\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n0\r\n").await;
        let ledger = LedgerAt { nodes: vec![moved, whole], prefix: "shop".into() };
        let row = ledger.read(item).await.unwrap().unwrap();
        assert_eq!((row.levels.epoch, row.levels.units.limit, row.levels.places.limit), (3, 20, 2));
        let nil = "*7\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n";
        let ledger = LedgerAt { nodes: vec![node(nil).await], prefix: "shop".into() };
        assert!(ledger.read(item).await.unwrap().is_none());
        let ledger = LedgerAt { nodes: vec![], prefix: "shop".into() };
        assert!(ledger.read(item).await.is_err());
    }
}
