//! The stack: where a full house answers and what it keeps, as `stack.json` in its folder tells.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddrV4},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    buyer::http::{Call, Http},
    verdict::{BrokerAt, LedgerAt},
};

/// How long a stack may take until it answers.
const STACK_READY_WAIT: Duration = Duration::from_secs(60);
/// A page that needs a journal: whoever answers it is open.
const ASK: &str = "/api/v1/sales";
const ASK_EVERY: Duration = Duration::from_millis(250);
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// One running stack.
#[derive(Clone, Debug)]
pub struct Stack {
    pub dir: PathBuf,
    pub balancer: SocketAddrV4,
    /// Of the primary: the verdict never reads what may be stale.
    pub postgres: String,
    pub ledger: LedgerAt,
    pub broker: BrokerAt,
    pub staff_email: String,
    pub staff_password: String,
}

/// What `stack.json` says, as far as we care.
#[derive(Deserialize)]
struct Told {
    nginx: String,
    postgres: String,
    /// With the login.
    rabbit_management: String,
    /// `redis://address:port` of every node.
    redis: Vec<String>,
}

/// How a node of ours was started.
#[derive(Deserialize)]
struct Launch {
    env: BTreeMap<String, String>,
}

/// Where a process of a stack answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    pub addr: SocketAddrV4,
    pub pid: u32,
}

/// Whom the stack started under a name.
#[derive(Deserialize)]
struct Started {
    pid: u32,
}

/// Where a node was told to listen.
const LISTEN_SETTING: &str = "MIAOSHA_SERVER__LISTEN";
const ADMIN_SETTING: &str = "MIAOSHA_SERVER__ADMIN_LISTEN";
/// What a node puts before every key of its own, and where it was told something else.
const REDIS_PREFIX: &str = "shop";
const REDIS_PREFIX_SETTING: &str = "MIAOSHA_CLUSTER__REDIS__PREFIX";

/// Who may plan sales, as written down where our binaries were started.
#[derive(Deserialize)]
struct Login {
    email: String,
    password: String,
}

impl Stack {
    /// The stack of this folder. Errors: no stack, or one without our own binaries in it.
    pub fn read(dir: &Path) -> anyhow::Result<Self> {
        let told: Told = json(&dir.join("stack.json"))?;
        let staff: Login = json(&dir.join("apps/staff.json")).context("our own binaries do not run in this stack")?;
        // All nodes have one prefix; the ledger is the consumers'.
        let mut consumer: Launch = json(&dir.join("run/consumer-1.json"))?;
        let prefix = consumer.env.remove(REDIS_PREFIX_SETTING).unwrap_or_else(|| REDIS_PREFIX.into());
        let nodes = told.redis.iter().map(|url| url.trim_start_matches("redis://").parse());
        let nodes = nodes.collect::<Result<_, _>>().context("a Redis node without an address")?;
        let balancer = told.nginx.trim_start_matches("http://").trim_end_matches('/').parse();
        Ok(Self {
            dir: dir.to_owned(),
            balancer: balancer.with_context(|| format!("{} is no address of a balancer", told.nginx))?,
            postgres: told.postgres,
            broker: BrokerAt::read(&told.rabbit_management)?,
            ledger: LedgerAt { nodes, prefix },
            staff_email: staff.email,
            staff_password: staff.password,
        })
    }

    /// Every publisher, past the balancer. Errors: there is none, or one that was not started.
    pub fn publishers(&self) -> anyhow::Result<Vec<Door>> {
        self.nodes("publisher", LISTEN_SETTING)
    }

    /// Every consumer, at its internal door. Errors: as [`publishers`](Self::publishers).
    pub fn consumers(&self) -> anyhow::Result<Vec<Door>> {
        self.nodes("consumer", ADMIN_SETTING)
    }

    fn nodes(&self, role: &str, setting: &str) -> anyhow::Result<Vec<Door>> {
        let run = self.dir.join("run");
        let door = |n: usize| -> anyhow::Result<Option<Door>> {
            let file = run.join(format!("{role}-{n}.json"));
            if !file.exists() {
                return Ok(None);
            }
            let launch: Launch = json(&file)?;
            let listen = launch.env.get(setting).with_context(|| format!("a {role} without an address"))?;
            let started: Started = json(&file.with_extension("pid"))?;
            Ok(Some(Door { addr: listen.parse().with_context(|| format!("a {role}'s address"))?, pid: started.pid }))
        };
        let doors: Vec<Door> = (1..).map_while(|n| door(n).transpose()).collect::<anyhow::Result<_>>()?;
        ensure!(!doors.is_empty(), "no {role} runs in {}", self.dir.display());
        Ok(doors)
    }

    /// Waits until the shop answers through the balancer. Errors: after [`STACK_READY_WAIT`].
    pub async fn ready(&self) -> anyhow::Result<()> {
        let mut http = Http::new(Ipv4Addr::LOCALHOST, self.balancer);
        let give_up = Instant::now() + STACK_READY_WAIT;
        let mut last = String::from("nothing");
        while Instant::now() < give_up {
            match timeout(ANSWER_WAIT, http.call(&Call::get(ASK))).await {
                Ok(Ok(answer)) if answer.is_ok() => return Ok(()),
                Ok(Ok(answer)) => last = answer.status.to_string(),
                Ok(Err(lost)) => last = lost.to_string(),
                Err(_) => last = "no answer".into(),
            }
            sleep(ASK_EVERY).await;
        }
        bail!("waited {} s for {ASK} of {}; last heard: {last}", STACK_READY_WAIT.as_secs(), self.balancer)
    }

    /// Where the mail sink keeps what it took in.
    pub fn letters_dir(&self) -> PathBuf {
        self.dir.join("mail/letters")
    }

    /// The provider's own record of every payment.
    pub fn provider_record(&self) -> PathBuf {
        self.dir.join("apps/payments.jsonl")
    }

    pub fn logs_dir(&self) -> PathBuf {
        self.dir.join("log")
    }
}

fn json<T: for<'de> Deserialize<'de>>(file: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} does not read", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_tells_where_its_balancer_is_and_who_is_staff() {
        let folder = tempfile::tempdir().unwrap();
        let told = r#"{"nginx":"http://127.20.3.31:8080","postgres":"postgres://x@127.20.3.31:1/m","rabbit_management":"http://guest:guest@127.20.3.21:1",
            "redis":["redis://127.20.3.11:7000"]}"#;
        fs::write(folder.path().join("stack.json"), told).unwrap();
        let error = Stack::read(folder.path()).unwrap_err();
        assert!(error.to_string().contains("our own binaries"), "{error:#}");
        fs::create_dir(folder.path().join("apps")).unwrap();
        let staff = r#"{"email":"staff@shop.test","password":"secret"}"#;
        fs::write(folder.path().join("apps/staff.json"), staff).unwrap();
        fs::create_dir(folder.path().join("run")).unwrap();
        let started =
            |env: &str| fs::write(folder.path().join("run/consumer-1.json"), format!(r#"{{"env":{{{env}}}}}"#));
        started(r#""MIAOSHA_CLUSTER__REDIS__PREFIX":"stall""#).unwrap();
        assert_eq!(Stack::read(folder.path()).unwrap().ledger.prefix, "stall");
        started("").unwrap();
        let stack = Stack::read(folder.path()).unwrap();
        assert_eq!(stack.ledger.prefix, "shop");
        assert_eq!(stack.balancer, "127.20.3.31:8080".parse().unwrap());
        assert_eq!(stack.staff_email, "staff@shop.test");
        assert!(stack.publishers().is_err(), "there is none");
        for n in [1, 2] {
            let listen = format!(r#"{{"env":{{"MIAOSHA_SERVER__LISTEN":"127.20.3.4{n}:80"}}}}"#);
            fs::write(folder.path().join(format!("run/publisher-{n}.json")), listen).unwrap();
            fs::write(folder.path().join(format!("run/publisher-{n}.pid")), format!(r#"{{"pid":{n},"started":5}}"#))
                .unwrap();
        }
        let second = Door { addr: "127.20.3.42:80".parse().unwrap(), pid: 2 };
        assert_eq!(stack.publishers().unwrap()[1..], [second]);
    }
}
