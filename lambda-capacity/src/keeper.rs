//! The keeper: from a call to what AWS is asked to do.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
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

/// AWS did not do it, or nobody knows. The call fails and comes again; the next look sees what is still missing.
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
    /// Errors: the first refusal; everything else was tried all the same.
    pub async fn serve(&self, wake: Wake) -> Result<Report, Refused> {
        let known = self.memory.recall().await?;
        let (plan, stale) = newest(wake, known.as_ref().map(|(plan, _)| plan));
        let Some(plan) = plan else { return Ok(Report::default()) };
        let now = self.clock.now();
        let demand = demand(&plan, &self.config.pace(), now);
        let call_at = demand.growths.first().copied();
        // First of all: once it is remembered, every look does what could not be done now.
        let kept = self.remember(&plan, call_at, known.as_ref()).await;
        let groups = join_all(self.config.groups.values().map(|size| self.fit(size, &demand, now))).await;
        let at_rest = groups.iter().all(|fitted| fitted.as_ref().is_ok_and(|(_, at_rest)| *at_rest));
        let balancer = self.fit_balancer(demand.large, at_rest).await;
        let done: usize = groups.iter().flatten().map(|(deeds, _)| deeds).sum();
        let report = Report { version: Some(plan.version), stale, large: demand.large, deeds: done };
        tracing::info!(version = plan.version, stale, large = demand.large, deeds = done, "the fleet was looked at");
        groups.into_iter().find_map(Result::err).or(balancer.err()).or(kept.err()).map_or(Ok(report), Err)
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

    /// Returns how many deeds it took, and whether the group is as between sales.
    async fn fit(&self, size: &Size, demand: &Demand, now: UnixMs) -> Result<(usize, bool), Refused> {
        let group = self.groups.see(&size.name).await?;
        let deeds = deeds(demand, size, &self.config.pace(), &group, now);
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

    /// The balancer's units come with the first nodes and go with the last: between the two they are left alone.
    async fn fit_balancer(&self, large: bool, at_rest: bool) -> Result<(), Refused> {
        let Config { reserved_units, idle_units, .. } = self.config;
        if reserved_units == 0 || !(large || at_rest) {
            return Ok(());
        }
        let (units, stand) = (if large { reserved_units } else { idle_units }, self.balancer.reserved().await?);
        if stand == units {
            return Ok(());
        }
        tracing::info!(units, stand, "the balancer's units change");
        self.balancer.reserve(units).await
    }
}

/// The plan that counts, and whether another one was told.
fn newest(wake: Wake, known: Option<&CapacityPlan>) -> (Option<CapacityPlan>, bool) {
    match (wake, known) {
        (Wake::Look, known) => (known.cloned(), false),
        (Wake::Plan(told), Some(known)) if told.is_stale_beside(known) => (Some(known.clone()), true),
        (Wake::Plan(told), _) => (Some(told), false),
    }
}
