//! The crowd: signs everybody up, lets them sit down, and sees them out.

use std::{net::SocketAddrV4, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use kit::clock::SeedChance;
use sale::time::UnixMs;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    buyer::{
        Buyer, Plan,
        account::{Account, sign_up},
        address,
        behaviour::Behaviour,
        http::Http,
        visit::Routine,
        wait::between,
    },
    progress::Progress,
    scene::{Scene, value},
};

/// Sign-ups under way at once: enough to keep the password hashing busy, few enough to be polite.
const SIGN_UPS_AT_ONCE: usize = 16;
/// A crowd does not sit down in the same millisecond.
const SEATING_MS_EACH: u64 = 3;
/// Seeing everybody out takes no longer than this.
const LEAVE_WAIT: Duration = Duration::from_secs(90);

/// When the people of a crowd mean to claim, after the opening.
#[derive(Clone, Copy, Debug)]
pub struct Rush {
    pub kinds: &'static [(Behaviour, u64)],
    /// Most claim within this long.
    pub within_ms: u64,
    /// Late-comers claim within this long.
    pub late_within_ms: u64,
}

/// Makes `count` accounts, each from its own address.
pub async fn sign_up_all(
    target: SocketAddrV4,
    count: u32,
    run: &str,
    seed: u64,
    bar: &Progress,
) -> anyhow::Result<Vec<Account>> {
    stream::iter(0..count)
        .map(|n| async move {
            let chance = SeedChance::new(person_seed(seed, n) ^ 1);
            let mut http = Http::new(address::of_buyer(n), target);
            let account = sign_up(&mut http, run, n, &chance).await;
            bar.step();
            account
        })
        .buffer_unordered(SIGN_UPS_AT_ONCE)
        .try_collect()
        .await
}

/// How the visitors of a scenario come and go.
#[derive(Clone, Debug)]
pub struct Visits {
    pub routine: Arc<Routine>,
    /// So many come in a second, the first at the opening.
    pub per_s: u32,
    pub until: UnixMs,
}

/// Everybody who takes part; ends the tasks when dropped.
pub struct Crowd {
    buyers: JoinSet<()>,
    count: u32,
}

impl Crowd {
    /// Sends everybody to their seat; each lives by itself from here on.
    pub fn enter(accounts: Vec<Account>, rush: Rush, seed: u64, scene: &Arc<Scene>) -> Self {
        let count = accounts.len() as u32;
        let mut buyers = JoinSet::new();
        for account in accounts {
            let plan = plan(rush, person_seed(seed, account.n), scene.facts.opens_at);
            let chance = SeedChance::new(plan.seed ^ 3);
            let seated_in = Duration::from_millis(between(&chance, 0, u64::from(count) * SEATING_MS_EACH));
            buyers.spawn(Buyer::new(account, plan, scene.clone(), seated_in).live());
        }
        Self { buyers, count }
    }

    /// Lets everybody in one after the other, from the opening on; each visits by itself.
    pub fn visit(accounts: Vec<Account>, visits: &Visits, seed: u64, scene: &Arc<Scene>) -> Self {
        let (count, opens_at) = (accounts.len() as u32, scene.facts.opens_at);
        let mut buyers = JoinSet::new();
        for account in accounts {
            let from = opens_at + i64::from(account.n) * 1000 / i64::from(visits.per_s.max(1));
            let plan = Plan { behaviour: Behaviour::Pay, claim_at: from, seed: person_seed(seed, account.n) };
            // They sit down when they come, and not before.
            let seated_in = Duration::from_millis((from - scene.now()).max(0) as u64);
            let buyer = Buyer::new(account, plan, scene.clone(), seated_in);
            buyers.spawn(buyer.visit(visits.routine.clone(), from, visits.until));
        }
        Self { buyers, count }
    }

    /// Waits until everybody has a signed-in socket, until `by` at the latest. Returns how many have.
    pub async fn seated(&self, scene: &Scene, by: UnixMs, bar: &Progress) -> u64 {
        loop {
            let seated = value(&scene.counts.seated);
            bar.at(seated);
            if seated >= self.count.into() || scene.now() >= by {
                return seated;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Tells everybody that it is over and waits for them. Errors: somebody panicked, or stays.
    pub async fn leave(mut self, scene: &Scene) -> anyhow::Result<()> {
        scene.over.cancel();
        let give_up = Instant::now() + LEAVE_WAIT;
        while let Some(left) = give_up.checked_duration_since(Instant::now()) {
            match timeout(left, self.buyers.join_next()).await {
                Ok(None) => return Ok(()),
                Ok(Some(gone)) => gone.context("a buyer panicked")?,
                Err(_) => break,
            }
        }
        bail!("waited {} s for {} buyers to leave", LEAVE_WAIT.as_secs(), self.buyers.len())
    }
}

fn person_seed(seed: u64, n: u32) -> u64 {
    // Neighbouring seeds must not be neighbouring people: SplitMix64 walks by a constant of its own.
    seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(u64::from(n) << 32)
}

fn plan(rush: Rush, seed: u64, opens_at: UnixMs) -> Plan {
    let chance = SeedChance::new(seed ^ 2);
    let behaviour = Behaviour::draw(rush.kinds, &chance);
    let after_ms = match behaviour {
        Behaviour::Eager => -(between(&chance, 100, 1_500) as i64),
        Behaviour::LateComer => between(&chance, rush.within_ms, rush.late_within_ms) as i64,
        _ => between(&chance, 0, rush.within_ms) as i64,
    };
    Plan { behaviour, claim_at: opens_at + after_ms, seed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buyer::behaviour::STORY;
    use std::collections::HashSet;

    const RUSH: Rush = Rush { kinds: STORY, within_ms: 1_500, late_within_ms: 20_000 };

    #[test]
    fn a_seed_plans_the_same_crowd_and_only_the_eager_come_early() {
        let plans = |seed| (0..500).map(|n| plan(RUSH, person_seed(seed, n), UnixMs(100_000))).collect::<Vec<_>>();
        let times = |seed| plans(seed).iter().map(|p| (p.behaviour, p.claim_at)).collect::<Vec<_>>();
        assert_eq!(times(7), times(7));
        assert_ne!(times(7), times(8));
        assert!(plans(7).iter().all(|p| (p.claim_at < UnixMs(100_000)) <= (p.behaviour == Behaviour::Eager)));
        assert!(plans(7).iter().map(|p| p.seed).collect::<HashSet<_>>().len() == 500);
    }
}
