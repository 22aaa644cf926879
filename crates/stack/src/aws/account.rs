//! A whole account in the stand-in: what terraform applies an environment to, and what has become of it.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path, path::PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{KEY, program, server_told, set_up, url};
use crate::{
    ports::Network,
    probe::Probe,
    server::{Launch, Server},
};

const DOOR: &str = include_str!("../../assets/aws_door.py");
const BEGIN: &str = concat!(include_str!("../../assets/aws.py"), include_str!("../../assets/aws_account.py"));
const LOOK: &str = concat!(include_str!("../../assets/aws.py"), include_str!("../../assets/aws_look.py"));
const GIVE_UP: &str = concat!(include_str!("../../assets/aws.py"), include_str!("../../assets/aws_given_up.py"));

/// The account's number in the stand-in.
pub const NUMBER: &str = "000000000000";

/// A stand-in of its own with a door before it, which answers what the stand-in does not know. Both end with this value.
pub struct Account {
    servers: [Server; 2],
    /// Where AWS answers, for everybody.
    pub endpoint: String,
    /// Where everything in it lives.
    pub region: String,
}

impl Account {
    /// An empty one, which keeps its files in this folder.
    pub fn open(folder: &Path, region: &str) -> Result<Self> {
        super::install()?;
        let network = Network::new();
        let (stand_in, door) = (network.free(1)?, network.free(2)?);
        // Also functions go through the door.
        let servers = [server_told(folder, stand_in, door)?, door_before(folder, door, stand_in)?];
        let account = Self { servers, endpoint: url(door), region: region.to_owned() };
        account.servers.iter().try_for_each(Server::start)?;
        account.servers.iter().try_for_each(Server::wait_ready)?;
        Ok(account)
    }

    /// What an AWS client must be told to come here.
    pub fn env(&self) -> [(&'static str, &str); 3] {
        [("AWS_ENDPOINT_URL", &self.endpoint), ("AWS_ACCESS_KEY_ID", KEY.0), ("AWS_SECRET_ACCESS_KEY", KEY.1)]
    }

    /// Puts there what an environment does not make itself; returns the number of the domain's zone.
    pub fn begin(&self, plan: &Beginning) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            zone_id: String,
        }
        Ok(set_up::<Answer>(BEGIN, &self.endpoint, &self.region, plan)?.zone_id)
    }

    /// How an environment of this name is.
    pub fn look(&self, name: &str) -> Result<Seen> {
        set_up(LOOK, &self.endpoint, &self.region, &BTreeMap::from([("name", name)]))
    }

    /// What people do by hand before they let terraform destroy an environment.
    pub fn give_up(&self, name: &str) -> Result<()> {
        set_up(GIVE_UP, &self.endpoint, &self.region, &BTreeMap::from([("name", name)]))
    }

    /// What stand-in, functions and door said.
    pub fn log(&self) -> String {
        self.servers.iter().map(|server| fs::read_to_string(server.log()).unwrap_or_default()).collect()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        for server in &self.servers {
            // What is in it is thrown away.
            let _ = server.kill();
        }
    }
}

/// What is in an account before an environment.
#[derive(Clone, Debug, Serialize)]
pub struct Beginning {
    pub artifacts_bucket: String,
    pub domain: String,
    /// Binaries of functions, by the name of their code in the bucket.
    pub codes: BTreeMap<String, PathBuf>,
}

/// How an applied environment is.
#[derive(Clone, Debug, Deserialize)]
pub struct Seen {
    /// What SES was given.
    pub letters: Vec<serde_json::Value>,
    /// Rows of the send ledger.
    pub sent: u64,
    /// Messages of each queue, those in hand included.
    pub queues: BTreeMap<String, u64>,
    /// Groups by role.
    pub groups: BTreeMap<String, Group>,
    /// Settings by role, as a node's first boot writes them down.
    pub settings: BTreeMap<String, BTreeMap<String, String>>,
    /// Settings that nodes fetch, by secret.
    pub secrets: BTreeMap<String, BTreeMap<String, String>>,
    /// What lambda-capacity remembers.
    pub plan: Option<Planned>,
    /// Units that the balancer holds ready.
    pub reserved_units: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Group {
    pub min: u32,
    pub desired: u32,
    /// Nodes that a smaller group may not take.
    pub protected: usize,
    /// Name, least and wanted nodes.
    pub scheduled: Vec<(String, u32, u32)>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Planned {
    /// What the schedule calls the function with.
    pub input: serde_json::Value,
    /// Whether it calls at all.
    pub on: bool,
}

fn door_before(stack: &Path, addr: SocketAddr, stand_in: SocketAddr) -> Result<Server> {
    let folder = stack.join("aws-door");
    fs::create_dir_all(&folder)?;
    let script = folder.join("aws_door.py");
    fs::write(&script, DOOR)?;
    let launch = Launch::new("aws-door", program("python").to_string_lossy(), &folder)
        .args([script.to_string_lossy()])
        .args([addr, stand_in].iter().flat_map(|at| [at.ip().to_string(), at.port().to_string()]))
        .probe(Probe::Http(addr, "/_ministack/health".into()));
    Server::add(stack, launch)
}
