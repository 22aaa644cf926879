//! The client: one process that holds many sockets with one poll, and tells its parent what they saw.
//!
//! Every server is asked the same: an upgrade, one text that asks to watch, and then whatever is told. A socket is held
//! once it heard two texts, a greeting and an answer; three where it says who it is.

use std::{
    fs,
    io::{self, BufRead, Read, Write},
    net::SocketAddrV4,
    path::PathBuf,
    sync::mpsc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, ensure};
use clap::Args;
use mio::{Events, Interest, Poll, Token, Waker, event::Event};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    conn::{Conn, Phase, source},
    skim::{Seen, masked},
};
use crate::limits;

const BELL: Token = Token(usize::MAX);
const READ_BYTES: usize = 64 * 1024;
const GREETING_TEXTS: u32 = 2;
const GREETING_TEXTS_SIGNED_IN: u32 = 3;
/// A socket that was refused comes back after this long.
const COMEBACK: Duration = Duration::from_millis(50);
const TICK: Duration = Duration::from_millis(10);
/// Points of the curve that is told of a fan-out.
const CURVE_POINTS: usize = 101;
/// Engine.IO's own ping, as text, and the answer to it.
const TEXT_PING: u8 = b'2';
const TEXT_PONG: &[u8] = b"3";

#[derive(Clone, Debug, Args)]
pub struct ClientArgs {
    #[arg(long)]
    pub target: SocketAddrV4,
    /// Path of the upgrade.
    #[arg(long)]
    pub path: String,
    /// The subprotocol to ask for.
    #[arg(long)]
    pub protocol: Option<String>,
    /// The text that asks to watch.
    #[arg(long)]
    pub say: String,
    #[arg(long)]
    pub sockets: usize,
    /// Number of the first socket: it gives the source addresses.
    #[arg(long)]
    pub first: usize,
    /// Sockets from one source address.
    #[arg(long)]
    pub per_source: usize,
    /// Sockets that are on their way in at one time.
    #[arg(long)]
    pub window: usize,
    /// Access tokens, one a line: each socket says its own first of all.
    #[arg(long)]
    pub tokens: Option<PathBuf>,
}

/// What the parent asks, one word a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// So many percent of all sockets are to be held.
    Connect(usize),
    /// From now on texts are counted anew.
    Mark,
    Tally,
    /// So many sockets a second hang up and come back; 0: no more.
    Churn(u32),
}

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub held: usize,
    /// Refused or cut before they were held.
    pub refused: u64,
    /// Cut after they were held, by the other side.
    pub lost: u64,
    /// Sockets that hung up and came back.
    pub churned: u64,
    /// Texts since the mark.
    pub texts: u64,
    /// Sockets that heard one since the mark.
    pub told: usize,
    /// When each of them heard its first, at every hundredth of them: nanoseconds since 1970.
    pub curve: Vec<u64>,
}

struct Client {
    args: ClientArgs,
    request: Vec<u8>,
    watch: Vec<u8>,
    /// One for each socket; none where nobody says who they are.
    tokens: Vec<String>,
    /// Texts until a socket counts as held.
    greeting: u32,
    poll: Poll,
    conns: Vec<Option<Conn>>,
    /// Sockets to be opened, the next one last, and not before.
    due: Vec<(Instant, usize)>,
    /// Sockets that were ever asked for.
    begun: usize,
    on_their_way: usize,
    mark: u32,
    told_at: Vec<u64>,
    tally: Tally,
    churn_per_s: u32,
    churn_next: usize,
    churn_due: Instant,
    buffer: Vec<u8>,
}

/// Runs until the parent closes our standard input.
pub fn run(args: ClientArgs) -> anyhow::Result<()> {
    limits::raise_to_hold(args.sockets as u64)?;
    let poll = Poll::new()?;
    let bell = Waker::new(poll.registry(), BELL)?;
    let (tell, orders) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if let Ok(order) = serde_json::from_str::<Order>(&line)
                && (tell.send(order).is_err() || bell.wake().is_err())
            {
                return;
            }
        }
        drop(tell);
        let _ = bell.wake();
    });
    let tokens = tokens(&args)?;
    Client::new(args, tokens, poll).run(&orders)
}

/// Those of this process's own sockets.
fn tokens(args: &ClientArgs) -> anyhow::Result<Vec<String>> {
    let Some(file) = &args.tokens else { return Ok(vec![]) };
    let all = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let own: Vec<String> = all.lines().skip(args.first).take(args.sockets).map(str::to_owned).collect();
    ensure!(own.len() == args.sockets, "{} holds too few tokens", file.display());
    Ok(own)
}

impl Client {
    fn new(args: ClientArgs, tokens: Vec<String>, poll: Poll) -> Self {
        let protocol = args.protocol.as_ref().map(|name| format!("sec-websocket-protocol: {name}\r\n"));
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
            args.path,
            args.target,
            protocol.unwrap_or_default()
        );
        let now = Instant::now();
        Self {
            request: request.into_bytes(),
            watch: masked(1, args.say.as_bytes()),
            greeting: if tokens.is_empty() { GREETING_TEXTS } else { GREETING_TEXTS_SIGNED_IN },
            tokens,
            poll,
            conns: (0..args.sockets).map(|_| None).collect(),
            due: vec![],
            begun: 0,
            on_their_way: 0,
            mark: 0,
            told_at: vec![],
            tally: Tally::default(),
            churn_per_s: 0,
            churn_next: 0,
            churn_due: now,
            buffer: vec![0; READ_BYTES],
            args,
        }
    }

    fn run(&mut self, orders: &mpsc::Receiver<Order>) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            if let Err(error) = self.poll.poll(&mut events, Some(TICK))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return Err(error).context("cannot poll");
            }
            for event in events.iter().filter(|event| event.token() != BELL) {
                self.ready(event);
            }
            loop {
                match orders.try_recv() {
                    Ok(order) => self.obey(order)?,
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
                }
            }
            self.churn();
            self.open_due();
        }
    }

    fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        match order {
            Order::Connect(percent) => {
                let (now, upto) = (Instant::now(), self.args.sockets * percent.min(100) / 100);
                self.due.extend((self.begun..upto).rev().map(|n| (now, n)));
                self.begun = self.begun.max(upto);
            }
            Order::Mark => {
                self.mark += 1;
                self.told_at.clear();
                (self.tally.texts, self.tally.told) = (0, 0);
            }
            Order::Churn(per_s) => (self.churn_per_s, self.churn_due) = (per_s, Instant::now()),
            Order::Tally => {}
        }
        self.tally.curve = curve(&mut self.told_at);
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &self.tally)?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    /// Opens what is due, as many at one time as may be.
    fn open_due(&mut self) {
        let now = Instant::now();
        while self.on_their_way < self.args.window
            && let Some((_, n)) = self.due.pop_if(|(due, _)| *due <= now)
        {
            match self.open(n) {
                Ok(conn) => {
                    self.on_their_way += 1;
                    self.conns[n] = Some(conn);
                }
                Err(_) => self.again(n),
            }
        }
    }

    fn again(&mut self, n: usize) {
        self.tally.refused += 1;
        // The last one is the next one: who was refused goes to the front, where everybody waits their turn.
        self.due.insert(0, (Instant::now() + COMEBACK, n));
    }

    fn open(&self, n: usize) -> io::Result<Conn> {
        let source = source(self.args.first + n, self.args.per_source);
        let mut conn = Conn::open(source, self.args.target, self.mark)?;
        self.poll.registry().register(&mut conn.stream, Token(n), Interest::READABLE | Interest::WRITABLE)?;
        Ok(conn)
    }

    fn ready(&mut self, event: &Event) {
        let n = event.token().0;
        let Some(conn) = self.conns.get_mut(n).and_then(Option::as_mut) else { return };
        if conn.phase == Phase::Connecting && event.is_writable() {
            conn.phase = Phase::Shaking;
            let _ = conn.stream.set_nodelay(true);
            // A fresh socket takes a request whole, or is not there.
            if conn.stream.write(&self.request).ok() != Some(self.request.len()) {
                return self.over(n);
            }
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.read(n);
        }
    }

    fn read(&mut self, n: usize) {
        loop {
            let Some(conn) = self.conns.get_mut(n).and_then(Option::as_mut) else { return };
            match conn.stream.read(&mut self.buffer) {
                Ok(0) => return self.over(n),
                Ok(bytes) => {
                    if !self.hear(n, bytes) {
                        return self.over(n);
                    }
                    if bytes < self.buffer.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.over(n),
            }
        }
    }

    /// Returns whether the socket goes on.
    fn hear(&mut self, n: usize, bytes: usize) -> bool {
        let Some(conn) = self.conns.get_mut(n).and_then(Option::as_mut) else { return false };
        let mut came = self.buffer.get(..bytes).unwrap_or_default();
        if conn.phase != Phase::Open {
            if !conn.has_begun() && !came.starts_with(b"HTTP/1.1 101") {
                return false;
            }
            let Some(rest) = conn.past_head(came) else { return true };
            came = rest;
            conn.phase = Phase::Open;
            let token = self.tokens.get(n).map(|token| json!({"type": "auth", "access_token": token}).to_string());
            let auth = token.map(|text| masked(1, text.as_bytes())).unwrap_or_default();
            let words = [&auth[..], &self.watch].concat();
            if conn.stream.write(&words).ok() != Some(words.len()) {
                return false;
            }
        }
        let (mut texts, mut pings, mut text_pings, mut goes_on) = (0, 0, 0, true);
        conn.skim.feed(came, |frame| match frame {
            Seen { opcode: 1, length: 1, first: TEXT_PING } => text_pings += 1,
            Seen { opcode: 1, .. } => texts += 1,
            Seen { opcode: 8, .. } => goes_on = false,
            Seen { opcode: 9, .. } => pings += 1,
            _ => {}
        });
        for _ in 0..pings {
            let _ = conn.stream.write(&masked(10, b""));
        }
        for _ in 0..text_pings {
            let _ = conn.stream.write(&masked(1, TEXT_PONG));
        }
        let before = conn.texts;
        conn.texts += texts;
        if before < self.greeting && conn.texts >= self.greeting {
            self.on_their_way -= 1;
            self.tally.held += 1;
        }
        let news = conn.texts.saturating_sub(before.max(self.greeting));
        if news > 0 {
            self.tally.texts += u64::from(news);
            if conn.told_after != self.mark {
                conn.told_after = self.mark;
                self.tally.told += 1;
                self.told_at.push(now_ns());
            }
        }
        goes_on
    }

    /// The socket is gone. Whoever did not hang up by themselves is missing, and comes back.
    fn over(&mut self, n: usize) {
        let Some(conn) = self.conns.get_mut(n).and_then(Option::take) else { return };
        if conn.hanging_up {
            self.tally.churned += 1;
            self.tally.held -= 1;
            return self.due.push((Instant::now(), n));
        }
        if conn.texts >= self.greeting {
            self.tally.held -= 1;
            self.tally.lost += 1;
        } else {
            self.on_their_way -= 1;
        }
        self.again(n);
    }

    /// So many hang up, one after the other, in equal distances.
    fn churn(&mut self) {
        let now = Instant::now();
        while self.churn_per_s > 0 && self.churn_due <= now {
            self.churn_due += Duration::from_secs(1) / self.churn_per_s;
            let n = self.churn_next % self.begun.max(1);
            self.churn_next += 1;
            if let Some(conn) = self.conns.get_mut(n).and_then(Option::as_mut)
                && conn.texts >= self.greeting
            {
                conn.hanging_up = true;
                self.over(n);
            }
        }
    }
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn curve(told_at: &mut [u64]) -> Vec<u64> {
    told_at.sort_unstable();
    let Some(last) = told_at.len().checked_sub(1) else { return vec![] };
    (0..CURVE_POINTS).filter_map(|point| told_at.get(last * point / (CURVE_POINTS - 1)).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_from_the_first_to_the_last() {
        let mut told: Vec<u64> = (0..=1000).rev().collect();
        let curve = curve(&mut told);
        assert_eq!((curve.len(), curve[0], curve[50], curve[100]), (101, 0, 500, 1000));
        assert!(super::curve(&mut []).is_empty());
    }
}
