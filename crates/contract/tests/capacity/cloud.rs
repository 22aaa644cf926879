//! The cloud of a test: a stand-in for AWS with three groups in it and our function, and a recorder before it.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::OnceLock};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_autoscaling::{
    config::{Credentials, SharedCredentialsProvider},
    types::AutoScalingGroup,
};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_scheduler::types::ScheduleState;
use cluster::capacity::{CapacityConfig, LambdaCapacity};
use sale::{
    port::capacity::{CapacityPlan, Wake},
    time::UnixMs,
};
use serde_json::{Value, json};
use stack::{
    Server, apps,
    aws::{self, FunctionPlan},
    ports::Network,
};
use tempfile::TempDir;

use crate::recorder::Recorder;

pub const ROLES: [(&str, i32, i32); 3] = [("publisher", 2, 12), ("consumer", 2, 4), ("general", 2, 8)];
const BALANCER: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/shop/0123456789abcdef";
const NAME: &str = "shop-capacity";

/// Ends with its test.
pub struct Cloud {
    pub server: Server,
    pub addr: SocketAddr,
    pub recorder: Recorder,
    /// The function's ARN with its alias.
    pub function: String,
    groups: aws_sdk_autoscaling::Client,
    schedules: aws_sdk_scheduler::Client,
    _folder: TempDir,
}

/// Our own binaries, built once.
pub fn binaries() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| apps::build(&["lambda-capacity", "general", "consumer"]).unwrap())
}

impl Cloud {
    pub async fn open() -> Self {
        aws::install().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let addr = Network::new().free(1).unwrap();
        let server = aws::server(folder.path(), addr).unwrap();
        server.start().unwrap();
        server.wait_ready().unwrap();
        let recorder = Recorder::before(addr).await;
        let (groups, schedules) =
            (aws_sdk_autoscaling::Client::new(&sdk(recorder.addr)), aws_sdk_scheduler::Client::new(&sdk(addr)));
        let mut cloud = Self { server, addr, recorder, function: String::new(), groups, schedules, _folder: folder };
        cloud.build().await;
        cloud
    }

    /// As Terraform builds it.
    async fn build(&mut self) {
        self.schedules.create_schedule_group().name(NAME).send().await.unwrap();
        for (role, min, max) in ROLES {
            let group = self.groups.create_auto_scaling_group().auto_scaling_group_name(group(role));
            let group = group.min_size(min).max_size(max).desired_capacity(min).availability_zones("us-east-1a");
            group.new_instances_protected_from_scale_in(role == "publisher").send().await.unwrap();
        }
        let by_role: BTreeMap<_, _> =
            ROLES.iter().map(|(role, min, max)| (role, json!({"name": group(role), "min": min, "max": max}))).collect();
        let live = format!("arn:aws:lambda:{}:000000000000:function:{NAME}:live", aws::REGION);
        let recorder = format!("http://{}", self.recorder.addr);
        let variables = [
            ("MIAOSHA_CAPACITY__GROUPS", serde_json::to_string(&by_role).unwrap()),
            ("MIAOSHA_CAPACITY__BALANCER", BALANCER.to_owned()),
            ("MIAOSHA_CAPACITY__RESERVED_UNITS", "300".to_owned()),
            ("MIAOSHA_CAPACITY__SCHEDULES", NAME.to_owned()),
            ("MIAOSHA_CAPACITY__SCHEDULES_ROLE", "arn:aws:iam::000000000000:role/scheduler".to_owned()),
            ("MIAOSHA_CAPACITY__FUNCTION", live.clone()),
            ("AWS_ENDPOINT_URL_AUTO_SCALING", recorder.clone()),
            ("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", recorder),
        ];
        let plan = FunctionPlan {
            name: NAME.into(),
            binary: binaries().join("lambda-capacity"),
            variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
            function_timeout_s: 180,
        };
        let endpoint = aws::url(self.addr);
        let made = tokio::task::spawn_blocking(move || aws::function(&endpoint, &plan)).await.unwrap();
        self.function = made.unwrap();
        assert_eq!(self.function, live);
    }

    /// What general tells by.
    pub fn teller(&self) -> LambdaCapacity {
        LambdaCapacity::over(&sdk(self.addr), CapacityConfig { function: self.function.clone(), ..Default::default() })
    }

    /// Calls the function and waits for its report.
    pub async fn call(&self, wake: Wake) -> Value {
        let body = Blob::new(serde_json::to_vec(&wake).unwrap());
        let call = aws_sdk_lambda::Client::new(&sdk(self.addr)).invoke().function_name(&self.function).payload(body);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.function_error(), None, "{:?}", answer.payload());
        serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap()
    }

    /// Scheduled actions of a role's group, by instant: when, least, wanted.
    pub async fn scheduled(&self, role: &str) -> Vec<(UnixMs, i32, i32)> {
        let answer = self.groups.describe_scheduled_actions().auto_scaling_group_name(group(role)).send().await;
        let mut actions: Vec<_> = answer
            .unwrap()
            .scheduled_update_group_actions()
            .iter()
            .map(|a| {
                (UnixMs(a.start_time().unwrap().secs() * 1000), a.min_size().unwrap(), a.desired_capacity().unwrap())
            })
            .collect();
        actions.sort();
        actions
    }

    /// Somebody removes what is scheduled for a role; returns how much that was.
    pub async fn forget_schedule(&self, role: &str) -> usize {
        let answer =
            self.groups.describe_scheduled_actions().auto_scaling_group_name(group(role)).send().await.unwrap();
        for action in answer.scheduled_update_group_actions() {
            let call = self.groups.delete_scheduled_action().auto_scaling_group_name(group(role));
            call.scheduled_action_name(action.scheduled_action_name().unwrap()).send().await.unwrap();
        }
        answer.scheduled_update_group_actions().len()
    }

    pub async fn group(&self, role: &str) -> AutoScalingGroup {
        let answer = self.groups.describe_auto_scaling_groups().auto_scaling_group_names(group(role)).send().await;
        answer.unwrap().auto_scaling_groups()[0].clone()
    }

    /// Whether every node of the publishers, and there are some, is protected or not.
    pub async fn doors_are_protected(&self, protected: bool) -> bool {
        let group = self.group("publisher").await;
        let mut nodes = group.instances().iter();
        nodes.len() > 0 && nodes.all(|node| node.protected_from_scale_in() == Some(protected))
    }

    /// Least and wanted nodes of every role.
    pub async fn sizes(&self) -> Vec<(i32, i32)> {
        let mut sizes = vec![];
        for (role, ..) in ROLES {
            let group = self.group(role).await;
            sizes.push((group.min_size().unwrap(), group.desired_capacity().unwrap()));
        }
        sizes
    }

    /// The plan that the schedule holds, the instant at which it calls, and whether it calls at all.
    pub async fn remembered(&self) -> Option<(CapacityPlan, String, bool)> {
        let found = self.schedules.get_schedule().group_name(NAME).name("plan").send().await.ok()?;
        let target = found.target().unwrap();
        assert_eq!(target.arn(), self.function);
        let Ok(Wake::Plan(plan)) = serde_json::from_str(target.input().unwrap()) else { panic!("no plan") };
        let on = found.state() == Some(&ScheduleState::Enabled);
        Some((plan, found.schedule_expression().unwrap().to_owned(), on))
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.server.kill().unwrap();
    }
}

fn group(role: &str) -> String {
    format!("shop-{role}")
}

fn sdk(addr: SocketAddr) -> SdkConfig {
    let (key, secret) = aws::KEY;
    let credentials = SharedCredentialsProvider::new(Credentials::new(key, secret, None, None, "test"));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws::REGION))
        .endpoint_url(aws::url(addr))
        .credentials_provider(credentials)
        .build()
}
