//! Held: the sockets of one run while they are held, and what the server takes meanwhile.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::{Instant, sleep};

use super::{
    client::{Order, Tally},
    crew::{CONNECT_WAIT, Crew, LOOK_EVERY},
    look::Look,
    report::Round,
    target::{Running, Target},
};
use crate::progress::Progress;

/// Percent of the sockets that come first, and come and go for a while: a server that saw a crowd has its rooms warm, and
/// what each one more takes is measured from there.
const FIRST_PERCENT: usize = 25;
const WARM_PER_S: u32 = 1_000;
const WARM_FOR: Duration = Duration::from_secs(3);
const TOLD_WAIT: Duration = Duration::from_secs(30);
/// How long a server is watched with nobody there. Longer than threads of a pool live without work: one that hashed the
/// password of our staff keeps more memory than all sockets take.
const IDLE_FOR: Duration = Duration::from_secs(12);
/// Nothing more comes after this long without anything.
const STILL_FOR: Duration = Duration::from_millis(300);
const SETTLE_FOR: Duration = Duration::from_secs(1);
/// A round is marked so long before it is due.
const MARK_BEFORE: Duration = Duration::from_millis(1_500);

/// A server, and whoever holds the other ends.
pub struct Held {
    running: Running,
    crew: Crew,
    sockets: usize,
    idle_us_per_s: f64,
}

/// What the coming of the crowd took.
pub struct Came {
    pub idle_us_per_s: f64,
    /// Some had come before, and come and gone.
    pub few: Look,
    pub full: Look,
    /// So many came between the two.
    pub more: f64,
    pub cpu_us: f64,
    pub seconds: f64,
    pub refused: u64,
}

fn us(before: Look, after: Look) -> f64 {
    after.cpu_ns.saturating_sub(before.cpu_ns) as f64 / 1e3
}

impl Held {
    /// Looks for a while at what the server takes with nobody there.
    pub async fn nobody(running: Running, crew: Crew, sockets: usize) -> anyhow::Result<Self> {
        let mut held = Self { running, crew, sockets, idle_us_per_s: 0.0 };
        let empty = held.settled().await?;
        sleep(IDLE_FOR).await;
        held.idle_us_per_s = us(empty, held.look()?) / IDLE_FOR.as_secs_f64();
        Ok(held)
    }

    /// Everybody comes.
    pub async fn come(&mut self, bar: &Progress) -> anyhow::Result<Came> {
        let some = self.crew.connect(FIRST_PERCENT, bar).await?.held;
        self.churn(WARM_PER_S.min(some as u32), WARM_FOR, some).await?;
        let few = self.settled().await?;
        let (before, begun) = (self.look()?, Instant::now());
        let refused = self.crew.connect(100, bar).await?.refused;
        let (after, seconds) = (self.look()?, begun.elapsed().as_secs_f64());
        Ok(Came {
            idle_us_per_s: self.idle_us_per_s,
            few,
            full: self.settled().await?,
            more: (self.sockets - some).max(1) as f64,
            cpu_us: self.net_us(before, after, seconds),
            seconds,
            refused,
        })
    }

    fn look(&self) -> anyhow::Result<Look> {
        Ok(Look::at_all(self.running.doors.iter().map(|door| door.pid))?)
    }

    /// A look once what was begun is done.
    pub async fn settled(&self) -> anyhow::Result<Look> {
        sleep(SETTLE_FOR).await;
        self.look()
    }

    pub async fn close(self) -> anyhow::Result<()> {
        drop(self.crew);
        self.running.stop().await
    }

    /// Processor time between two looks, without what the server takes with nobody there.
    fn net_us(&self, before: Look, after: Look, seconds: f64) -> f64 {
        (us(before, after) - self.idle_us_per_s * seconds).max(0.0)
    }

    /// Tells everybody once, and waits until nothing more comes.
    pub async fn round(&mut self) -> anyhow::Result<Round> {
        let mut due = Duration::ZERO;
        let is_ours = matches!(self.running.target, Target::Ours { opened: false, .. });
        if is_ours {
            due = self.running.tell().await?;
            sleep(due.saturating_sub(MARK_BEFORE)).await;
        }
        self.crew.order(Order::Mark).await?;
        let (before, begun) = (self.look()?, Instant::now());
        if !is_ours {
            due = self.running.tell().await?;
        }
        let give_up = Instant::now() + due + TOLD_WAIT;
        let (mut tally, mut still_since) = (Tally::default(), Instant::now());
        while tally.told < self.sockets || still_since.elapsed() < STILL_FOR {
            ensure!(
                Instant::now() < give_up,
                "only {} of {} sockets were told; {} are held, {} were lost and {} refused",
                tally.told,
                self.sockets,
                tally.held,
                tally.lost,
                tally.refused
            );
            sleep(LOOK_EVERY).await;
            let now = self.crew.order(Order::Tally).await?;
            if now.texts > tally.texts {
                still_since = Instant::now();
            }
            tally = now;
        }
        let after = self.look()?;
        let cpu_us = self.net_us(before, after, begun.elapsed().as_secs_f64());
        Ok(Round::of(tally.told, tally.texts, &tally.curve, cpu_us))
    }

    /// So many a second hang up and come back; then all `wanted` are held again.
    pub async fn churn(&mut self, per_s: u32, span: Duration, wanted: usize) -> anyhow::Result<Tally> {
        self.crew.order(Order::Churn(per_s.div_ceil(self.crew.size()))).await?;
        sleep(span).await;
        self.crew.order(Order::Churn(0)).await?;
        let give_up = Instant::now() + CONNECT_WAIT;
        loop {
            let tally = self.crew.order(Order::Tally).await?;
            if tally.held >= wanted {
                return Ok(tally);
            }
            ensure!(Instant::now() < give_up, "only {} of {wanted} sockets came back", tally.held);
            sleep(LOOK_EVERY).await;
        }
    }
}
