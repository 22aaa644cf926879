//! AWS: the keeper as configured, with nothing connected yet.

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};
use kit::clock::SystemClock;

use crate::{
    config::Config,
    keeper::{Keeper, Refused},
};

mod balancer;
mod groups;
mod memory;

pub use balancer::Elb;
pub use groups::AutoScaling;
pub use memory::Scheduler;

/// AWS as the environment has it.
pub async fn aws() -> SdkConfig {
    aws_config::load_defaults(BehaviorVersion::latest()).await
}

/// The keeper over Auto Scaling, the balancer and the scheduler.
pub fn open(config: Config, aws: &SdkConfig) -> Keeper {
    let aws = aws.to_builder().timeout_config(timeouts(config.answer_max.get())).build();
    Keeper {
        groups: Arc::new(AutoScaling::new(&aws)),
        balancer: Arc::new(Elb::new(&aws, config.balancer.clone())),
        memory: Arc::new(Scheduler::new(&aws, &config)),
        clock: Arc::new(SystemClock),
        config,
    }
}

/// One call, all its tries and the pauses between them; a try that hangs leaves time for another.
fn timeouts(whole: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(whole).operation_attempt_timeout(whole / 2).build()
}

/// AWS's own words: they name groups, schedules and rights, and no people.
fn refused<E: std::error::Error>(what: &str, error: E) -> Refused {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        why = format!("{why}: {deeper}");
        cause = deeper.source();
    }
    Refused { what: what.into(), why }
}
