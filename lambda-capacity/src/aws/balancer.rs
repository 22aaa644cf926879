//! The balancer's reserved capacity.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_elasticloadbalancingv2::{Client, types::MinimumLoadBalancerCapacity};

use super::refused;
use crate::keeper::{Balancer, Refused};

pub struct Elb {
    client: Client,
    arn: String,
}

impl Elb {
    pub fn new(aws: &SdkConfig, arn: String) -> Self {
        Self { client: Client::new(aws), arn }
    }
}

#[async_trait]
impl Balancer for Elb {
    async fn reserved(&self) -> Result<i32, Refused> {
        let answer = self.client.describe_capacity_reservation().load_balancer_arn(&self.arn).send().await;
        let answer = answer.map_err(|error| refused("the balancer's units", error))?;
        Ok(answer.minimum_load_balancer_capacity().and_then(|least| least.capacity_units()).unwrap_or_default())
    }

    async fn reserve(&self, units: i32) -> Result<(), Refused> {
        let call = self.client.modify_capacity_reservation().load_balancer_arn(&self.arn);
        let call = if units == 0 {
            call.reset_capacity_reservation(true)
        } else {
            call.minimum_load_balancer_capacity(MinimumLoadBalancerCapacity::builder().capacity_units(units).build())
        };
        call.send().await.map(drop).map_err(|error| refused("the balancer's units", error))
    }
}
