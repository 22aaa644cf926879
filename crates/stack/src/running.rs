//! What runs, and where it answers: written by whoever starts a stack, read by tests and tools.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The variable that names the folder of a stack that runs.
pub const STACK_ENV: &str = "TEST_STACK";

/// Where each server of one running stack answers; all of them on 127.0.0.0/8.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The stack's private folder: data, logs, pids, and this as `stack.json`.
    pub dir: PathBuf,
    /// `redis://127.x.y.z:port` of every node of the cluster, masters and replicas.
    pub redis: Vec<String>,
    /// `amqp://user:password@127.x.y.z:port/%2f`.
    pub amqp: String,
    /// `http://user:password@127.x.y.z:port` of RabbitMQ's management plugin.
    pub rabbit_management: String,
    /// `http://127.x.y.z:port/metrics` of RabbitMQ's prometheus plugin.
    pub rabbit_metrics: String,
    /// `postgres://user@127.x.y.z:port/miaosha` of the primary; the user may create databases.
    pub postgres: String,
    /// The streaming replica of it.
    pub postgres_replica: String,
    /// `http://127.0.0.1:port` of the balancer.
    pub nginx: String,
    /// `http://127.0.0.1:port` of the AWS stand-in.
    pub aws: String,
    /// `127.0.0.1:port` of the mail sink, SMTP.
    pub smtp: String,
}

impl Running {
    /// The stack that [`STACK_ENV`] names.
    pub fn from_env() -> Result<Self> {
        let dir = std::env::var_os(STACK_ENV).with_context(|| {
            format!("no stack: start one and set {STACK_ENV} to its folder (`cargo xtask test rust` does)")
        })?;
        Self::read(Path::new(&dir))
    }

    /// The stack of this folder.
    pub fn read(dir: &Path) -> Result<Self> {
        let file = dir.join("stack.json");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no description of a stack", file.display()))
    }

    /// Leaves word in the stack's folder.
    pub fn write(&self) -> Result<()> {
        let file = self.dir.join("stack.json");
        let text = serde_json::to_string_pretty(self)?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}
