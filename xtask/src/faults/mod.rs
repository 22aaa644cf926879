//! The fault suite: a sale under load in a full stack, while its servers are killed, stopped, emptied, cut off and fed with nonsense.

mod asleep;
mod breaking;
mod broker;
mod crowd;
mod dice;
mod messages;
mod on_sale;
mod redis;
mod report;

use std::{
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use stack::{Parts, Stack};

use crate::{run::root, servers};
use breaking as b;
use crowd::{Crowd, Sale, Who};
use dice::Dice;
pub use report::Line;

/// One fault of the list, with the sale that it strikes.
struct Row {
    name: &'static str,
    /// Its numbers in the list of faults.
    numbers: &'static str,
    shows: &'static str,
    crowd: Crowd,
    /// How often it strikes where nobody says otherwise.
    rounds: u32,
    strike: fn(&mut Sale, u32) -> Result<()>,
}

const SHOP: Crowd = Crowd { who: Who::Shoppers, buyers: 200, units: 20, hold_s: 3 };

// These crowds are like no other: they have sales of their own, in the short run too.
const PAYMENTS: Row = Row {
    name: "payments",
    numbers: "28",
    shows: "the provider stops and dies while everybody pays",
    crowd: Crowd { who: Who::Payers, units: 60, ..SHOP },
    rounds: 3,
    strike: b::provider,
};

const LAST_UNIT: Row = Row {
    name: "last-unit",
    numbers: "29",
    shows: "one unit that comes back again and again",
    crowd: Crowd { who: Who::Hesitant, units: 1, hold_s: 2, ..SHOP },
    rounds: 10,
    strike: b::cycles,
};

/// In the order in which a failure teaches most.
const ROWS: &[Row] = &[
    Row {
        name: "consumer",
        numbers: "2, 4",
        shows: "kill -9 of a consumer, and of the relay in it",
        crowd: SHOP,
        rounds: 4,
        strike: |sale, rounds| b::kill(sale, "consumer", rounds),
    },
    Row {
        name: "publisher",
        numbers: "1",
        shows: "kill -9 of a publisher",
        crowd: SHOP,
        rounds: 4,
        strike: |sale, rounds| b::kill(sale, "publisher", rounds),
    },
    Row {
        name: "general",
        numbers: "3",
        shows: "kill -9 of a general",
        crowd: SHOP,
        rounds: 4,
        strike: |sale, rounds| b::kill(sale, "general", rounds),
    },
    Row {
        name: "redis-master",
        numbers: "10",
        shows: "kill -9 of the sale's Redis master, and what it granted last is lost",
        crowd: SHOP,
        rounds: 3,
        strike: redis::masters,
    },
    Row {
        name: "redis-flush",
        numbers: "12",
        shows: "FLUSHALL in the middle of the sale",
        crowd: SHOP,
        rounds: 2,
        strike: redis::flush,
    },
    Row {
        name: "redis-cut",
        numbers: "11",
        shows: "the sale's Redis master is cut off, from everybody or from its peers",
        crowd: SHOP,
        rounds: 2,
        strike: redis::cut,
    },
    Row { name: "rabbit", numbers: "14", shows: "kill -9 of RabbitMQ", crowd: SHOP, rounds: 2, strike: b::rabbit },
    Row {
        name: "rabbit-alarm",
        numbers: "16",
        shows: "RabbitMQ's disk alarm",
        crowd: SHOP,
        rounds: 2,
        strike: b::rabbit_alarm,
    },
    Row {
        name: "timers",
        numbers: "18",
        shows: "the timer queues are deleted",
        crowd: SHOP,
        rounds: 2,
        strike: b::timers,
    },
    Row {
        name: "duplicates",
        numbers: "26",
        shows: "every waiting message comes five times, in any order",
        crowd: SHOP,
        rounds: 3,
        strike: messages::duplicates,
    },
    Row {
        name: "poison",
        numbers: "27",
        shows: "messages that nobody can read",
        crowd: SHOP,
        rounds: 1,
        strike: messages::poison,
    },
    Row {
        name: "postgres",
        numbers: "20",
        shows: "kill -9 of PostgreSQL",
        crowd: SHOP,
        rounds: 2,
        strike: b::postgres,
    },
    Row {
        name: "cut-postgres",
        numbers: "19",
        shows: "PostgreSQL is cut off: connections stay open, and nobody answers",
        crowd: SHOP,
        rounds: 2,
        strike: b::postgres_cut,
    },
    Row { name: "nginx", numbers: "6", shows: "kill -9 of the balancer", crowd: SHOP, rounds: 2, strike: b::nginx },
    Row {
        name: "reload",
        numbers: "42",
        shows: "the balancer reloads, its upstreams come and go",
        crowd: SHOP,
        rounds: 3,
        strike: b::reload,
    },
    Row {
        name: "rolling",
        numbers: "8",
        shows: "SIGTERM and a restart, one node after the other",
        crowd: SHOP,
        rounds: 1,
        strike: b::rolling,
    },
    Row {
        name: "zombie",
        numbers: "9",
        shows: "SIGSTOP of a consumer inside a transaction, past every deadline, then SIGCONT",
        crowd: SHOP,
        rounds: 2,
        strike: asleep::zombies,
    },
    PAYMENTS,
    LAST_UNIT,
    Row {
        name: "mail",
        numbers: "5",
        shows: "the mail queue, the Lambda and the mail server behind it fail",
        crowd: SHOP,
        rounds: 2,
        strike: b::mail,
    },
];

const REPORT: &str = "target/faults";
const SEED: u64 = 1;
/// On two cores, with unoptimised programs: as many as are served in time.
const BUYERS_OF_A_CHECK: u32 = 40;
/// After its last fault a sale goes on until it shows that it goes on.
const LAST_CALM: Duration = Duration::from_secs(8);

/// All of them in few sales, once or twice each.
const SHORT: &[Row] = &[
    Row {
        name: "ours",
        numbers: "1, 2, 3, 4, 6, 8, 9, 42",
        shows: "our own nodes and the balancer are killed, stopped and put to sleep",
        crowd: SHOP,
        rounds: 1,
        strike: |sale, rounds| {
            for role in ["consumer", "publisher", "general"] {
                b::kill(sale, role, rounds)?;
            }
            b::rolling(sale, rounds)?;
            b::nginx(sale, rounds)?;
            b::reload(sale, rounds)?;
            asleep::zombies(sale, rounds)
        },
    },
    Row {
        name: "stores",
        numbers: "5, 10, 11, 12, 14, 16, 18, 19, 20, 26, 27",
        shows: "the stores, the broker and the mail die, forget, are cut off, and tell everything five times",
        crowd: SHOP,
        rounds: 1,
        strike: |sale, rounds| {
            messages::duplicates(sale, rounds)?;
            messages::poison(sale, rounds)?;
            redis::masters(sale, rounds)?;
            redis::flush(sale, rounds)?;
            redis::cut(sale, rounds)?;
            b::rabbit(sale, rounds)?;
            b::rabbit_alarm(sale, rounds)?;
            b::timers(sale, rounds)?;
            b::postgres(sale, rounds)?;
            b::postgres_cut(sale, rounds)?;
            b::mail(sale, rounds)
        },
    },
    Row { rounds: 2, ..PAYMENTS },
    Row { rounds: 3, ..LAST_UNIT },
];

#[derive(Args)]
pub struct FaultsArgs {
    /// Only the faults whose name contains one of these words; see `cargo xtask faults --list`.
    only: Vec<String>,
    /// All faults in a few sales.
    #[arg(long)]
    short: bool,
    /// How often each strikes, instead of a few times.
    #[arg(long)]
    rounds: Option<u32>,
    /// Virtual buyers of each sale, instead of 200.
    #[arg(long)]
    buyers: Option<u32>,
    /// The folder of a stack with our binaries that runs; by default one is started, and ended afterwards.
    #[arg(long, value_name = "FOLDER")]
    stack: Option<PathBuf>,
    /// Optimised programs, for crowds of thousands.
    #[arg(long)]
    release: bool,
    /// Where the report goes.
    #[arg(long, value_name = "FOLDER", default_value = REPORT)]
    report: PathBuf,
    /// The same seed breaks the same things after the same times.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Names the faults and does nothing.
    #[arg(long)]
    list: bool,
}

/// The short list with few buyers, as every test run strikes it. Errors: a verdict was not good.
pub fn check() -> Result<()> {
    let args = FaultsArgs {
        only: vec![],
        short: true,
        rounds: None,
        buyers: Some(BUYERS_OF_A_CHECK),
        stack: None,
        release: false,
        report: REPORT.into(),
        seed: SEED,
        list: false,
    };
    ensure!(run(&args)?, "a fault was not survived");
    Ok(())
}

/// Strikes each chosen fault, goes on after a failure, and writes the report. True where every verdict was good.
pub fn run(args: &FaultsArgs) -> Result<bool> {
    let wanted = |row: &&Row| args.only.is_empty() || args.only.iter().any(|word| row.name.contains(word.as_str()));
    let all = if args.short { SHORT } else { ROWS };
    let rows: Vec<&Row> = all.iter().filter(wanted).collect();
    if args.list {
        rows.iter().for_each(|row| println!("{:13} {:5} {}", row.name, row.numbers, row.shows));
        return Ok(true);
    }
    if rows.is_empty() {
        bail!("no fault is called so; see `cargo xtask faults --list`");
    }
    let programs = if args.release { servers::build_optimised()? } else { servers::build()? };
    match &args.stack {
        Some(folder) => strike_all(args, &rows, &programs, folder),
        None => strike_in_new_shop(args, &rows, &programs),
    }
}

fn strike_in_new_shop(args: &FaultsArgs, rows: &[&Row], programs: &Path) -> Result<bool> {
    let mut passed = false;
    servers::with_shop(programs, |folder| {
        passed = strike_all(args, rows, programs, folder)?;
        Ok(())
    })?;
    Ok(passed)
}

fn strike_all(args: &FaultsArgs, rows: &[&Row], programs: &Path, folder: &Path) -> Result<bool> {
    let report = root().join(&args.report);
    let stack = Stack::open(folder)?;
    let mut lines = vec![];
    for (n, row) in rows.iter().enumerate() {
        println!("[{}/{}] {} (F {}): {}", n + 1, rows.len(), row.name, row.numbers, row.shows);
        let line = strike(args, row, programs, &stack, &report);
        println!("[{}/{}] {} {}", n + 1, rows.len(), row.name, line.short());
        lines.push(line);
        // After every fault, so that an interrupted suite has told what it knew.
        report::write(&report, &lines)?;
        mend(&stack).context("the stack does not come back")?;
    }
    println!("the report is {}", report.join("report.md").display());
    Ok(lines.iter().all(Line::passed))
}

/// Whole again: heals what is cut, starts what does not run, and waits.
fn mend(stack: &Stack) -> Result<()> {
    Stack::up(&stack.running().dir, Parts::ALL).map(drop)
}

fn strike(args: &FaultsArgs, row: &Row, programs: &Path, stack: &Stack, report: &Path) -> Line {
    let rounds = args.rounds.unwrap_or(row.rounds);
    let crowd = Crowd { buyers: args.buyers.unwrap_or(row.crowd.buyers), ..row.crowd };
    let folder = report.join(row.name);
    let played = (|| {
        let mut sale = Sale::open(row.name, &folder, programs, stack, crowd, Dice::new(args.seed))?;
        let struck = (row.strike)(&mut sale, rounds);
        sleep(LAST_CALM);
        if struck.is_err() {
            // What was broken half-way must not outlive its sale.
            mend(stack)?;
        }
        sale.close(struck)
    })();
    Line::read(row.name, row.numbers, row.shows, rounds, &folder, played)
}
