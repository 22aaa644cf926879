//! AWS as its clients here see it: where it answers, and how long one call may take.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

/// AWS as the environment knows it; what is empty here is as the environment says. Nothing is connected yet.
pub(crate) async fn load(region: &str, endpoint: &str) -> SdkConfig {
    let mut aws = aws_config::defaults(BehaviorVersion::latest());
    if !region.is_empty() {
        aws = aws.region(Region::new(region.to_owned()));
    }
    if !endpoint.is_empty() {
        aws = aws.endpoint_url(endpoint);
    }
    aws.load().await
}

/// The bounds of one call.
pub(crate) struct Bounds {
    pub connect_max: Duration,
    /// One try of it.
    pub try_max: Duration,
    /// All its tries and the pauses between them.
    pub call_max: Duration,
    pub tries_max: u32,
}

impl Bounds {
    pub(crate) fn on(self, aws: &SdkConfig) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.connect_max)
            .operation_attempt_timeout(self.try_max)
            .operation_timeout(self.call_max)
            .build();
        let retry = RetryConfig::standard().with_max_attempts(self.tries_max);
        aws.clone().into_builder().timeout_config(timeouts).retry_config(retry).build()
    }
}
