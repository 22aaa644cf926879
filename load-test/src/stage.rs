//! The stage: a house that is open while a sale is played in it, and how everybody leaves it.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use sale::{ids::SaleId, sale::Phase};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    crowd::Crowd,
    limits,
    progress::Progress,
    run::{self, Run},
    scene::Scene,
    staff::Staff,
};

/// How often staff look at a sale that is open.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Opens the house, plays `acts` in it, and stops what is ours of it.
///
/// Errors: not over after `max`; our own server ended in the middle, or badly.
pub async fn play(
    run: &Run,
    buyers: u32,
    max: Duration,
    acts: impl Future<Output = anyhow::Result<Arc<Scene>>>,
) -> anyhow::Result<Arc<Scene>> {
    limits::raise_open_files(buyers.into())?;
    let mut doors = run.house.open().await?;
    let told = tokio::select! {
        told = timeout(max, acts) => told,
        ended = doors.ended() => bail!("the server ended in the middle: {}", ended?),
    };
    let Ok(scene) = told else { bail!("it was not over after {} s", max.as_secs()) };
    let scene = scene?;
    doors.note_usage(&scene, buyers);
    doors.close().await?;
    Ok(scene)
}

/// Closes the sale as soon as it is sold out, and waits no longer than `max`; returns how long it may still be open.
pub async fn sold_out_or_closed(
    staff: &mut Staff,
    sale: SaleId,
    max: Duration,
    bar: &Progress,
) -> anyhow::Result<Duration> {
    let give_up = Instant::now() + max;
    while Instant::now() < give_up {
        let live = staff.live(sale).await?;
        bar.note(&run::figures(&live));
        if live.is_sold_out() {
            bar.say("sold out: closing");
            staff.switch(sale, "close", json!({})).await?;
            return Ok(Duration::ZERO);
        }
        if matches!(live.state, Phase::Closed | Phase::Reconciled) {
            return Ok(Duration::ZERO);
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(max)
}

/// Waits until the sale, which is over in `closes_in`, is quiet and its mails have come; then everybody goes home.
pub async fn clear(
    run: &Run,
    scene: &Arc<Scene>,
    staff: &mut Staff,
    crowd: Crowd,
    closes_in: Duration,
    bar: &Progress,
) -> anyhow::Result<()> {
    bar.act("waiting for quiet", 0);
    let live = run::quiet(staff, scene, closes_in, bar).await?;
    bar.say(&run::figures(&live));
    run::mails(run, &live).await?;
    bar.say("seeing everybody out");
    crowd.leave(scene).await
}
