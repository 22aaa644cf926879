//! The story: one sale from the waiting room to the last mail, with everything that people and staff do in between.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use clap::Args;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    buyer::behaviour::STORY,
    crowd::{Crowd, Rush, sign_up_all},
    outcome::Outcome,
    progress::Progress,
    run::{self, Place, Run},
    scene::Scene,
    staff::{Planned, Staff},
    stage,
};

/// No opening may be nearer than ten seconds; this much more for everybody to sit down.
const OPENS_IN: Duration = Duration::from_secs(12);
/// A crowd of so many sits down in one second.
const SEATS_PER_S: u32 = 250;
const OPEN_FOR: Duration = Duration::from_secs(35);
const EXTEND_BY: Duration = Duration::from_secs(5);
/// Comings back of one buyer.
const COMEBACKS: u32 = 4;
const RUSH: Rush = Rush { kinds: STORY, within_ms: 1_200, late_within_ms: 20_000 };
/// Beyond this nothing is waited for.
const STORY_MAX: Duration = Duration::from_secs(300);

/// A whole sale against the real server, or a full stack, then the verdict.
#[derive(Clone, Debug, Args)]
pub struct StoryArgs {
    #[command(flatten)]
    pub place: Place,
    /// Virtual buyers, one socket each.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub buyers: u32,
    /// Units on sale.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub units: u32,
    /// Seconds that a unit is held for.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub hold_s: u32,
    /// The same seed brings the same people with the same intentions.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Plays the story. Errors: something could not be done in time; an outcome with violations is no error.
pub async fn play(args: &StoryArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let scene = stage::play(run, args.buyers, STORY_MAX, acts(args, run, bar)).await?;
    Outcome::judge(run, &scene, started.elapsed(), MUST_HAPPEN).await
}

async fn acts(args: &StoryArgs, run: &Run, bar: &Progress) -> anyhow::Result<Arc<Scene>> {
    bar.act("signing up", args.buyers.into());
    let accounts = sign_up_all(run.house.target(), args.buyers, &run.name, args.seed, bar).await?;
    let mut staff = run.house.staff().await?;
    let facts = staff.plan(planned(args)).await?;
    let scene = Arc::new(Scene::new(run.house.target(), facts, &run.observations())?);
    bar.act("taking seats", args.buyers.into());
    let crowd = Crowd::enter(accounts, RUSH, args.seed, &scene);
    let seated = crowd.seated(&scene, scene.facts.opens_at + -500, bar).await;
    ensure!(seated >= args.buyers.into(), "only {seated} of {} sockets were held before the opening", args.buyers);
    bar.act("waiting for the opening", 0);
    run::until(scene.facts.opens_at).await;
    bar.act("open", 0);
    staff_acts(&mut staff, &scene, args, bar).await?;
    let closes_in =
        stage::sold_out_or_closed(&mut staff, scene.facts.sale_id, OPEN_FOR + EXTEND_BY, bar).await?.min(OPEN_FOR);
    stage::clear(run, &scene, &mut staff, crowd, closes_in, bar).await?;
    Ok(scene)
}

fn planned(args: &StoryArgs) -> Planned {
    let seating = Duration::from_secs((args.buyers / SEATS_PER_S).into());
    Planned {
        units: args.units,
        standby: args.units * 2,
        hold_s: args.hold_s,
        purchase_limit: 1,
        opens_in: OPENS_IN + seating,
        open_for: OPEN_FOR,
        comebacks: COMEBACKS,
    }
}

/// What staff do in the middle, each at its moment after the opening.
async fn staff_acts(staff: &mut Staff, scene: &Scene, args: &StoryArgs, bar: &Progress) -> anyhow::Result<()> {
    let (sale, opens_at) = (scene.facts.sale_id, scene.facts.opens_at);
    run::until(opens_at.plus_s(4)).await;
    bar.say("paused");
    staff.switch(sale, "pause", json!({})).await?;
    run::until(opens_at.plus_s(7)).await;
    bar.say("resumed");
    staff.switch(sale, "resume", json!({})).await?;
    run::until(opens_at.plus_s(10)).await;
    let units = (args.units / 5).max(1);
    bar.say(&format!("{units} units more"));
    staff.switch(sale, "restock", json!({"sale_item_id": scene.facts.item_id, "units": units})).await?;
    run::until(opens_at.plus_s(13)).await;
    bar.say("extended");
    staff.extend(sale, EXTEND_BY).await
}

/// A story in which one of these never happens proves nothing.
const MUST_HAPPEN: &[&str] = &[
    "became held",
    "became standby",
    "became paid",
    "became expired",
    "became withdrawn",
    "door: all_held",
    "door: not_open",
    "checkout: 201",
    "checkout: 402 payment_declined",
    "notice paused",
    "notice resumed",
];
