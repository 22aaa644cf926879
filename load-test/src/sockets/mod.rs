//! Sockets: so many are held, told, and come and go; what that costs the server, ours or another one.

mod client;
mod conn;
mod crew;
mod held;
pub mod look;
mod report;
pub mod skim;
pub mod target;

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use clap::Args;
use kit::clock::SystemClock;
use sale::port::clock::Clock;

pub use client::{ClientArgs, Order, run as run_client};
pub use crew::Crew;
pub use report::{Machine, Report, compare};

use self::{
    client::Tally,
    held::{Came, Held},
    look::Look,
    report::Round,
    target::{Against, Running},
};
use crate::{
    house::House,
    limits,
    progress::Progress,
    run::{Place, Run},
    rush::script::mint,
};

/// One client process holds no more: many systems let a process open 20,000 files.
const PER_PROCESS_MAX: usize = 15_000;

/// Many idle sockets that watch one sale: memory, connects, its opening, churn. On a stack: at every publisher's own door.
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
    /// Each proves who it is: another buyer for every socket, with sessions signed by the server's own key.
    #[arg(long)]
    pub signed_in: bool,
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

/// Plays it. Errors: not all could be held, or not all were told.
pub async fn play(args: &SocketsArgs, run: &Run, bar: &Progress) -> anyhow::Result<Report> {
    ensure!(args.sockets > 0, "no sockets are nothing to measure");
    ensure!(!args.signed_in || args.against == Against::Ours, "only our own server knows buyers");
    limits::raise_open_files(0)?;
    bar.say("starting the server");
    let running = start(args, run).await?;
    let crew = Crew::hire(&client(args, run, &running)?, args.processes(), &running.addrs())?;
    let mut held = Held::nobody(running, crew, args.sockets).await?;
    bar.act("connecting", args.sockets as u64);
    let came = held.come(bar).await?;
    let mut rounds = vec![];
    for round in 1..=args.rounds {
        bar.say(&format!("telling everybody, {round} of {}", args.rounds));
        rounds.push(held.round().await?);
    }
    bar.say("coming and going");
    let last = held.churn(args.churn_per_s, Duration::from_secs(args.churn_s), args.sockets).await?;
    let report = report(args, &came, held.settled().await?, rounds, &last);
    held.close().await?;
    Ok(report)
}

fn report(args: &SocketsArgs, came: &Came, churned: Look, rounds: Vec<Round>, last: &Tally) -> Report {
    let each = |before: u64, after: u64| (after as f64 - before as f64) * 1024.0 / came.more;
    let (few, full) = (came.few, came.full);
    let texts: u64 = rounds.iter().map(|round| round.texts).sum();
    let cpu_us: f64 = rounds.iter().map(|round| round.cpu_us_per_text * round.texts as f64).sum();
    Report {
        against: args.against,
        machine: Machine::this(),
        sockets: args.sockets,
        client_processes: args.processes(),
        memory_bytes_per_socket: each(few.anonymous_kib, full.anonymous_kib),
        memory_bytes_per_socket_after_churn: each(few.anonymous_kib, churned.anonymous_kib),
        kernel_bytes_per_socket: each(few.kernel_kib, full.kernel_kib),
        resident_kib: full.resident_kib,
        idle_cpu_us_per_s: came.idle_us_per_s,
        connect_cpu_us: came.cpu_us / came.more,
        connects_per_s: came.more / came.seconds,
        delivery_cpu_us: cpu_us / texts.max(1) as f64,
        rounds,
        churned: last.churned,
        refused: came.refused,
        lost: last.lost,
    }
}

impl SocketsArgs {
    fn processes(&self) -> usize {
        let usual = self.sockets.div_ceil(PER_PROCESS_MAX).max(2);
        self.clients.unwrap_or(usual).clamp(1, self.sockets.max(1))
    }
}

async fn start(args: &SocketsArgs, run: &Run) -> anyhow::Result<Running> {
    if args.against != Against::Ours {
        return Running::peer(args.against, &args.node, &args.peers).await;
    }
    let plan = match &run.house {
        House::Own(plan) => plan,
        House::Stack(stack) => return Running::fleet(stack).await,
    };
    let bound = |key: &str, value: usize| (format!("MIAOSHA_{key}"), value.to_string());
    let mut plan = plan.clone();
    plan.env = vec![
        bound("HTTP__MAX_CONNECTIONS", args.sockets + 10_000),
        bound("PUBLISHER__PUSH__SOCKETS_MAX", args.sockets + 1_000),
        bound("PUBLISHER__PUSH__SOCKETS_PER_ADDRESS", args.per_source + args.window),
    ];
    Running::ours(&plan).await
}

fn client(args: &SocketsArgs, run: &Run, running: &Running) -> anyhow::Result<ClientArgs> {
    let dialect = running.dialect.clone();
    let door = running.doors.first().context("a server without a door")?;
    Ok(ClientArgs {
        target: door.addr,
        path: dialect.path,
        protocol: dialect.protocol,
        say: dialect.say,
        sockets: args.sockets,
        first: 0,
        per_source: args.per_source,
        window: args.window,
        tokens: args.signed_in.then(|| tokens(args.sockets, run)).transpose()?,
    })
}

/// A file of so many sessions, each of somebody else.
fn tokens(count: usize, run: &Run) -> anyhow::Result<PathBuf> {
    let (keys, file) = (run.house.keys()?, run.folder.join("tokens"));
    let minted = mint(&keys, count, SystemClock.now());
    let lines: Vec<&str> = minted.iter().map(|one| one.token.as_str()).collect();
    fs::write(&file, lines.join("\n")).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
