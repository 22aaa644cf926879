//! RabbitMQ: one private node with its management and prometheus plugins, and the epmd that it needs.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{
    ports::{Network, chance, free_ports},
    probe::Probe,
    server::{Launch, Layer, Server},
};

/// The scripts beside these in `sbin` switch user and folder.
const BIN: &str = "/usr/lib/rabbitmq/bin";
const NODE: &str = "stack@localhost";
const HOST: u8 = 21;
/// User and password; it answers on loopback alone.
const GUEST: &str = "guest";
/// Where the dead-letter worker gets no confirm, it tries again after so long (the default is 180 s).
const DEAD_LETTER_RETRY_MS: u32 = 5000;

/// The broker of one stack.
#[derive(Clone, Debug)]
pub struct Rabbit {
    pub epmd: Server,
    pub node: Server,
}

/// Where it answers.
#[derive(Clone, Copy, Debug)]
pub struct Doors {
    pub amqp: SocketAddr,
    pub management: SocketAddr,
    pub metrics: SocketAddr,
}

impl Doors {
    pub fn amqp_url(&self) -> String {
        format!("amqp://{GUEST}:{GUEST}@{}/%2f", self.amqp)
    }

    pub fn management_url(&self) -> String {
        format!("http://{GUEST}:{GUEST}@{}", self.management)
    }

    pub fn metrics_url(&self) -> String {
        format!("http://{}/metrics", self.metrics)
    }
}

/// Plans and starts the node.
pub fn start(stack: &Path, network: Network) -> Result<Doors> {
    let folder = stack.join("rabbit");
    fs::create_dir_all(&folder)?;
    let [amqp, management, metrics] = network.free_ports(HOST)?;
    let doors = Doors { amqp, management, metrics };
    // The name of the node is localhost, so what Erlang's nodes say to each other goes over 127.0.0.1.
    let [epmd, dist] = free_ports(IpAddr::V4(Ipv4Addr::LOCALHOST))?;
    write_files(&folder, doors)?;
    let rabbit = Rabbit {
        epmd: Server::add(stack, epmd_launch(&folder, epmd))?,
        node: Server::add(stack, node_launch(&folder, doors, epmd, dist))?,
    };
    rabbit.epmd.start()?;
    rabbit.epmd.wait_ready()?;
    rabbit.node.start()?;
    Ok(doors)
}

/// Started by ourselves: a node that finds none starts one as a daemon that nobody would ever end.
fn epmd_launch(folder: &Path, at: SocketAddr) -> Launch {
    let (ip, port) = (at.ip().to_string(), at.port().to_string());
    Launch::new("epmd", "epmd", folder)
        .args(["-address", &ip, "-port", &port])
        .layer(Layer::Ground)
        .probe(Probe::Accepts(at))
}

fn node_launch(folder: &Path, doors: Doors, epmd: SocketAddr, dist: SocketAddr) -> Launch {
    let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
    // No busy waiting: an idle broker is to be idle. And nobody else's network gets the node's own port.
    let erl = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}";
    Launch::new("rabbit", format!("{BIN}/rabbitmq-server"), folder)
        .env("HOME", file("home"))
        .env("RABBITMQ_NODENAME", NODE)
        .env("RABBITMQ_NODE_IP_ADDRESS", doors.amqp.ip().to_string())
        .env("RABBITMQ_NODE_PORT", doors.amqp.port().to_string())
        .env("RABBITMQ_DIST_PORT", dist.port().to_string())
        .env("ERL_EPMD_ADDRESS", epmd.ip().to_string())
        .env("ERL_EPMD_PORT", epmd.port().to_string())
        .env("RABBITMQ_MNESIA_BASE", file("mnesia"))
        .env("RABBITMQ_LOG_BASE", file("log"))
        .env("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", file("advanced.config"))
        .env("RABBITMQ_CONF_ENV_FILE", file("rabbitmq-env.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins"))
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erl)
        // Makes the script become the virtual machine, so the pid is the broker's.
        .env("RUNNING_UNDER_SYSTEMD", "1")
        .stops_slowly()
        .probe(Probe::Amqp(doors.amqp))
}

fn write_files(folder: &Path, doors: Doors) -> Result<()> {
    for name in ["home", "mnesia", "log"] {
        fs::create_dir_all(folder.join(name))?;
    }
    let cookie = folder.join("home/.erlang.cookie");
    fs::write(&cookie, format!("{:016x}{:016x}", chance(), chance()))?;
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400))?;
    let definitions = folder.join("definitions.json");
    let files = [
        (folder.join("enabled_plugins"), "[rabbitmq_management,rabbitmq_prometheus].\n".to_owned()),
        // Empty, but named: else Debian's own is read.
        (folder.join("rabbitmq-env.conf"), String::new()),
        (folder.join("advanced.config"), advanced()),
        (folder.join("rabbitmq.conf"), config(doors, &definitions)),
        (definitions, guest().to_string()),
    ];
    for (file, text) in files {
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn advanced() -> String {
    format!("[{{rabbit, [{{dead_letter_worker_publisher_confirm_timeout, {DEAD_LETTER_RETRY_MS}}}]}}].\n")
}

fn config(doors: Doors, definitions: &Path) -> String {
    let Doors { amqp, management, metrics } = doors;
    format!(
        "listeners.tcp.1 = {amqp}
management.tcp.ip = {}
management.tcp.port = {}
prometheus.tcp.ip = {}
prometheus.tcp.port = {}
load_definitions = {}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = info
log.file = false
",
        management.ip(),
        management.port(),
        metrics.ip(),
        metrics.port(),
        definitions.display()
    )
}

/// Whoever loads definitions gets no default user.
fn guest() -> serde_json::Value {
    serde_json::json!({
        "vhosts": [{"name": "/"}],
        "users": [{"name": GUEST, "password": GUEST, "tags": "administrator"}],
        "permissions": [{"user": GUEST, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
    })
}

impl Rabbit {
    pub fn of(stack: &Path) -> Result<Self> {
        Ok(Self { epmd: Server::find(stack, "epmd")?, node: Server::find(stack, "rabbit")? })
    }

    pub fn is_ready(&self) -> bool {
        self.node.is_ready()
    }

    /// Starts what does not run, and waits.
    pub fn start(&self) -> Result<()> {
        self.epmd.start()?;
        self.epmd.wait_ready()?;
        self.node.start()?;
        self.node.wait_ready()
    }

    /// A soft stop and a start: what is durable is there again.
    pub fn restart(&self) -> Result<()> {
        self.node.stop()?;
        self.start()
    }

    /// `rabbitmqctl` with these words, such as `set_disk_free_limit 1000GB`. Returns what it prints.
    pub fn ctl(&self, words: &[&str]) -> Result<String> {
        let env: &BTreeMap<String, String> = &self.node.launch().env;
        let mut command = Command::new(PathBuf::from(BIN).join("rabbitmqctl"));
        // Not the node's own port, nor its flags: this is a node of its own for as long as it speaks.
        let of_the_node = |name: &str| name.ends_with("ERL_ARGS") || name.contains("DIST_PORT");
        command.envs(env.iter().filter(|(name, _)| !of_the_node(name))).args(words);
        let output = command.current_dir(&self.node.launch().folder).output().context("cannot start rabbitmqctl")?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        ensure!(output.status.success(), "rabbitmqctl {}: {}", words.join(" "), said(&output.stderr));
        Ok(said(&output.stdout))
    }
}
