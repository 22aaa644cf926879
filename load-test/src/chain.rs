//! The chain: claims at a rate on held sockets, and in the middle of them buyers who pay and get their mail; how long each
//! link takes.

use std::{
    collections::HashMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use clap::Args;
use futures_util::{StreamExt, stream};
use kit::clock::SystemClock;
use sale::{ids::OrderId, port::clock::Clock};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    buyer::{account::Account, diary::Diary},
    crowd::sign_up_all,
    house::House,
    measured::{Files, Report},
    outcome::Outcome,
    progress::Progress,
    run::{Place, Run},
    rush::{
        Drive, OPENS_IN, Timetable,
        sale::{ITEMS_MAX, Offer},
        script::{Over, Script, mint},
        stage::{self, Stage},
        tally::Waits,
        till::{self, Bought},
    },
    verdict::letters,
};

const OPEN_FOR: Duration = Duration::from_secs(600);
const LINGER: Duration = Duration::from_secs(20);
const HOLD_SPARE_S: u32 = 12;
/// Payers at one time; more are never on their way at the rates that are asked for.
const PAYERS_AT_ONCE: usize = 256;
/// The last letters are waited for so long.
const MAIL_WAIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// From the receipt to the mail, link by link, at a constant rate of claims.
#[derive(Clone, Debug, Args)]
pub struct ChainArgs {
    #[command(flatten)]
    pub place: Place,
    /// Claims a second, whatever becomes of them.
    #[arg(long, default_value_t = 2_000.0)]
    pub rate: f64,
    /// Seconds.
    #[arg(long = "for", value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub for_s: u32,
    /// Sockets held, each with a buyer who claims one item after the other.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub sockets: u32,
    /// Buyers with an account who also pay, evenly over the time.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub payers: u32,
    #[command(flatten)]
    pub files: Files,
}

pub async fn play(args: &ChainArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    let claims = (args.rate * f64::from(args.for_s)).ceil() as usize;
    let sockets = (args.sockets as usize).max(claims.div_ceil(ITEMS_MAX));
    let offer = Offer {
        items: claims.div_ceil(sockets).clamp(1, ITEMS_MAX),
        units: sockets as u32 + args.payers,
        standby: 0,
        hold_s: args.for_s + HOLD_SPARE_S,
        opens_in: OPENS_IN,
        open_for: OPEN_FOR,
        asks: false,
    };
    let mut stage = Stage::open(run, bar, &offer).await?;
    bar.act("signing up", args.payers.into());
    let payers = sign_up_all(stage.house.target(), args.payers, &run.name, 1, bar).await?;
    let script = Script {
        over: Over::Socket,
        host: stage.house.target().to_string(),
        items: stage.items(),
        buyers: mint(&stage.keys, sockets, SystemClock.now()),
        again: false,
        answer: None,
        side_by_side: false,
    };
    let lines = stage.lines(&script, sockets).await?;
    stage.opening().await;
    let timetable = Timetable::new(args.rate, Duration::from_secs(args.for_s.into()), script.most());
    let drive = Drive { script, timetable, until_decided: false, comes_back: false, linger: LINGER, to_the_end: false };
    let meter = stage.meter().await?;
    let (driven, bought) = tokio::join!(stage::drive(drive, lines, bar), pay_all(&stage, payers, args.for_s));
    let (tally, script) = driven?;
    // A payer who was turned away to the end has no claim.
    let paid_for = bought.iter().flatten().count() as u64;
    stage.decided(tally.accepted() + paid_for).await?;
    let mut report = Report::new(format!("chain: {} claims a second", args.rate), stage.house.kind());
    stage::tell(&mut report, &tally);
    let (mut results, mut checkouts) = (Waits::default(), Waits::default());
    let mut failed = vec![];
    let mut orders = vec![];
    for one in bought {
        match one {
            Ok(bought) => {
                results.note(bought.receipt_to_result);
                checkouts.note(bought.checkout);
                orders.push(bought);
            }
            Err(error) => failed.push(format!("a payer could not buy: {error:#}")),
        }
    }
    report.wait("payer: receipt -> result", results.all());
    report.wait("checkout -> answer", checkouts.all());
    report.wait("answer -> mail", mails(&stage.house, &orders, bar).await?.all());
    report.processes = meter.stop();
    let mut outcome = stage.end(tally, &script, &["accepted"], report, &args.files).await?;
    outcome.wrong.extend(failed);
    Ok(outcome)
}

/// Everybody who pays, each at their own moment.
async fn pay_all(stage: &Stage<'_>, payers: Vec<Account>, for_s: u32) -> Vec<anyhow::Result<Bought>> {
    let begun = Instant::now();
    let gap = Duration::from_secs(for_s.into()) / u32::try_from(payers.len()).unwrap_or(u32::MAX).max(1);
    stream::iter(payers.iter().zip(0u32..))
        .map(|(account, n)| async move {
            sleep_until(begun + gap * n).await;
            let diary = Diary { buyer_id: account.user_id, scene: stage.scene.clone() };
            let item = stage.sale.items.first().context("a sale without items")?;
            till::buy(account, &diary, *item).await
        })
        .buffer_unordered(PAYERS_AT_ONCE)
        .collect()
        .await
}

/// From each order's answer to the letter in the postbox; waits for the last of them. A letter may be the first to arrive.
async fn mails(house: &House, orders: &[Bought], bar: &Progress) -> anyhow::Result<Waits> {
    bar.act("waiting for mails", orders.len() as u64);
    let folder: PathBuf = house.papers()?.letters;
    let give_up = Instant::now() + MAIL_WAIT;
    loop {
        let seen: HashMap<OrderId, SystemTime> = letters::arrived(&folder)?;
        let there = orders.iter().filter(|order| seen.contains_key(&order.order_id)).count();
        bar.at(there as u64);
        if there < orders.len() && Instant::now() < give_up {
            sleep(LOOK_EVERY).await;
            continue;
        }
        let mut waits = Waits::default();
        for order in orders {
            if let Some(at) = seen.get(&order.order_id) {
                waits.note(at.duration_since(order.at).unwrap_or_default());
            }
        }
        return Ok(waits);
    }
}
