//! The stage: a house that is open while a sale is played in it, and how everybody leaves it.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use tokio::time::timeout;

use crate::{
    crowd::Crowd,
    limits,
    progress::Progress,
    run::{self, Run},
    scene::Scene,
    staff::Staff,
};

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
