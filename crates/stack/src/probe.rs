//! Whether a server answers, in its own protocol; a question that gets no answer in time is a no.

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{postgres, resp};

/// How long one question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// What is asked of a server before it counts as ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Nothing: it lives.
    Lives,
    /// It takes a connection.
    Accepts(SocketAddr),
    /// Its cluster is whole, and a replica has its master.
    Redis(SocketAddr),
    /// It answers the protocol header. RabbitMQ opens this door last.
    Amqp(SocketAddr),
    /// It answers a query.
    Postgres(SocketAddr),
    /// It answers a query and streams from its primary.
    PostgresReplica(SocketAddr),
    /// `GET` of this path is answered with 2xx.
    Http(SocketAddr, String),
}

impl Probe {
    pub fn answers(&self) -> bool {
        match self {
            Self::Lives => true,
            Self::Accepts(addr) => connect(*addr).is_some(),
            Self::Redis(addr) => redis(*addr).unwrap_or(false),
            Self::Amqp(addr) => amqp(*addr).is_some(),
            Self::Postgres(addr) => postgres_says(*addr, "SELECT 1"),
            Self::PostgresReplica(addr) => {
                postgres_says(*addr, "SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'")
            }
            Self::Http(addr, path) => http(*addr, path).is_some_and(|status| (200..300).contains(&status)),
        }
    }
}

impl fmt::Display for Probe {
    /// Where the server answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lives => Ok(()),
            Self::Accepts(at)
            | Self::Redis(at)
            | Self::Amqp(at)
            | Self::Postgres(at)
            | Self::PostgresReplica(at)
            | Self::Http(at, _) => write!(f, "{at}"),
        }
    }
}

fn connect(addr: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect_timeout(&addr, ANSWER_WITHIN).ok()?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    stream.set_write_timeout(Some(ANSWER_WITHIN)).ok()?;
    Some(stream)
}

fn redis(addr: SocketAddr) -> anyhow::Result<bool> {
    let whole = resp::ask(addr, &["CLUSTER", "INFO"])?.contains("cluster_state:ok");
    let info = resp::ask(addr, &["INFO", "replication"])?;
    Ok(whole && (info.contains("role:master") || info.contains("master_link_status:up")))
}

/// The first frame of an open door is `connection.start`, a method frame: its type is 1.
fn amqp(addr: SocketAddr) -> Option<()> {
    let mut stream = connect(addr)?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").ok()?;
    let mut first = [0];
    stream.read_exact(&mut first).ok()?;
    (first == [1]).then_some(())
}

fn postgres_says(addr: SocketAddr, query: &str) -> bool {
    let Ok(psql) = postgres::program("psql") else { return false };
    let mut command = Command::new(psql);
    command.args(["-h", &addr.ip().to_string(), "-p", &addr.port().to_string(), "-U", postgres::SUPERUSER]);
    command.args(["-d", "postgres", "-qAtXc", query]).env("PGCONNECT_TIMEOUT", "2");
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"1"))
}

/// The status of the answer.
fn http(addr: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = connect(addr)?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n").as_bytes()).ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head).ok()?.split(' ').nth(1)?.parse().ok()
}
