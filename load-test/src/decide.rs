//! Decide: claims laid straight on the queue, past every door, and how fast they are decided and committed.
//!
//! Nobody has a receipt and nobody listens: what is left is the way from the queue to the commit and the announcement of it. The
//! journal's own rows say when each claim was decided.

use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use kit::clock::SystemClock;
use sale::{
    claim::{Claim, Command},
    ids::{SaleItemId, UserId},
    port::{clock::Clock, queue::Message},
    time::UnixMs,
};

use crate::{
    measured::{Files, Metered, Report, Series},
    outcome::Outcome,
    progress::Progress,
    run::{Place, Run},
    rush::{
        OPENS_IN,
        sale::Offer,
        script::{Over, Script, somebody},
        stage::Stage,
        tally::{Tally, Ticks},
    },
};

const OPEN_FOR: Duration = Duration::from_secs(600);
const DECIDED: &str = "decided";

/// Claims laid straight on the queue; what is decided a second, in which batches, and what that costs; and the verdict.
#[derive(Clone, Debug, Args)]
pub struct DecideArgs {
    #[command(flatten)]
    pub place: Place,
    /// Claims, each of another buyer for each item.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(2..=200_000))]
    pub claims: u32,
    /// Items of each sale.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub items: u32,
    /// Sales that are open at the same time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub sales: u32,
    /// Claims in one message: doors in a rush gather up to 256.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub message: u32,
    /// Seconds that a unit is held for: longer than the deciding takes, or holds end in the middle of it.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub hold_s: u32,
    #[command(flatten)]
    pub files: Files,
}

impl DecideArgs {
    fn buyers(&self) -> u32 {
        self.claims.div_ceil(self.items * self.sales).max(1)
    }

    fn name(&self) -> String {
        let (claims, message) = (self.claims, self.message);
        format!("decide: {claims} claims laid on the queue, {message} a message, {} items", self.items * self.sales)
    }
}

pub async fn play(args: &DecideArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    let offer = Offer {
        items: args.items as usize,
        units: args.buyers(),
        standby: 0,
        hold_s: args.hold_s,
        opens_in: OPENS_IN,
        open_for: OPEN_FOR,
        asks: false,
    };
    let mut stage = Stage::open_many(run, bar, &offer, args.sales).await?;
    let items = stage.items();
    stage.opening().await;
    let messages = messages(&items, args, SystemClock.now());
    let laid: usize = messages.iter().map(|message| message.commands.len()).sum();
    let meter = stage.meter().await?;
    bar.act("laying claims on the queue", laid as u64);
    let still = stage.house.hold_counters()?;
    stage.house.lay(messages).await?;
    let laid_us = meter.cpu_us();
    drop(still);
    stage.decided(laid as u64).await?;
    let (cpu_us, processes, counted) = (meter.cpu_us(), meter.stop(), stage.counted().await?);
    let decided = Decided::read(&stage.house.papers()?.journal.open().await?, &items).await?;
    ensure!(decided.at.len() == laid, "{} of {laid} claims have a row", decided.at.len());
    let mut report = Report::new(args.name(), stage.house.kind());
    report.seconds = decided.seconds();
    report.figure("decided a second", decided.per_s());
    report.figure("commands a batch", counted.commands() / counted.batches().max(1.0));
    report.figure("batches", counted.batches());
    report.figure("CPU us a claim, everything", cpu_us / laid as f64);
    report.figure("of it for laying them on the queue", laid_us / laid as f64);
    report.figure("processors in use", (cpu_us - laid_us) / 1e6 / decided.seconds().max(1e-3));
    report.rates.push(Series { name: DECIDED.into(), points: decided.curve() });
    used(&mut report, processes, laid as f64);
    let mut tally = Tally::default();
    tally.outcomes.insert(DECIDED.into(), laid as u64);
    let nobody = Script {
        over: Over::Http,
        host: String::new(),
        items,
        buyers: vec![],
        again: false,
        answer: None,
        side_by_side: false,
    };
    stage.end(tally, &nobody, &[DECIDED], report, &args.files).await
}

/// What each process took for a claim.
fn used(report: &mut Report, processes: Vec<Metered>, claims: f64) {
    for one in &processes {
        report.figure(&format!("CPU us a claim, {}", one.name), one.cpu_us / claims);
    }
    report.processes = processes;
}

/// So many claims for each item as there are buyers, in messages of one item; the items take turns.
fn messages(items: &[SaleItemId], args: &DecideArgs, now: UnixMs) -> Vec<Message> {
    let buyers: Vec<UserId> = (0..args.buyers()).map(|_| somebody()).collect();
    let message = |item: SaleItemId, some: &[UserId]| {
        let claims = some.iter().map(|buyer| Command::Claim(Claim::new(item, *buyer, 1, 1, now)));
        Message::new(item, claims.collect())
    };
    buyers.chunks(args.message as usize).flat_map(|some| items.iter().map(move |item| message(*item, some))).collect()
}

/// When each claim was decided, by the journal's clock, in order.
struct Decided {
    at: Vec<UnixMs>,
}

impl Decided {
    async fn read(journal: &journal::Journal, items: &[SaleItemId]) -> anyhow::Result<Self> {
        let record = journal.record().await.context("cannot read the journal");
        journal.close().await;
        let claims = record?.claims.into_iter().filter(|claim| items.contains(&claim.sale_item_id));
        let mut at: Vec<UnixMs> = claims.map(|claim| claim.decided_at).collect();
        at.sort_unstable();
        Ok(Self { at })
    }

    /// From the first to the last.
    fn seconds(&self) -> f64 {
        let ends = self.at.first().zip(self.at.last());
        ends.map_or(0.0, |(first, last)| (*last - *first) as f64 / 1e3)
    }

    fn per_s(&self) -> f64 {
        self.at.len() as f64 / self.seconds().max(1e-3)
    }

    fn curve(&self) -> Vec<(f64, f64)> {
        let mut ticks = Ticks::default();
        if let Some(first) = self.at.first() {
            self.at.iter().for_each(|at| ticks.note(Duration::from_millis((*at - *first).unsigned_abs())));
        }
        ticks.per_s()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::collections::HashSet;
    use uuid::Uuid;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: DecideArgs,
    }

    #[test]
    fn everybody_claims_everything_once_and_a_message_is_of_one_item() {
        let args = Cli::parse_from(["x", "--claims", "1000", "--items", "2", "--message", "64"]).args;
        let items = [1, 2].map(|n| SaleItemId(Uuid::from_u128(n)));
        let messages = messages(&items, &args, UnixMs(5));
        assert_eq!(messages.len(), 16);
        let claims: HashSet<_> = messages
            .iter()
            .flat_map(|message| message.commands.iter().map(move |command| (message.sale_item_id, command.claim())))
            .map(|(item, claim)| {
                assert_eq!(item, claim.sale_item_id);
                claim.id
            })
            .collect();
        assert_eq!(claims.len(), 1000);
    }

    #[test]
    fn the_rate_is_that_between_the_first_and_the_last_decision() {
        let decided = Decided { at: [1_000, 1_050, 1_100, 3_000].map(UnixMs).into() };
        assert_eq!((decided.seconds(), decided.per_s()), (2.0, 2.0));
        assert_eq!(decided.curve()[0].1, 20.0);
    }
}
