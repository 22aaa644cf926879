//! The rush: claims at a rate that no slow answer lowers, or as fast as they go, over HTTP or held sockets.

mod answer;
mod drive;
mod frames;
mod hear;
mod lines;
pub mod peer;
pub mod sale;
pub mod script;
pub mod stage;
pub mod tally;
pub mod till;
mod timetable;

use std::time::Duration;

use ::sale::port::clock::Clock;
use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use kit::clock::SystemClock;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

pub use self::{drive::Drive, timetable::Timetable};
use self::{
    sale::{ITEMS_MAX, Offer, WRONG_ANSWER},
    script::{Over, Script, mint},
    stage::Stage,
    tally::Tally,
};
use crate::{
    buyer::{account::sign_up, address, diary::Diary, http::Http},
    measured::{Files, Report},
    outcome::Outcome,
    progress::Progress,
    run::{Place, Run},
};

/// A plan that opens at once would be open before the doors know it.
pub const OPENS_IN: Duration = Duration::from_secs(2);
/// After that nobody claims any more, whatever happened.
const OPEN_FOR: Duration = Duration::from_secs(600);
/// How long answers and results that are missing are waited for.
const LINGER: Duration = Duration::from_secs(20);
/// A hold outlives the claims by so much: its end is measured elsewhere.
const HOLD_SPARE_S: u32 = 12;
/// Buyers of a crowd that is refused: each asks again and again.
const REFUSED_BUYERS: usize = 1_000;
/// The same where each has a bucket to empty before.
const TOO_FAST_BUYERS: usize = 64;
const EMPTY_WITHIN: Duration = Duration::from_secs(30);
/// How long a house is watched with nobody claiming.
const IDLE_FOR: Duration = Duration::from_secs(5);
/// What was changed is known at every door by then: they are told over the bus.
const KNOWN_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// There is a unit for every claim.
    Accepted,
    /// The one unit is paid.
    SoldOut,
    /// The one unit is held, and nobody may stand by.
    AllHeld,
    /// The sale opens later.
    NotOpen,
    /// The sale is over.
    Closed,
    /// Few who never stop: their buckets are empty. Nobody gets anything meanwhile, for their answers are wrong.
    TooFast,
}

impl Kind {
    /// What each claim, or nearly each, is answered.
    fn answer(self) -> &'static str {
        match self {
            Self::Accepted => drive::ACCEPTED,
            Self::SoldOut => "sold_out",
            Self::AllHeld => "all_held",
            Self::NotOpen => "not_open",
            Self::Closed => "closed",
            Self::TooFast => "too_fast",
        }
    }

    /// Buyers who are turned back.
    fn buyers(self) -> usize {
        if self == Self::TooFast { TOO_FAST_BUYERS } else { REFUSED_BUYERS }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Against {
    Ours,
    /// axum alone, which reads the claim and answers a receipt.
    Axum,
}

/// Claims at a constant rate or as fast as they go; latencies, throughput, processor time, and the verdict.
#[derive(Clone, Debug, Args)]
pub struct RushArgs {
    #[command(flatten)]
    pub place: Place,
    #[arg(long, value_enum, default_value = "ours")]
    pub against: Against,
    /// Claims a second, whatever becomes of them; 0: as fast as they go.
    #[arg(long, default_value_t = 1_000.0)]
    pub rate: f64,
    /// Seconds.
    #[arg(long = "for", value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=300))]
    pub for_s: u32,
    #[arg(long, value_enum, default_value = "http")]
    pub over: Over,
    #[arg(long, value_enum, default_value = "accepted")]
    pub kind: Kind,
    /// Connections by HTTP, or sockets with a buyer on each.
    #[arg(long)]
    pub lines: Option<usize>,
    /// Claims at most where they go as fast as they can, each by its own buyer or for its own item.
    #[arg(long, default_value_t = 50_000)]
    pub claims: usize,
    /// Items that the claims are spread over; sockets have as many as their buyers need.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub items: u32,
    /// Sales that are open at the same time, each with so many items; claims by HTTP go to all of them in turn.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub sales: u32,
    /// The next claim of a socket waits for the decision of the one before.
    #[arg(long)]
    pub until_decided: bool,
    #[command(flatten)]
    pub files: Files,
}

/// How many buyers, items and lines a run needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    buyers: usize,
    items: usize,
    lines: usize,
}

impl RushArgs {
    fn claims(&self) -> usize {
        if self.rate > 0.0 { (self.rate * f64::from(self.for_s)).ceil() as usize } else { self.claims }
    }

    fn size(&self) -> Size {
        let items = self.items as usize;
        match (self.over, self.kind) {
            (Over::Http, Kind::Accepted) => {
                let all = items * self.sales as usize;
                Size { buyers: self.claims().div_ceil(all).max(1), items, lines: self.lines.unwrap_or(64) }
            }
            (Over::Http, kind) => Size { buyers: kind.buyers(), items: 1, lines: self.lines.unwrap_or(64) },
            (Over::Socket, Kind::Accepted) => {
                let least = self.claims().div_ceil(ITEMS_MAX).max(1);
                let lines = self.lines.unwrap_or(2_000).max(least);
                Size { buyers: lines, items: self.claims().div_ceil(lines).clamp(items, ITEMS_MAX), lines }
            }
            (Over::Socket, kind) => {
                let lines = self.lines.unwrap_or(kind.buyers());
                Size { buyers: lines, items: 1, lines }
            }
        }
    }

    pub fn timetable(&self, most: u64) -> Timetable {
        Timetable::new(self.rate, Duration::from_secs(self.for_s.into()), most)
    }

    fn name(&self) -> String {
        let word =
            |value: Option<clap::builder::PossibleValue>| value.map_or(String::new(), |v| v.get_name().to_owned());
        let (kind, over) = (word(self.kind.to_possible_value()), word(self.over.to_possible_value()));
        let rate = if self.rate > 0.0 { format!("{} a second", self.rate) } else { "as fast as they go".into() };
        let sales = if self.sales > 1 { format!(", {} sales at once", self.sales) } else { String::new() };
        format!("rush: {kind} claims over {over}, {rate}{sales}")
    }

    fn offer(&self, size: Size) -> Offer {
        let open = |units| Offer {
            items: size.items,
            units,
            standby: 0,
            hold_s: self.for_s + HOLD_SPARE_S,
            opens_in: OPENS_IN,
            open_for: OPEN_FOR,
            asks: self.kind == Kind::TooFast,
        };
        match self.kind {
            Kind::Accepted => open(size.buyers as u32),
            // Where it is held, that hold must outlive the run, and its end is waited for.
            Kind::SoldOut | Kind::AllHeld | Kind::Closed | Kind::TooFast => open(1),
            Kind::NotOpen => Offer { opens_in: Duration::from_secs(u64::from(self.for_s) + 20), ..open(1) },
        }
    }
}

/// Plays it. Errors: something could not be done; an outcome with violations is no error.
pub async fn play(args: &RushArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    ensure!(args.rate >= 0.0 && args.rate.is_finite(), "a rate is a number of claims a second");
    let takes_turns = args.over == Over::Http && args.kind == Kind::Accepted && args.against == Against::Ours;
    ensure!(args.sales == 1 || takes_turns, "several sales are for claims that are accepted over HTTP");
    let size = args.size();
    match args.against {
        Against::Axum => peer::play(args, size.lines, bar).await,
        Against::Ours => ours(args, size, run, bar).await,
    }
}

async fn ours(args: &RushArgs, size: Size, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    let mut stage = Stage::open_many(run, bar, &args.offer(size), args.sales).await?;
    let script = Script {
        over: args.over,
        host: stage.house.target().to_string(),
        items: stage.items(),
        buyers: mint(&stage.keys, size.buyers, SystemClock.now()),
        again: args.kind != Kind::Accepted,
        answer: (args.kind == Kind::TooFast).then_some(WRONG_ANSWER),
        side_by_side: args.sales > 1,
    };
    let lines = stage.lines(&script, size.lines).await?;
    if args.kind != Kind::NotOpen {
        stage.opening().await;
    }
    let script = if args.kind == Kind::TooFast { empty_buckets(&stage, script, size.lines).await? } else { script };
    match args.kind {
        Kind::SoldOut | Kind::AllHeld => first_unit(args.kind, &stage).await?,
        Kind::Closed => {
            stage.close().await?;
            sleep(KNOWN_AFTER).await;
        }
        Kind::Accepted | Kind::NotOpen | Kind::TooFast => {}
    }
    let drive = Drive {
        timetable: args.timetable(script.most()),
        script,
        until_decided: args.until_decided,
        comes_back: args.kind == Kind::Accepted && args.rate == 0.0,
        linger: LINGER,
        to_the_end: false,
    };
    let idle = idle_cpu_us_per_s(&mut stage).await?;
    let meter = stage.meter().await?;
    let (tally, script) = stage::drive(drive, lines, bar).await?;
    let mut report = Report::new(args.name(), stage.house.kind());
    stage::tell(&mut report, &tally);
    report.figure("CPU us a second with nobody claiming", idle);
    if args.kind == Kind::Accepted {
        let behind = stage.decided(tally.accepted()).await?;
        let whole = tally.answering + behind;
        report.figure("seconds until all was decided", whole.as_secs_f64());
        report.figure("decided a second", tally.accepted() as f64 / whole.as_secs_f64().max(1e-6));
    }
    used(&mut report, &tally, meter.cpu_us(), meter.stop());
    if args.kind == Kind::NotOpen {
        // What never opened cannot be closed.
        stage.opening().await;
    }
    stage.end(tally, &script, &[args.kind.answer()], report, &args.files).await
}

/// Everybody asks until their bucket is empty, on lines that are given up afterwards.
async fn empty_buckets(stage: &Stage<'_>, script: Script, lines: usize) -> anyhow::Result<Script> {
    let lines = stage.lines(&script, lines).await?;
    // Some tokens come back meanwhile.
    let most = script.buyers.len() as u64 * u64::from(measure::CLAIMS_BURST) * 5 / 4;
    let timetable = Timetable::new(0.0, EMPTY_WITHIN, most);
    let drive = Drive { script, timetable, until_decided: false, comes_back: false, linger: LINGER, to_the_end: false };
    Ok(stage::drive(drive, lines, stage.bar).await?.1)
}

/// What the house takes while its sales are open and nobody claims: each open sale is told and looked after all the time.
async fn idle_cpu_us_per_s(stage: &mut Stage<'_>) -> anyhow::Result<f64> {
    stage.bar.say("watching it with nobody claiming");
    let meter = stage.meter().await?;
    sleep(IDLE_FOR).await;
    Ok(meter.cpu_us() / IDLE_FOR.as_secs_f64())
}

/// Processor time by process, and for each claim.
fn used(report: &mut Report, tally: &Tally, cpu_us: f64, processes: Vec<crate::measured::Metered>) {
    let claims = tally.answered.max(1) as f64;
    report.figure("CPU us a claim, everything", cpu_us / claims);
    let doors: f64 = processes.iter().filter(|one| one.name.starts_with("publisher")).map(|one| one.cpu_us).sum();
    if doors > 0.0 {
        report.figure("CPU us a claim, publishers alone", doors / claims);
    }
    report.processes = processes;
}

/// The one unit goes to somebody before the others ask.
async fn first_unit(kind: Kind, stage: &Stage<'_>) -> anyhow::Result<()> {
    let mut http = Http::new(address::of_buyer(0), stage.house.target());
    let account = sign_up(&mut http, &stage.run.name, 0, &kit::clock::OsChance).await?;
    let diary = Diary { buyer_id: account.user_id, scene: stage.scene.clone() };
    let Some(item) = stage.sale.items.first() else { bail!("a sale without items") };
    match kind {
        Kind::SoldOut => till::buy(&account, &diary, *item).await.map(drop)?,
        _ => till::hold(&account, &diary, *item).await.map(drop)?,
    }
    sleep(KNOWN_AFTER).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: RushArgs,
    }

    fn args(words: &str) -> RushArgs {
        Cli::parse_from(["x"].into_iter().chain(words.split_whitespace())).args
    }

    #[test]
    fn there_is_a_buyer_or_an_item_for_every_claim() {
        let size = |words: &str| args(words).size();
        assert_eq!(size("--rate 2000 --for 10"), Size { buyers: 20_000, items: 1, lines: 64 });
        assert_eq!(size("--rate 2000 --for 10 --items 4"), Size { buyers: 5_000, items: 4, lines: 64 });
        assert_eq!(size("--rate 2000 --for 10 --sales 40"), Size { buyers: 500, items: 1, lines: 64 });
        assert_eq!(size("--rate 2000 --for 10 --over socket"), Size { buyers: 2_000, items: 10, lines: 2_000 });
        assert_eq!(size("--rate 0 --claims 100000 --over socket"), Size { buyers: 5_000, items: 20, lines: 5_000 });
        assert_eq!(size("--rate 0 --kind sold-out"), Size { buyers: REFUSED_BUYERS, items: 1, lines: 64 });
        assert_eq!(size("--rate 0 --kind too-fast --over socket"), Size { buyers: 64, items: 1, lines: 64 });
    }

    #[test]
    fn a_run_is_named_after_how_it_was_asked_for() {
        assert_eq!(args("--rate 0 --kind sold-out").name(), "rush: sold-out claims over http, as fast as they go");
        assert_eq!(args("--rate 50 --over socket").name(), "rush: accepted claims over socket, 50 a second");
    }
}
