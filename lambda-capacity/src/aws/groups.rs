//! Auto Scaling: groups as AWS shows them, and what it is asked to do to them.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_autoscaling::{
    Client,
    primitives::DateTime,
    types::{Instance, LifecycleState, ScheduledUpdateGroupAction},
};
use sale::time::UnixMs;

use super::refused;
use crate::{
    group::{Action, Deed, Group, Node},
    keeper::{Groups, Refused},
};

/// Nodes that AWS takes in one call.
const NODES_A_CALL: usize = 50;

pub struct AutoScaling {
    client: Client,
}

impl AutoScaling {
    pub fn new(aws: &SdkConfig) -> Self {
        Self { client: Client::new(aws) }
    }

    async fn actions(&self, name: &str) -> Result<Vec<Action>, Refused> {
        let mut pages =
            self.client.describe_scheduled_actions().auto_scaling_group_name(name).into_paginator().items().send();
        let mut actions = vec![];
        while let Some(action) = pages.next().await {
            actions.extend(action_of(&action.map_err(|error| refused("scheduled actions", error))?));
        }
        Ok(actions)
    }

    async fn protect(&self, name: &str, nodes: &[String], protect: bool) -> Result<(), Refused> {
        for some in nodes.chunks(NODES_A_CALL) {
            let call = self.client.set_instance_protection().auto_scaling_group_name(name);
            let call = call.set_instance_ids(Some(some.to_vec())).protected_from_scale_in(protect);
            call.send().await.map_err(|error| refused("protection", error))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Groups for AutoScaling {
    async fn see(&self, name: &str) -> Result<Group, Refused> {
        let call = self.client.describe_auto_scaling_groups().auto_scaling_group_names(name);
        let answer = call.send().await.map_err(|error| refused("groups", error))?;
        let Some(group) = answer.auto_scaling_groups().first() else {
            return Err(Refused { what: "groups".into(), why: format!("there is no group {name}") });
        };
        Ok(Group {
            min: group.min_size().unwrap_or_default(),
            desired: group.desired_capacity().unwrap_or_default(),
            protects: group.new_instances_protected_from_scale_in().unwrap_or_default(),
            // Those on their way in are born as the group says, those on their way out cannot be held.
            nodes: group.instances().iter().filter(|node| serves(node)).filter_map(node_of).collect(),
            actions: self.actions(name).await?,
        })
    }

    async fn act(&self, name: &str, deed: &Deed) -> Result<(), Refused> {
        match deed {
            Deed::Resize { min, desired } => {
                let call = self.client.update_auto_scaling_group().auto_scaling_group_name(name);
                let call = call.min_size(*min).desired_capacity(*desired);
                call.send().await.map(drop).map_err(|error| refused("resize", error))
            }
            Deed::Protect { nodes, protect } => self.protect(name, nodes, *protect).await,
            Deed::Cancel { name: action } => {
                let call = self.client.delete_scheduled_action().auto_scaling_group_name(name);
                let call = call.scheduled_action_name(action);
                call.send().await.map(drop).map_err(|error| refused("cancel", error))
            }
            Deed::Schedule(Action { name: action, at, min, desired }) => {
                let call = self.client.put_scheduled_update_group_action().auto_scaling_group_name(name);
                let call = call.scheduled_action_name(action).start_time(DateTime::from_millis(at.0));
                let call = call.min_size(*min).desired_capacity(*desired);
                call.send().await.map(drop).map_err(|error| refused("schedule", error))
            }
        }
    }
}

fn serves(node: &Instance) -> bool {
    node.lifecycle_state() == Some(&LifecycleState::InService)
}

fn node_of(node: &Instance) -> Option<Node> {
    Some(Node { id: node.instance_id()?.into(), protected: node.protected_from_scale_in().unwrap_or_default() })
}

/// One that repeats, or has no instant, is nobody of ours.
fn action_of(action: &ScheduledUpdateGroupAction) -> Option<Action> {
    Some(Action {
        name: action.scheduled_action_name()?.into(),
        at: UnixMs(action.start_time()?.secs() * 1000),
        min: action.min_size().unwrap_or(-1),
        desired: action.desired_capacity().unwrap_or(-1),
    })
}
