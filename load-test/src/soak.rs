//! The soak: sale after sale on one server, while a crowd of idle sockets comes and goes: what it takes of the machine must
//! not grow, and no law may be broken.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    buyer::behaviour::STORY,
    crowd::{Crowd, Rush, sign_up_all},
    limits,
    outcome::Outcome,
    progress::Progress,
    run::{self, Place, Run},
    scene::{SaleFacts, Scene, value},
    sockets::{ClientArgs, Crew, Order, look::Look},
    staff::{Planned, Staff},
    stage,
};

const OPENS_IN: Duration = Duration::from_secs(11);
/// A sale is closed by staff when it is sold out, and by this at the latest.
const OPEN_FOR: Duration = Duration::from_secs(40);
const RUSH: Rush = Rush { kinds: STORY, within_ms: 1_200, late_within_ms: 10_000 };
const COMEBACKS: u32 = 3;
/// Growth from the second quarter of the run to its last that counts as none.
const GROWTH_MAX_PERCENT: u64 = 5;
const GROWTH_MAX_KIB: u64 = 2 * 1024;
/// Fewer looks say nothing of a growth.
const LOOKS_MIN: usize = 8;

/// Sales one after the other and sockets that come and go, for as long as you like; then the verdict, and whether memory grew.
#[derive(Clone, Debug, Args)]
pub struct SoakArgs {
    #[command(flatten)]
    pub place: Place,
    /// Minutes; the last sale is played to its end.
    #[arg(long, default_value_t = 30)]
    pub minutes: u64,
    /// New buyers in each sale.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..))]
    pub buyers: u32,
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub units: u32,
    /// Idle sockets beside them.
    #[arg(long, default_value_t = 3_000)]
    pub idle: usize,
    /// So many of them hang up and come back each second.
    #[arg(long, default_value_t = 100)]
    pub churn_per_s: u32,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What the server took, one look after each sale.
struct Diary {
    pid: u32,
    looks: Vec<Look>,
}

/// Errors: something could not be done in time; an outcome with violations is no error.
pub async fn play(args: &SoakArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    limits::raise_open_files(args.buyers.into())?;
    let started = Instant::now();
    let mut plan = run.house.own()?.clone();
    plan.env = vec![
        ("MIAOSHA_PUBLISHER__PUSH__SOCKETS_PER_ADDRESS".into(), "2000".into()),
        // Reached in the first quarter, so that what grows later is not this: the journal's file grows with every sale.
        ("MIAOSHA_EMBEDDED__JOURNAL_CACHE".into(), "2MiB".into()),
        // Each sale's buyers come from the addresses of those before.
        ("MIAOSHA_GENERAL__LIMITS__SIGN_UP_PER_ADDRESS".into(), "1000/1h".into()),
    ];
    let mut server = plan.start_ready().await?;
    let pid = server.pid().context("the server is gone")?;
    let mut diary = Diary { pid, looks: vec![] };
    let scenes = tokio::select! {
        scenes = sales(args, run, &mut diary, bar) => scenes?,
        ended = server.ended() => bail!("the server ended in the middle: {}", ended?),
    };
    let last = scenes.last().context("no sale was held")?;
    run::note_usage(last, &server, args.buyers + args.idle as u32);
    server.stop().await?;
    let mut outcome = Outcome::judge_all(run, &scenes, started.elapsed(), &["became held", "became paid"]).await?;
    outcome.report.push_str(&diary.told());
    outcome.wrong.extend(diary.growth());
    Ok(outcome)
}

async fn sales(args: &SoakArgs, run: &Run, diary: &mut Diary, bar: &Progress) -> anyhow::Result<Vec<Arc<Scene>>> {
    let until = Instant::now() + Duration::from_secs(args.minutes * 60);
    let (mut scenes, mut crew) = (vec![], None);
    while scenes.is_empty() || Instant::now() < until {
        let number = scenes.len() as u32 + 1;
        let left = until.saturating_duration_since(Instant::now()).as_secs() / 60;
        bar.act(&format!("sale {number}, {left} minutes left"), 0);
        // Anew for each: a session does not last as long as a soak.
        let mut staff = run.house.staff().await?;
        let facts = staff.plan(planned(args)).await?;
        if crew.is_none() {
            crew = Some(idle(args, run, &facts, bar).await?);
        }
        let part = run.part(number)?;
        let scene = Arc::new(Scene::new(run.house.target(), facts, &part.observations())?);
        sale(args, &part, &scene, &mut staff, number, bar).await?;
        scenes.push(scene);
        diary.look()?;
    }
    let tally = crew.context("nobody was idle")?.order(Order::Tally).await?;
    let last = scenes.last().context("no sale was held")?;
    last.counts.set("idle sockets came and went", tally.churned);
    // Their own hanging up is not counted here.
    ensure!(tally.lost == 0, "the server cut {} idle sockets", tally.lost);
    Ok(scenes)
}

fn planned(args: &SoakArgs) -> Planned {
    Planned {
        units: args.units,
        standby: args.units,
        hold_s: 3,
        purchase_limit: 1,
        opens_in: OPENS_IN,
        open_for: OPEN_FOR,
        comebacks: COMEBACKS,
    }
}

/// Sockets that only watch.
async fn idle(args: &SoakArgs, run: &Run, facts: &SaleFacts, bar: &Progress) -> anyhow::Result<Crew> {
    let all = ClientArgs {
        target: run.house.target(),
        path: "/api/v1/live".into(),
        protocol: Some("miaosha.v1".into()),
        say: json!({"type": "watch", "sale_ids": [facts.sale_id]}).to_string(),
        sockets: args.idle,
        first: 0,
        per_source: 900,
        window: 100,
        tokens: None,
    };
    let mut crew = Crew::hire(&all, 1, &[all.target])?;
    bar.act("idle sockets come", args.idle as u64);
    crew.connect(100, bar).await?;
    crew.order(Order::Churn(args.churn_per_s)).await?;
    Ok(crew)
}

/// One sale to its quiet end.
async fn sale(
    args: &SoakArgs,
    run: &Run,
    scene: &Arc<Scene>,
    staff: &mut Staff,
    number: u32,
    bar: &Progress,
) -> anyhow::Result<()> {
    let seed = args.seed + u64::from(number);
    let accounts = sign_up_all(scene.target, args.buyers, &run.name, seed, bar).await?;
    let crowd = Crowd::enter(accounts, RUSH, seed, scene);
    crowd.seated(scene, scene.facts.opens_at + -500, bar).await;
    run::until(scene.facts.opens_at).await;
    let closes_in = stage::sold_out_or_closed(staff, scene.facts.sale_id, OPEN_FOR, bar).await?;
    stage::clear(run, scene, staff, crowd, closes_in, bar).await?;
    ensure!(value(&scene.counts.seated) <= args.buyers.into(), "more sockets than buyers");
    Ok(())
}

impl Diary {
    fn look(&mut self) -> anyhow::Result<()> {
        self.looks.push(Look::at_all([self.pid])?);
        Ok(())
    }

    /// Mean memory of the second quarter of all looks, and of the last.
    fn quarters(&self) -> Option<(u64, u64)> {
        let quarter = self.looks.len() / 4;
        let mean =
            |looks: &[Look]| looks.iter().map(|look| look.anonymous_kib).sum::<u64>() / looks.len().max(1) as u64;
        let second = self.looks.get(quarter..quarter * 2).filter(|_| self.looks.len() >= LOOKS_MIN)?;
        Some((mean(second), mean(self.looks.get(self.looks.len() - quarter..)?)))
    }

    fn growth(&self) -> Option<String> {
        let (before, after) = self.quarters()?;
        let most = before + before * GROWTH_MAX_PERCENT / 100 + GROWTH_MAX_KIB;
        (after > most).then(|| format!("memory grew from {before} to {after} KiB: more than noise"))
    }

    fn told(&self) -> String {
        let all: Vec<String> = self.looks.iter().map(|look| (look.anonymous_kib / 1024).to_string()).collect();
        let quarters = self.quarters().map_or("too few sales to tell a growth".into(), |(before, after)| {
            format!("{before} KiB in the second quarter, {after} KiB in the last")
        });
        format!("MiB of the server's own memory after each sale: {}\n{quarters}\n", all.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diary(mib: &[u64]) -> Diary {
        let look = |mib: &u64| Look { anonymous_kib: mib * 1024, ..Look::default() };
        Diary { pid: 0, looks: mib.iter().map(look).collect() }
    }

    #[test]
    fn a_start_is_no_growth_and_a_leak_is() {
        assert_eq!(diary(&[10, 50, 60, 60, 61, 60, 62, 61]).growth(), None);
        assert!(diary(&[10, 20, 40, 50, 60, 70, 80, 90]).growth().is_some());
        assert_eq!(diary(&[10, 90]).growth(), None, "too few to say");
        assert!(diary(&[10, 90]).told().contains("too few"));
    }
}
