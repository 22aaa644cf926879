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

pub use self::{drive::Drive, timetable::Timetable};
use self::{
    sale::{ITEMS_MAX, Offer},
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
                Size { buyers: self.claims().div_ceil(items).max(1), items, lines: self.lines.unwrap_or(64) }
            }
            (Over::Http, _) => Size { buyers: REFUSED_BUYERS, items: 1, lines: self.lines.unwrap_or(64) },
            (Over::Socket, Kind::Accepted) => {
                let least = self.claims().div_ceil(ITEMS_MAX).max(1);
                let lines = self.lines.unwrap_or(2_000).max(least);
                Size { buyers: lines, items: self.claims().div_ceil(lines).clamp(items, ITEMS_MAX), lines }
            }
            (Over::Socket, _) => {
                let lines = self.lines.unwrap_or(REFUSED_BUYERS);
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
        format!("rush: {kind} claims over {over}, {rate}")
    }

    fn offer(&self, size: Size) -> Offer {
        let open = |units| Offer {
            items: size.items,
            units,
            standby: 0,
            hold_s: self.for_s + HOLD_SPARE_S,
            opens_in: OPENS_IN,
            open_for: OPEN_FOR,
        };
        match self.kind {
            Kind::Accepted => open(size.buyers as u32),
            Kind::SoldOut => open(1),
            // That hold must outlive the run, and its end is waited for.
            Kind::AllHeld => open(1),
            Kind::NotOpen => Offer { opens_in: Duration::from_secs(u64::from(self.for_s) + 20), ..open(1) },
        }
    }
}

/// Plays it. Errors: something could not be done; an outcome with violations is no error.
pub async fn play(args: &RushArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    ensure!(args.rate >= 0.0 && args.rate.is_finite(), "a rate is a number of claims a second");
    let size = args.size();
    match args.against {
        Against::Axum => peer::play(args, size.lines, bar).await,
        Against::Ours => ours(args, size, run, bar).await,
    }
}

async fn ours(args: &RushArgs, size: Size, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    let mut stage = Stage::open(run, bar, &args.offer(size)).await?;
    let script = Script {
        over: args.over,
        host: stage.house.target().to_string(),
        items: stage.sale.items.clone(),
        buyers: mint(&stage.keys, size.buyers, SystemClock.now()),
        again: args.kind != Kind::Accepted,
    };
    let lines = stage.lines(&script, size.lines).await?;
    if args.kind != Kind::NotOpen {
        stage.opening().await;
    }
    first_unit(args.kind, &stage).await?;
    let drive = Drive {
        timetable: args.timetable(script.most()),
        script,
        until_decided: args.until_decided,
        linger: LINGER,
        to_the_end: false,
    };
    let meter = stage.meter()?;
    let (tally, script) = stage::drive(drive, lines, bar).await?;
    let mut report = Report::new(args.name(), stage.house.kind());
    stage::tell(&mut report, &tally);
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
    let must = match args.kind {
        Kind::Accepted => drive::ACCEPTED,
        Kind::SoldOut => "sold_out",
        Kind::AllHeld => "all_held",
        Kind::NotOpen => "not_open",
    };
    stage.end(tally, &script, &[must], report, &args.files).await
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

/// Where everybody is to be refused, the one unit goes to somebody first.
async fn first_unit(kind: Kind, stage: &Stage<'_>) -> anyhow::Result<()> {
    if !matches!(kind, Kind::SoldOut | Kind::AllHeld) {
        return Ok(());
    }
    let mut http = Http::new(address::of_buyer(0), stage.house.target());
    let account = sign_up(&mut http, &stage.run.name, 0, &kit::clock::OsChance).await?;
    let diary = Diary { buyer_id: account.user_id, scene: stage.scene.clone() };
    let Some(item) = stage.sale.items.first() else { bail!("a sale without items") };
    match kind {
        Kind::SoldOut => till::buy(&account, &diary, *item).await.map(drop)?,
        _ => till::hold(&account, &diary, *item).await.map(drop)?,
    }
    // The gates are told over the bus.
    tokio::time::sleep(Duration::from_secs(1)).await;
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
        assert_eq!(size("--rate 2000 --for 10 --over socket"), Size { buyers: 2_000, items: 10, lines: 2_000 });
        assert_eq!(size("--rate 0 --claims 100000 --over socket"), Size { buyers: 5_000, items: 20, lines: 5_000 });
        assert_eq!(size("--rate 0 --kind sold-out"), Size { buyers: REFUSED_BUYERS, items: 1, lines: 64 });
    }

    #[test]
    fn a_run_is_named_after_how_it_was_asked_for() {
        assert_eq!(args("--rate 0 --kind sold-out").name(), "rush: sold-out claims over http, as fast as they go");
        assert_eq!(args("--rate 50 --over socket").name(), "rush: accepted claims over socket, 50 a second");
    }
}
