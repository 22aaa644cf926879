//! Sockets: so many are held, told, and come and go; what that costs the server, ours or another one.

mod client;
mod crew;
mod report;
pub mod skim;
pub mod target;
mod usage;

use std::{path::PathBuf, time::Duration};

use anyhow::{bail, ensure};
use clap::Args;
use tokio::time::{Instant, sleep};

pub use client::{ClientArgs, run as run_client};
pub use report::{Report, compare};

use self::{
    client::{Order, Tally},
    crew::Crew,
    report::{Machine, Round},
    target::{Against, Running},
    usage::Look,
};
use crate::{
    house::House,
    limits,
    progress::Progress,
    run::{Place, Run},
};

/// One client process holds no more: many systems let a process open 20,000 files.
const PER_PROCESS_MAX: usize = 15_000;
const CONNECT_WAIT: Duration = Duration::from_secs(120);
/// Percent of the sockets that come first, and come and go for a while: a server that saw a crowd has its rooms warm, and
/// what each one more takes is measured from there.
const FIRST_PERCENT: usize = 25;
const WARM_PER_S: u32 = 1_000;
const WARM_FOR: Duration = Duration::from_secs(3);
const TOLD_WAIT: Duration = Duration::from_secs(30);
/// How long a server is watched with nobody there.
const IDLE_FOR: Duration = Duration::from_secs(2);
/// Nothing more comes after this long without anything.
const STILL_FOR: Duration = Duration::from_millis(300);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A round is marked so long before it is due.
const MARK_BEFORE: Duration = Duration::from_millis(500);

/// Many idle sockets that watch one sale: memory, connects, its opening, churn.
#[derive(Clone, Debug, Args)]
pub struct SocketsArgs {
    #[command(flatten)]
    pub place: Place,
    /// Whose server.
    #[arg(long, value_enum, default_value = "ours")]
    pub against: Against,
    /// Sockets to hold.
    #[arg(long, default_value_t = 15_000)]
    pub sockets: usize,
    /// Processes that hold their other ends; by default one for every 15,000, and at least two.
    #[arg(long)]
    pub clients: Option<usize>,
    /// Sockets from one source address.
    #[arg(long, default_value_t = 900)]
    pub per_source: usize,
    /// Sockets of one process that are on their way in at one time.
    #[arg(long, default_value_t = 100)]
    pub window: usize,
    /// How often everybody is told something.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Sockets a second that hang up and come back, and for how many seconds.
    #[arg(long, default_value_t = 500)]
    pub churn_per_s: u32,
    #[arg(long, default_value_t = 5)]
    pub churn_s: u64,
    /// Where the report goes, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The folder of the peers that are written for Node.
    #[arg(long, value_name = "FOLDER", default_value = "load-test/peers")]
    pub peers: PathBuf,
    #[arg(long, default_value = "node")]
    pub node: String,
}

/// Everything that is measured while the sockets are held.
struct Held {
    running: Running,
    crew: Crew,
    sockets: usize,
    idle_us_per_s: f64,
}

/// Plays it. Errors: not all could be held, or not all were told.
pub async fn play(args: &SocketsArgs, run: &Run, bar: &Progress) -> anyhow::Result<Report> {
    ensure!(args.sockets > 0, "no sockets are nothing to measure");
    limits::raise_open_files(0)?;
    bar.say("starting the server");
    let running = start(args, run).await?;
    let processes = args.clients.unwrap_or_else(|| args.sockets.div_ceil(PER_PROCESS_MAX).max(2)).min(args.sockets);
    let crew = Crew::hire(&client(args, &running), processes)?;
    let empty = settled(&running).await?;
    sleep(IDLE_FOR).await;
    let idle = Look::at(running.pid()?)?;
    let idle_us_per_s = us(empty, idle) / IDLE_FOR.as_secs_f64();
    let mut held = Held { running, crew, sockets: args.sockets, idle_us_per_s };

    bar.act("connecting", args.sockets as u64);
    let some = held.connect(FIRST_PERCENT, bar).await?.held;
    held.churn(WARM_PER_S.min(some as u32), WARM_FOR, some).await?;
    let (few, begun) = (settled(&held.running).await?, Instant::now());
    let idle_again = Look::at(held.running.pid()?)?;
    let connected = held.connect(100, bar).await?;
    let connect_s = begun.elapsed().as_secs_f64();
    let after = Look::at(held.running.pid()?)?;
    let more = (args.sockets - some).max(1) as f64;
    let connect_cpu_us = held.net_us(idle_again, after, connect_s) / more;
    let full = settled(&held.running).await?;

    let mut rounds = vec![];
    for round in 1..=args.rounds {
        bar.say(&format!("telling everybody, {round} of {}", args.rounds));
        rounds.push(held.round().await?);
    }
    bar.say("coming and going");
    let last = held.churn(args.churn_per_s, Duration::from_secs(args.churn_s), args.sockets).await?;
    let churned = settled(&held.running).await?;
    let each = |before: u64, after: u64| (after as f64 - before as f64) * 1024.0 / more;
    let texts: u64 = rounds.iter().map(|round| round.texts).sum();
    let report = Report {
        against: args.against,
        machine: Machine::this(),
        sockets: args.sockets,
        client_processes: processes,
        memory_bytes_per_socket: each(few.anonymous_kib, full.anonymous_kib),
        memory_bytes_per_socket_after_churn: each(few.anonymous_kib, churned.anonymous_kib),
        kernel_bytes_per_socket: each(few.kernel_kib, full.kernel_kib),
        resident_kib: full.resident_kib,
        idle_cpu_us_per_s: idle_us_per_s,
        connect_cpu_us,
        connects_per_s: more / connect_s,
        delivery_cpu_us: rounds.iter().map(|round| round.cpu_us_per_text * round.texts as f64).sum::<f64>()
            / texts as f64,
        rounds,
        churned: last.churned,
        refused: connected.refused,
        lost: last.lost,
    };
    drop(held.crew);
    held.running.stop().await?;
    Ok(report)
}

async fn start(args: &SocketsArgs, run: &Run) -> anyhow::Result<Running> {
    if args.against != Against::Ours {
        return Running::peer(args.against, &args.node, &args.peers).await;
    }
    let House::Own(plan) = &run.house else { bail!("a stack's servers are not ours to measure") };
    let bound = |key: &str, value: usize| (format!("MIAOSHA_{key}"), value.to_string());
    let mut plan = plan.clone();
    plan.env = vec![
        bound("HTTP__MAX_CONNECTIONS", args.sockets + 10_000),
        bound("PUBLISHER__PUSH__SOCKETS_MAX", args.sockets + 1_000),
        bound("PUBLISHER__PUSH__SOCKETS_PER_ADDRESS", args.per_source + args.window),
    ];
    Running::ours(&plan).await
}

fn client(args: &SocketsArgs, running: &Running) -> ClientArgs {
    let dialect = running.dialect.clone();
    ClientArgs {
        target: running.addr,
        path: dialect.path,
        protocol: dialect.protocol,
        say: dialect.say,
        sockets: args.sockets,
        first: 0,
        per_source: args.per_source,
        window: args.window,
    }
}

/// A look once what was begun is done.
async fn settled(running: &Running) -> anyhow::Result<Look> {
    sleep(Duration::from_secs(1)).await;
    Ok(Look::at(running.pid()?)?)
}

fn us(before: Look, after: Look) -> f64 {
    after.cpu_ns.saturating_sub(before.cpu_ns) as f64 / 1e3
}

impl Held {
    /// Processor time between two looks, without what the server takes with nobody there.
    fn net_us(&self, before: Look, after: Look, seconds: f64) -> f64 {
        (us(before, after) - self.idle_us_per_s * seconds).max(0.0)
    }

    async fn connect(&mut self, percent: usize, bar: &Progress) -> anyhow::Result<Tally> {
        let give_up = Instant::now() + CONNECT_WAIT;
        let mut tally = self.crew.order(Order::Connect(percent)).await?;
        let wanted = self.crew.part(percent);
        while tally.held < wanted {
            ensure!(Instant::now() < give_up, "only {} of {wanted} sockets are held: {tally:?}", tally.held);
            sleep(LOOK_EVERY).await;
            tally = self.crew.order(Order::Tally).await?;
            bar.at(tally.held as u64);
        }
        Ok(tally)
    }

    /// Tells everybody once, and waits until nothing more comes.
    async fn round(&mut self) -> anyhow::Result<Round> {
        let mut due = Duration::ZERO;
        let is_ours = matches!(self.running.target, target::Target::Ours { opened: false, .. });
        if is_ours {
            due = self.running.tell().await?;
            sleep(due.saturating_sub(MARK_BEFORE)).await;
        }
        self.crew.order(Order::Mark).await?;
        let (before, begun) = (Look::at(self.running.pid()?)?, Instant::now());
        if !is_ours {
            due = self.running.tell().await?;
        }
        let give_up = Instant::now() + due + TOLD_WAIT;
        let (mut tally, mut still_since) = (Tally::default(), Instant::now());
        while tally.told < self.sockets || still_since.elapsed() < STILL_FOR {
            ensure!(Instant::now() < give_up, "only {} of {} sockets were told", tally.told, self.sockets);
            sleep(LOOK_EVERY).await;
            let now = self.crew.order(Order::Tally).await?;
            if now.texts > tally.texts {
                still_since = Instant::now();
            }
            tally = now;
        }
        let after = Look::at(self.running.pid()?)?;
        let cpu_us = self.net_us(before, after, begun.elapsed().as_secs_f64());
        Ok(Round::of(tally.told, tally.texts, &tally.curve, cpu_us))
    }

    /// So many a second hang up and come back; then all `wanted` are held again.
    async fn churn(&mut self, per_s: u32, span: Duration, wanted: usize) -> anyhow::Result<Tally> {
        self.crew.order(Order::Churn(per_s.div_ceil(self.crew.size()))).await?;
        sleep(span).await;
        self.crew.order(Order::Churn(0)).await?;
        let give_up = Instant::now() + CONNECT_WAIT;
        loop {
            let tally = self.crew.order(Order::Tally).await?;
            if tally.held >= wanted {
                return Ok(tally);
            }
            ensure!(Instant::now() < give_up, "only {} of {wanted} sockets came back", tally.held);
            sleep(LOOK_EVERY).await;
        }
    }
}
