//! Who keeps the fleet's size on AWS: the Lambda function `lambda-capacity`, called without waiting for its end.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_lambda::{Client, error::ProvideErrorMetadata, primitives::Blob, types::InvocationType};
use sale::port::capacity::{Capacity, CapacityPlan, FixedFleet, Untold, Wake};
use serde::Deserialize;

use crate::aws::{self, Bounds};

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
    let aws = aws::load(&config.region, &config.endpoint).await;
    Arc::new(LambdaCapacity::over(&aws, config))
}

/// The plan, told by an asynchronous call.
pub struct LambdaCapacity {
    client: Client,
    function: String,
}

impl LambdaCapacity {
    /// With an AWS that is known already: its region, endpoint and credentials count.
    pub fn over(aws: &SdkConfig, config: CapacityConfig) -> Self {
        let CapacityConfig { connect_max, try_max, call_max, tries_max, .. } = config;
        let aws = Bounds { connect_max, try_max, call_max, tries_max }.on(aws);
        Self { client: Client::new(&aws), function: config.function }
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
