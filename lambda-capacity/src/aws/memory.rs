//! The memory: one EventBridge schedule, whose input is the newest plan and whose instant is the next growth.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_scheduler::{
    Client,
    primitives::{DateTime, DateTimeFormat},
    types::{FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleState, Target},
};
use sale::{
    port::capacity::{CapacityPlan, Wake},
    time::UnixMs,
};

use super::refused;
use crate::{
    config::Config,
    keeper::{Memory, Refused},
};

/// The schedule's name in our group.
const NAME: &str = "plan";
/// A schedule needs an instant even where nobody is to be called: it is switched off then.
const NEVER: &str = "at(2100-01-01T00:00:00)";

pub struct Scheduler {
    client: Client,
    group: String,
    role: String,
    function: String,
}

impl Scheduler {
    pub fn new(aws: &SdkConfig, config: &Config) -> Self {
        let Config { schedules, schedules_role, function, .. } = config.clone();
        Self { client: Client::new(aws), group: schedules, role: schedules_role, function }
    }
}

#[async_trait]
impl Memory for Scheduler {
    async fn recall(&self) -> Result<Option<(CapacityPlan, Option<UnixMs>)>, Refused> {
        let found = match self.client.get_schedule().group_name(&self.group).name(NAME).send().await {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
                return Ok(None);
            }
            Err(error) => return Err(refused("the plan's schedule", error)),
        };
        let input = found.target().and_then(|target| target.input()).unwrap_or_default();
        let Ok(Wake::Plan(plan)) = serde_json::from_str(input) else {
            // Somebody else wrote there, or a later release of ours: the next plan that is told is written over it.
            tracing::error!("the plan's schedule holds no plan");
            return Ok(None);
        };
        Ok(Some((plan, found.schedule_expression().and_then(instant))))
    }

    async fn keep(&self, plan: &CapacityPlan, call_at: Option<UnixMs>) -> Result<(), Refused> {
        let input = serde_json::to_string(&Wake::Plan(plan.clone())).map_err(|error| refused("the plan", error))?;
        let target = Target::builder().arn(&self.function).role_arn(&self.role).input(input).build();
        let target = target.map_err(|error| refused("the plan's schedule", error))?;
        let on_time = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
        let on_time = on_time.map_err(|error| refused("the plan's schedule", error))?;
        let (at, state) = match call_at {
            Some(at) => (expression(at)?, ScheduleState::Enabled),
            None => (NEVER.to_owned(), ScheduleState::Disabled),
        };
        let update = self.client.update_schedule().group_name(&self.group).name(NAME).state(state.clone());
        let update = update.schedule_expression(&at).target(target.clone()).flexible_time_window(on_time.clone());
        match update.send().await {
            Ok(_) => return Ok(()),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {}
            Err(error) => return Err(refused("the plan's schedule", error)),
        }
        let create = self.client.create_schedule().group_name(&self.group).name(NAME).state(state);
        let create = create.schedule_expression(at).target(target).flexible_time_window(on_time);
        create.send().await.map(drop).map_err(|error| refused("the plan's schedule", error))
    }
}

/// AWS writes it without a zone, and means UTC.
fn expression(at: UnixMs) -> Result<String, Refused> {
    let text = DateTime::from_secs(at.0.div_euclid(1000)).fmt(DateTimeFormat::DateTime);
    let text = text.map_err(|error| refused("an instant", error))?;
    Ok(format!("at({})", text.trim_end_matches('Z')))
}

/// `None` where nobody is to be called.
fn instant(expression: &str) -> Option<UnixMs> {
    let text = expression.strip_prefix("at(")?.strip_suffix(')')?;
    let at = DateTime::from_str(&format!("{text}Z"), DateTimeFormat::DateTime).ok()?;
    (expression != NEVER).then(|| UnixMs(at.secs() * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_the_scheduler_reads_it_and_read_back() {
        let at = UnixMs(1_800_000_000_000);
        assert_eq!(expression(at).unwrap(), "at(2027-01-15T08:00:00)");
        assert_eq!(instant("at(2027-01-15T08:00:00)"), Some(at));
        assert_eq!(instant(NEVER), None);
        assert_eq!(instant("rate(5 minutes)"), None);
    }
}
