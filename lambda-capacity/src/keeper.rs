//! The keeper: from a call to what AWS is asked to do.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::{join, join_all};
use sale::{
    port::{
        capacity::{CapacityPlan, Wake},
        clock::Clock,
    },
    time::UnixMs,
};
use serde::Serialize;
use thiserror::Error;

use crate::{
    config::{Config, Size},
    deeds::deeds,
    demand::{Demand, demand},
    group::{Deed, Group},
};

/// AWS did not do it, or nobody knows. The call fails and comes again; the next look sees what is still missing, by the plan that is
/// remembered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what}: {why}")]
pub struct Refused {
    pub what: String,
    pub why: String,
}

/// Auto Scaling.
#[async_trait]
pub trait Groups: Send + Sync {
    async fn see(&self, name: &str) -> Result<Group, Refused>;
    /// Repeat: the same deed again changes nothing.
    async fn act(&self, name: &str, deed: &Deed) -> Result<(), Refused>;
}

/// The balancer's reserved capacity, in units; 0: none.
#[async_trait]
pub trait Balancer: Send + Sync {
    async fn reserved(&self) -> Result<i32, Refused>;
    async fn reserve(&self, units: i32) -> Result<(), Refused>;
}

/// Where the newest plan lies, and what calls us with it at an instant.
#[async_trait]
pub trait Memory: Send + Sync {
    async fn recall(&self) -> Result<Option<(CapacityPlan, Option<UnixMs>)>, Refused>;
    async fn keep(&self, plan: &CapacityPlan, call_at: Option<UnixMs>) -> Result<(), Refused>;
}

pub struct Keeper {
    pub groups: Arc<dyn Groups>,
    pub balancer: Arc<dyn Balancer>,
    pub memory: Arc<dyn Memory>,
    pub clock: Arc<dyn Clock>,
    pub config: Config,
}

/// What a call came to, for the log and whoever calls by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Of the plan that counts; `None`: nobody has told one yet, so nothing was touched.
    pub version: Option<i64>,
    /// What was told is older than what is known.
    pub stale: bool,
    pub large: bool,
    /// Changes that AWS was asked for.
    pub deeds: usize,
}

impl Keeper {
    /// Makes AWS have what the newest plan wants.
    ///
    /// Repeat: any number of times and in any order; where nothing is missing nothing is asked for.
    /// Errors: the first refusal; everything else was tried all the same. Where the memory cannot be read: a plan that was told has
    /// made the fleet larger if it wants it now, and nothing else was done.
    pub async fn serve(&self, wake: Wake) -> Result<Report, Refused> {
        let known = match self.memory.recall().await {
            Ok(known) => known,
            Err(error) => {
                self.grow(wake).await;
                return Err(error);
            }
        };
        let (plan, stale) = newest(wake, known.as_ref().map(|(plan, _)| plan));
        let Some(plan) = plan else { return Ok(Report::default()) };
        let now = self.clock.now();
        let demand = demand(&plan, &self.config.pace(), now);
        let call_at = demand.growths.first().copied();
        // First of all: once it is remembered, every look does what could not be done now. Where it could not be, it is told again.
        let kept = self.remember(&plan, call_at, known.as_ref()).await;
        let (groups, raised) = self.fit_all(&demand, now, |_| true).await;
        let at_rest = groups.iter().all(|fitted| fitted.as_ref().is_ok_and(|(_, at_rest)| *at_rest));
        let balancer = if at_rest { self.fit_balancer(false).await } else { raised };
        let done: usize = groups.iter().flatten().map(|(deeds, _)| deeds).sum();
        let report = Report { version: Some(plan.version), stale, large: demand.large, deeds: done };
        tracing::info!(version = plan.version, stale, large = demand.large, deeds = done, "the fleet was looked at");
        groups.into_iter().find_map(Result::err).or(balancer.err()).or(kept.err()).map_or(Ok(report), Err)
    }

    /// Nobody knows whether what is told is the newest. Should it want a large fleet, a fleet that is too large is the lesser harm.
    async fn grow(&self, wake: Wake) {
        let Wake::Plan(told) = wake else { return };
        let now = self.clock.now();
        let demand = demand(&told, &self.config.pace(), now);
        tracing::warn!(
            version = told.version,
            large = demand.large,
            "the plan that is known cannot be read; the fleet only grows"
        );
        let (groups, raised) = self.fit_all(&demand, now, Deed::grows).await;
        for error in groups.into_iter().filter_map(Result::err).chain(raised.err()) {
            tracing::error!(%error, "the fleet does not grow");
        }
    }

    async fn remember(
        &self,
        plan: &CapacityPlan,
        call_at: Option<UnixMs>,
        known: Option<&(CapacityPlan, Option<UnixMs>)>,
    ) -> Result<(), Refused> {
        match known {
            Some((known, at)) if known == plan && *at == call_at => Ok(()),
            _ => self.memory.keep(plan, call_at).await,
        }
    }

    /// All groups at once, and with them the balancer's units where the fleet is to be large: they need the longest.
    async fn fit_all(
        &self,
        demand: &Demand,
        now: UnixMs,
        may: fn(&Deed) -> bool,
    ) -> (Vec<Fitted>, Result<(), Refused>) {
        let groups = join_all(self.config.groups.values().map(|size| self.fit(size, demand, now, may)));
        let units = async { if demand.large { self.fit_balancer(true).await } else { Ok(()) } };
        join(groups, units).await
    }

    async fn fit(&self, size: &Size, demand: &Demand, now: UnixMs, may: fn(&Deed) -> bool) -> Fitted {
        let group = self.groups.see(&size.name).await?;
        let mut deeds = deeds(demand, size, &self.config.pace(), &group, now);
        deeds.retain(may);
        let mut refused = None;
        for deed in &deeds {
            tracing::info!(group = size.name, ?deed, "the fleet changes");
            // One that is refused keeps none of the others back.
            if let Err(error) = self.groups.act(&size.name, deed).await {
                tracing::error!(group = size.name, ?deed, %error, "the fleet does not change");
                refused.get_or_insert(error);
            }
        }
        refused.map_or(Ok((deeds.len(), !demand.large && group.min <= size.min)), Err)
    }

    /// The balancer's units come with the first nodes and go with the last: between the two they are left alone. While the fleet is
    /// large they are only raised: what people reserved beyond ours they need.
    async fn fit_balancer(&self, large: bool) -> Result<(), Refused> {
        let Config { reserved_units, idle_units, .. } = self.config;
        if reserved_units == 0 {
            return Ok(());
        }
        let (units, stand) = (if large { reserved_units } else { idle_units }, self.balancer.reserved().await?);
        if stand == units || (large && stand > units) {
            return Ok(());
        }
        tracing::info!(units, stand, "the balancer's units change");
        match self.balancer.reserve(units).await {
            // AWS lowers them only so often a day, and not while they change. That costs money until a later look; nobody is woken.
            Err(error) if units < stand => {
                tracing::warn!(units, stand, %error, "the balancer's units are not lowered yet");
                Ok(())
            }
            done => done,
        }
    }
}

/// How many deeds a group took, and whether it is as between sales.
type Fitted = Result<(usize, bool), Refused>;

/// The plan that counts, and whether another one was told.
fn newest(wake: Wake, known: Option<&CapacityPlan>) -> (Option<CapacityPlan>, bool) {
    match (wake, known) {
        (Wake::Look, known) => (known.cloned(), false),
        (Wake::Plan(told), Some(known)) if told.is_stale_beside(known) => (Some(known.clone()), true),
        (Wake::Plan(told), _) => (Some(told), false),
    }
}
