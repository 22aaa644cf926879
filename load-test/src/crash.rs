//! The crash: the server is killed again and again in the middle of a sale, and nobody may lose anything by it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use kit::clock::SeedChance;
use sale::verdict::{
    Observation,
    observe::{Fault, FaultKind},
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    buyer::{
        behaviour::CRASH,
        wait::{between, happens},
    },
    crowd::{Crowd, Rush, sign_up_all},
    limits,
    outcome::Outcome,
    progress::Progress,
    run::{self, Place, Run},
    scene::Scene,
    server::Server,
    staff::{Planned, Staff},
    stage,
};

const OPENS_IN: Duration = Duration::from_secs(11);
/// Long enough for every kill; staff close it after the last one.
const OPEN_FOR_EACH_KILL: Duration = Duration::from_secs(8);
/// A buyer may buy this often, so that the sale goes on.
const PURCHASE_LIMIT: u32 = 3;
const COMEBACKS: u32 = 60;
const RUSH: Rush = Rush { kinds: CRASH, within_ms: 2_500, late_within_ms: 10_000 };
/// A life of the server lasts this long, from ready to the kill.
const LIFE_MS: (u64, u64) = (100, 4_000);
/// One start in so many is killed before it is ready.
const UNREADY_PERCENT: u64 = 15;
const UNREADY_MS: u64 = 150;
/// After every so many kills staff bring more units.
const RESTOCK_EVERY: u32 = 5;
/// Beyond this nothing is waited for.
const CRASH_MAX: Duration = Duration::from_secs(420);

/// kill -9 in the middle of a sale, many times, then the verdict.
#[derive(Clone, Debug, Args)]
pub struct CrashArgs {
    #[command(flatten)]
    pub place: Place,
    /// How often the server is killed.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub kills: u32,
    /// Virtual buyers, one socket each.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub buyers: u32,
    /// Units on sale at first.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub units: u32,
    /// Seconds that a unit is held for.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub hold_s: u32,
    /// The same seed brings the same people and kills after the same times.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Plays the crash. Errors: something could not be done in time; an outcome with violations is no error.
pub async fn play(args: &CrashArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    limits::raise_open_files(args.buyers.into())?;
    let started = Instant::now();
    let told = tokio::time::timeout(CRASH_MAX, acts(args, run, bar)).await;
    let Ok(told) = told else { bail!("the crash run was not over after {} s", CRASH_MAX.as_secs()) };
    let (scene, server) = told?;
    run::note_usage(&scene, &server, args.buyers);
    server.stop().await?;
    Outcome::judge(run, &scene, started.elapsed(), MUST_HAPPEN).await
}

async fn acts(args: &CrashArgs, run: &Run, bar: &Progress) -> anyhow::Result<(Arc<Scene>, Server)> {
    let server = run.house.own()?.start_ready().await?;
    bar.act("signing up", args.buyers.into());
    let accounts = sign_up_all(run.house.target(), args.buyers, &run.name, args.seed, bar).await?;
    let mut staff = run.house.staff().await?;
    let facts = staff.plan(planned(args)).await?;
    let scene = Arc::new(Scene::new(run.house.target(), facts, &run.observations())?);
    bar.act("taking seats", args.buyers.into());
    let crowd = Crowd::enter(accounts, RUSH, args.seed, &scene);
    // The first kills come before the opening.
    run::until(scene.facts.opens_at + -2_000).await;
    bar.act("killing the server", args.kills.into());
    let server = kill_again_and_again(args, run, &scene, &mut staff, server, bar).await?;
    bar.act("closing", 0);
    staff.switch(scene.facts.sale_id, "close", json!({})).await?;
    stage::clear(run, &scene, &mut staff, crowd, Duration::ZERO, bar).await?;
    Ok((scene, server))
}

fn planned(args: &CrashArgs) -> Planned {
    Planned {
        units: args.units,
        standby: args.units * 2,
        hold_s: args.hold_s,
        purchase_limit: PURCHASE_LIMIT,
        opens_in: OPENS_IN,
        open_for: OPEN_FOR_EACH_KILL * args.kills + Duration::from_secs(60),
        comebacks: COMEBACKS,
    }
}

async fn kill_again_and_again(
    args: &CrashArgs,
    run: &Run,
    scene: &Scene,
    staff: &mut Staff,
    mut server: Server,
    bar: &Progress,
) -> anyhow::Result<Server> {
    let chance = SeedChance::new(args.seed ^ 0xC4A5);
    let mut kills = 0;
    while kills < args.kills {
        sleep(Duration::from_millis(between(&chance, LIFE_MS.0, LIFE_MS.1))).await;
        let from = scene.now();
        server.kill().await?;
        kills += 1;
        if kills < args.kills && happens(&chance, UNREADY_PERCENT) {
            let unready = run.house.own()?.start()?;
            sleep(Duration::from_millis(between(&chance, 0, UNREADY_MS))).await;
            unready.kill().await?;
            kills += 1;
        }
        server = run.house.own()?.start_ready().await.with_context(|| format!("after kill {kills}"))?;
        let healed_at = scene.now();
        scene.notebook.write(&Observation::Fault(Fault { from, healed_at, kind: FaultKind::Death }));
        scene.counts.add("kills survived");
        bar.at(kills.into());
        if kills % RESTOCK_EVERY == 0 {
            bar.say(&format!("{kills} kills; last restart took {} ms", healed_at - from));
            restock(args, scene, staff).await?;
        }
    }
    Ok(server)
}

async fn restock(args: &CrashArgs, scene: &Scene, staff: &mut Staff) -> anyhow::Result<()> {
    let units = (args.units / 10).max(1);
    let body = json!({"sale_item_id": scene.facts.item_id, "units": units});
    staff.switch(scene.facts.sale_id, "restock", body).await.map(drop)
}

/// A crash run in which one of these never happens proves nothing.
const MUST_HAPPEN: &[&str] = &[
    "became held",
    "became standby",
    "became paid",
    "became expired",
    "became withdrawn",
    "answers lost",
    "checkout: 201",
    "kills survived",
];
