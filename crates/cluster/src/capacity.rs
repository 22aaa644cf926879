//! Who keeps the fleet's size on AWS: the Lambda function `lambda-capacity`, called without waiting for its end.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_lambda::{
    Client,
    config::{Builder, Region},
    error::ProvideErrorMetadata,
    primitives::Blob,
    types::InvocationType,
};
use sale::port::capacity::{Capacity, CapacityPlan, FixedFleet, Untold, Wake};
use serde::Deserialize;

/// Which function it is and how long its service may take to note a call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapacityConfig {
    /// Its ARN with the alias; empty: the fleet has one size, and nobody is told.
    pub function: String,
    /// As in `us-east-1`; empty: as AWS's own environment says.
    pub region: String,
    /// Where AWS answers, for a stand-in; empty: where AWS itself does.
    pub endpoint: String,
    #[serde(with = "humantime_serde")]
    pub connect_max: Duration,
    /// One try of one call.
    #[serde(with = "humantime_serde")]
    pub try_max: Duration,
    /// One call, all its tries and the pauses between them.
    #[serde(with = "humantime_serde")]
    pub call_max: Duration,
    pub tries_max: u32,
}

impl Default for CapacityConfig {
    fn default() -> Self {
        Self {
            function: String::new(),
            region: String::new(),
            endpoint: String::new(),
            connect_max: Duration::from_secs(1),
            try_max: Duration::from_secs(3),
            call_max: Duration::from_secs(10),
            tries_max: 3,
        }
    }
}

/// Opens what the settings name. Nothing is connected before the first plan.
pub async fn open(config: CapacityConfig) -> Arc<dyn Capacity> {
    if config.function.is_empty() {
        return Arc::new(FixedFleet);
    }
    let mut aws = aws_config::defaults(BehaviorVersion::latest());
    if !config.region.is_empty() {
        aws = aws.region(Region::new(config.region.clone()));
    }
    if !config.endpoint.is_empty() {
        aws = aws.endpoint_url(&config.endpoint);
    }
    Arc::new(LambdaCapacity::over(&aws.load().await, config))
}

/// The plan, told by an asynchronous call.
pub struct LambdaCapacity {
    client: Client,
    function: String,
}

impl LambdaCapacity {
    /// With an AWS that is known already: its region, endpoint and credentials count.
    pub fn over(aws: &SdkConfig, config: CapacityConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(config.connect_max)
            .operation_attempt_timeout(config.try_max)
            .operation_timeout(config.call_max);
        let retry = RetryConfig::standard().with_max_attempts(config.tries_max);
        let lambda = Builder::from(aws).timeout_config(timeouts.build()).retry_config(retry).build();
        Self { client: Client::from_conf(lambda), function: config.function }
    }
}

#[async_trait]
impl Capacity for LambdaCapacity {
    /// AWS keeps the call, and repeats it where the function fails; where it gives up, it alarms.
    async fn tell(&self, plan: CapacityPlan) -> Result<(), Untold> {
        let body = serde_json::to_vec(&Wake::Plan(plan)).map_err(|_| Untold)?;
        let call = self.client.invoke().function_name(&self.function).invocation_type(InvocationType::Event);
        match call.payload(Blob::new(body)).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(code = error.code(), "lambda-capacity was not called");
                Err(Untold)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sale::time::UnixMs;

    use super::*;

    #[tokio::test]
    async fn without_a_function_nobody_is_told_and_one_that_is_not_there_is_said_in_time() {
        let plan = CapacityPlan { version: 1, read_at: UnixMs(1), windows: vec![] };
        assert_eq!(open(CapacityConfig::default()).await.tell(plan.clone()).await, Ok(()));
        let nowhere = CapacityConfig {
            function: "capacity".into(),
            region: "us-east-1".into(),
            endpoint: "http://127.0.0.1:9".into(),
            call_max: Duration::from_millis(500),
            ..CapacityConfig::default()
        };
        assert_eq!(open(nowhere).await.tell(plan).await, Err(Untold));
    }
}
