//! The fault: a sale in a full stack while somebody breaks its servers, and what became of it.

mod marks;
mod picture;
mod told;

use std::{fs::OpenOptions, io::Write, os::unix::process::parent_id, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use sale::{
    time::UnixMs,
    verdict::{
        Observation,
        observe::{Fault, FaultKind},
    },
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    buyer::behaviour::{self, Behaviour},
    crowd::{Crowd, Rush, sign_up_all},
    limits,
    outcome::Outcome,
    progress::Progress,
    run::{self, Place, Run},
    scene::Scene,
    staff::{Planned, Staff},
    stage,
};
use marks::{Mark, Span};

const OPENS_IN: Duration = Duration::from_secs(11);
/// A crowd of so many sits down in one second.
const SEATS_PER_S: u32 = 250;
/// Staff close the sale when the last fault is over; this is only the plan.
const OPEN_FOR: Duration = Duration::from_secs(3_600);
/// A buyer may buy this often, so that the sale goes on.
const PURCHASE_LIMIT: u32 = 20;
const COMEBACKS: u32 = 100_000;
const WITHIN_MS: u64 = 2_000;
const LATE_WITHIN_MS: u64 = 10_000;
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Beside the faults themselves: sitting down, the end of the last holds, the last letters.
const SPARE: Duration = Duration::from_secs(300);

/// A sale in a stack whose servers are being broken; the verdict, a report and a picture.
#[derive(Clone, Debug, Args)]
pub struct FaultArgs {
    #[command(flatten)]
    pub place: Place,
    /// What is being done to the stack, for the report.
    #[arg(long, default_value = "faults")]
    pub name: String,
    /// Virtual buyers, one socket each.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub buyers: u32,
    /// Units on sale at first.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub units: u32,
    /// Seconds that a unit is held for.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub hold_s: u32,
    /// Who comes.
    #[arg(long, value_enum, default_value_t = Who::Shoppers)]
    pub crowd: Who,
    /// The last fault must be over this many seconds after the opening.
    #[arg(long, default_value_t = 600)]
    pub over_within_s: u64,
    /// The same seed brings the same people.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// The people of a fault run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Who {
    /// Those who buy, decline, withdraw and let expire.
    Shoppers,
    /// Nobody pays: a unit comes back again and again, and staff bring no more.
    Hesitant,
    /// Everybody pays, with cards of every kind.
    Payers,
}

impl Who {
    fn kinds(self) -> &'static [(Behaviour, u64)] {
        match self {
            Self::Shoppers => behaviour::CRASH,
            Self::Hesitant => behaviour::HESITANT,
            Self::Payers => behaviour::PAYERS,
        }
    }

    /// Few units need many who wait, so that somebody always does.
    fn standby_for_a_unit(self) -> u32 {
        if self == Self::Hesitant { 20 } else { 2 }
    }

    /// Without which the run proves nothing.
    fn must_happen(self) -> &'static [&'static str] {
        match self {
            Self::Shoppers => &["became held", "became standby", "became paid", "became expired", "checkout: 201"],
            Self::Hesitant => &["became held", "became standby", "became expired", "became withdrawn"],
            Self::Payers => &["became held", "became paid", "checkout: 201", "checkout: 402 payment_declined"],
        }
    }
}

/// Plays the sale until the marks say that it is over. Errors: something could not be done in time.
pub async fn play(args: &FaultArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    limits::raise_open_files(args.buyers.into())?;
    let started = Instant::now();
    let _doors = run.house.open().await?;
    let most = Duration::from_secs(args.over_within_s) + SPARE;
    let Ok(told) = tokio::time::timeout(most, acts(args, run, bar)).await else {
        bail!("the run was not over after {} s", most.as_secs())
    };
    let (scene, marks) = told?;
    let spans = marks::spans(&marks, scene.now());
    // How fast a sale is while all is well, the story shows: the few claims before the first fault say too little of it.
    let opening = Fault { from: scene.facts.opens_at, healed_at: scene.facts.opens_at, kind: FaultKind::Other };
    scene.notebook.write(&Observation::Fault(opening));
    for span in &spans {
        scene.notebook.write(&Observation::Fault(span.fault()));
    }
    let mut outcome = Outcome::judge(run, &scene, started.elapsed(), args.crowd.must_happen()).await?;
    told::tell(args, run, &scene, &marks, &spans, &mut outcome)?;
    Ok(outcome)
}

async fn acts(args: &FaultArgs, run: &Run, bar: &Progress) -> anyhow::Result<(Arc<Scene>, Vec<Mark>)> {
    bar.act("signing up", args.buyers.into());
    let accounts = sign_up_all(run.house.target(), args.buyers, &run.name, args.seed, bar).await?;
    let mut staff = run.house.staff().await?;
    let facts = staff.plan(planned(args)).await?;
    let scene = Arc::new(Scene::new(run.house.target(), facts, &run.observations())?);
    bar.act("taking seats", args.buyers.into());
    let rush = Rush { kinds: args.crowd.kinds(), within_ms: WITHIN_MS, late_within_ms: LATE_WITHIN_MS };
    let crowd = Crowd::enter(accounts, rush, args.seed, &scene);
    run::until(scene.facts.opens_at).await;
    bar.act("open", 0);
    note(run, json!({"act": "open", "at": scene.facts.opens_at}))?;
    let marks = until_over(args, run, &scene, &mut staff, bar).await?;
    bar.act("closing", 0);
    staff.switch(scene.facts.sale_id, "close", json!({})).await?;
    note(run, json!({"act": "closed", "at": scene.now()}))?;
    stage::clear(run, &scene, &mut staff, crowd, Duration::ZERO, bar).await?;
    Ok((scene, marks))
}

fn planned(args: &FaultArgs) -> Planned {
    let seating = Duration::from_secs((args.buyers / SEATS_PER_S).into());
    Planned {
        units: args.units,
        standby: args.units * args.crowd.standby_for_a_unit(),
        hold_s: args.hold_s,
        // No limit may be above what there is at first.
        purchase_limit: PURCHASE_LIMIT.min(args.units),
        opens_in: OPENS_IN + seating,
        open_for: OPEN_FOR,
        comebacks: COMEBACKS,
    }
}

/// Keeps the sale going until no more faults come. Errors: they never end.
async fn until_over(
    args: &FaultArgs,
    run: &Run,
    scene: &Scene,
    staff: &mut Staff,
    bar: &Progress,
) -> anyhow::Result<Vec<Mark>> {
    let restocks = async {
        loop {
            restock(args, scene, staff, bar).await;
            sleep(LOOK_EVERY * 4).await;
        }
    };
    // Whoever breaks the servers has started us, and if they are gone nobody will say that it is over.
    let breaker = parent_id();
    let over = async {
        let give_up = Instant::now() + Duration::from_secs(args.over_within_s);
        loop {
            let marks = marks::read(&run.folder.join(MARKS))?;
            if marks::are_over(&marks) {
                return Ok(marks);
            }
            if parent_id() != breaker {
                bail!("whoever broke the servers is gone");
            }
            if Instant::now() > give_up {
                bail!("the faults were not over {} s after the opening", args.over_within_s);
            }
            sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        marks = over => marks,
        () = restocks => unreachable!("staff bring units for ever"),
    }
}

/// Brings more units before the last is paid. What staff cannot do while a server is down, they do later.
async fn restock(args: &FaultArgs, scene: &Scene, staff: &mut Staff, bar: &Progress) {
    let sale = scene.facts.sale_id;
    let Ok(live) = staff.live(sale).await else { return };
    bar.note(&run::figures(&live));
    let free: u32 = live.items.iter().map(|item| item.allotment.saturating_sub(item.paid)).sum();
    if args.crowd == Who::Hesitant || free > args.units / 2 {
        return;
    }
    let units = (args.units / 2).max(1);
    let body = json!({"sale_item_id": scene.facts.item_id, "units": units});
    if staff.switch(sale, "restock", body).await.is_ok() {
        scene.counts.add("restocks");
    }
}

/// Where the breaker of things writes, in the run's folder.
const MARKS: &str = "marks.jsonl";
/// Where it reads what we do.
const TIMELINE: &str = "timeline.jsonl";

fn note(run: &Run, line: serde_json::Value) -> anyhow::Result<()> {
    let file = run.folder.join(TIMELINE);
    let context = || format!("cannot write {}", file.display());
    let mut file = OpenOptions::new().create(true).append(true).open(&file).with_context(context)?;
    writeln!(file, "{line}").with_context(context)
}

/// How it went on after one fault.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
struct Return {
    n: u32,
    what: String,
    at: UnixMs,
    healed_ms: i64,
    /// From the fault, or from its healing, to the first decision of a claim made since; `None` where none came.
    back_ms: Option<i64>,
    back_within_ms: i64,
    /// Until it was healed an answer to a claim by HTTP took so long at most ...
    slowest_answer_ms: Option<i64>,
    /// ... and was allowed so long; `None` where that is not this fault's question.
    answers_within_ms: Option<i64>,
}

impl Return {
    fn of(span: &Span, tenths: &[crate::pulse::Tenth]) -> Self {
        let back = crate::pulse::first_decision(tenths, span.counted_from);
        Self {
            n: span.n,
            what: span.what.clone(),
            at: span.from,
            healed_ms: span.healed_at - span.from,
            back_ms: back.map(|at| at - span.counted_from),
            back_within_ms: span.back_within_ms,
            slowest_answer_ms: crate::pulse::slowest_answer(tenths, span.from, span.healed_at),
            answers_within_ms: span.answers_within_ms,
        }
    }

    fn is_late(&self) -> bool {
        self.back_ms.is_none_or(|ms| ms > self.back_within_ms)
    }

    /// Somebody was left waiting. Where nobody asked at all, nothing was shown.
    fn left_waiting(&self) -> Option<String> {
        let allowed = self.answers_within_ms?;
        match self.slowest_answer_ms {
            Some(ms) if ms <= allowed => None,
            Some(ms) => {
                Some(format!("during {}: a claim was answered after {ms} ms, {allowed} ms are allowed", self.what))
            }
            None => Some(format!("during {}: nobody claimed", self.what)),
        }
    }
}
