//! The player: signs a scenario's crowd up, lets it come, act and go, and asks for the verdict.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Played, Scenario, report};
use crate::{
    buyer::visit::Routine,
    crowd::{Crowd, Visits, sign_up_all},
    outcome::Outcome,
    progress::Progress,
    run::{self, Run},
    scene::Scene,
    staff::Staff,
    stage,
};

/// Beyond the time that a scenario lasts nothing is waited for longer than this: sign-ups, holds that run out, mails.
const SPARE: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Whoever claimed last has been decided after this, and pays what they hold.
const LAST_PAY_WAIT: Duration = Duration::from_secs(20);

/// Plays a scenario. Errors: something could not be done in time; what did not hold is no error.
pub async fn play<S: Scenario>(scenario: &S, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    let (options, routine) = (scenario.options(), scenario.routine()?);
    let started = Instant::now();
    let most = options.lasts() + SPARE;
    let scene = stage::play(run, options.buyers, most, acts(scenario, routine, run, bar)).await?;
    let mut outcome = Outcome::judge(run, &scene, started.elapsed(), &[]).await?;
    let rows = scene.tally.rows();
    let played = Played { rows, counts: scene.counts.named(), stands: outcome.counts.clone() };
    let criteria = scenario.criteria(&played);
    outcome.report.push_str(&report::table(&played, &criteria));
    outcome.wrong.extend(criteria.iter().filter(|c| !c.kept).map(|c| format!("{}: {}", S::NAME, c.text)));
    if let Some(file) = &options.json {
        report::write(file, S::NAME, &played, &criteria, &outcome)?;
    }
    Ok(outcome)
}

async fn acts<S: Scenario>(scenario: &S, routine: Routine, run: &Run, bar: &Progress) -> anyhow::Result<Arc<Scene>> {
    let options = scenario.options();
    bar.act("signing up", options.buyers.into());
    let accounts = sign_up_all(run.house.target(), options.buyers, &run.name, options.seed, bar).await?;
    let mut staff = run.house.staff().await?;
    let facts = staff.plan(options.planned()).await?;
    let scene = Arc::new(Scene::new(run.house.target(), facts, &run.observations())?);
    let pays = routine.pays;
    let until = scene.facts.opens_at + options.lasts().as_millis() as i64;
    let visits = Visits { routine: Arc::new(routine), per_s: options.per_s, until };
    let crowd = Crowd::visit(accounts, &visits, options.seed, &scene);
    bar.act("waiting for the opening", 0);
    run::until(scene.facts.opens_at).await;
    bar.act(S::NAME, options.seconds.into());
    while scene.now() < until {
        let left = (until - scene.now()).max(0) as u64;
        sleep(LOOK_EVERY.min(Duration::from_millis(left))).await;
        bar.at(u64::from(options.seconds).saturating_sub(left / 1000));
        bar.note(&report::line(scene.tally.ends()));
    }
    bar.say(&report::line(scene.tally.ends()));
    if pays {
        all_paid(&mut staff, &scene, bar).await?;
    }
    staff.switch(scene.facts.sale_id, "close", json!({})).await?;
    stage::clear(run, &scene, &mut staff, crowd, Duration::ZERO, bar).await?;
    Ok(scene)
}

/// Waits for the payments of those who claimed at the very end: the closing would take from them what they are about to get.
async fn all_paid(staff: &mut Staff, scene: &Scene, bar: &Progress) -> anyhow::Result<()> {
    let give_up = Instant::now() + LAST_PAY_WAIT;
    loop {
        let live = staff.live(scene.facts.sale_id).await?;
        bar.note(&run::figures(&live));
        let settled = live.queue_depth == Some(0) && live.items.iter().all(|i| i.held == 0 && i.paying == 0);
        if settled || Instant::now() >= give_up {
            return Ok(());
        }
        sleep(LOOK_EVERY).await;
    }
}
