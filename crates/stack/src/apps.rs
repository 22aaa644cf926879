//! Our own binaries in a stack: some nodes of each role and one payment provider, behind the stack's door.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    Running,
    aws::{self, MailPlan},
    nginx::{Nginx, Upstreams},
    ports::{Network, chance},
    probe::Probe,
    server::{Launch, Layer, Server},
    setup::run,
};

/// Hosts on the apps' own network: the first node of each role, and the provider.
const PUBLISHERS: u8 = 41;
const CONSUMERS: u8 = 61;
const GENERALS: u8 = 81;
const PROVIDER: u8 = 101;
/// Nodes of one role, so that their hosts do not meet.
const NODES_MAX: u8 = 20;
/// Nobody answers there: mail waits in the outbox.
const NO_MAIL: &str = "http://127.0.0.1:1/nobody";
/// Where the staff login is written down.
const STAFF_FILE: &str = "apps/staff.json";

/// What is started, and with which settings.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the binaries lie, as in `target/release`.
    pub binaries: PathBuf,
    pub publishers: u8,
    pub consumers: u8,
    pub generals: u8,
    /// Settings of all nodes beyond those that follow from the stack, as in `MIAOSHA_CLUSTER__REDIS__PREFIX`.
    pub settings: BTreeMap<String, String>,
    /// Plan the demo sales where the journal has none.
    pub demo: bool,
}

impl Plan {
    /// Two nodes of each role.
    pub fn new(binaries: &Path) -> Self {
        let (publishers, consumers, generals) = (2, 2, 2);
        Self { binaries: binaries.to_owned(), publishers, consumers, generals, settings: BTreeMap::new(), demo: false }
    }

    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }
}

/// What was started. Each node is a [`Server`] of the stack by its name: `publisher-1`, `consumer-2`, `general-1`, `provider`.
#[derive(Clone, Debug)]
pub struct Apps {
    /// Where the nodes answer, in the order of their numbers.
    pub doors: Upstreams,
    /// Their internal doors, by name.
    pub admin: BTreeMap<String, SocketAddr>,
    pub staff: Staff,
    /// The provider's record of what it did, for the verdict.
    pub payments: PathBuf,
}

/// Who may plan sales.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Staff {
    pub email: String,
    pub password: String,
}

/// As `cargo xtask test` builds everything: asked for another choice of packages or features, cargo would compile half of it again.
pub const AS_THE_TESTS: &[&str] = &["--workspace", "--all-targets", "--features", "contract/real,stack/real"];

/// Builds binaries of ours as the running program was built, and returns where they lie.
///
/// Repeat: what is built is left alone.
pub fn build(packages: &[&str]) -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let profile = ["release", "debug"].into_iter().find(|name| me.iter().any(|part| part == *name));
    let mut words = vec!["build", "--quiet"];
    if profile == Some("release") {
        words.push("--release");
        words.extend(packages.iter().flat_map(|package| ["--package", package]));
    } else {
        words.extend(AS_THE_TESTS);
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let status = cargo.args(&words).current_dir(env!("CARGO_MANIFEST_DIR")).status().context("cannot start cargo")?;
    ensure!(status.success(), "`cargo {}` ended with {status}", words.join(" "));
    let target =
        me.ancestors().find(|folder| folder.file_name().is_some_and(|name| Some(name) == profile.map(OsStr::new)));
    Ok(target.context("this program does not lie where cargo builds")?.to_owned())
}

/// Starts the nodes and routes the door to them; returns when all are ready.
///
/// Repeat: nodes that run are stopped first, and everything that was stored stays. `Stack::up` starts again what died.
pub fn start(running: &Running, plan: &Plan) -> Result<Apps> {
    ensure!(
        [plan.publishers, plan.consumers, plan.generals].iter().all(|n| (1..=NODES_MAX).contains(n)),
        "1 to 20 nodes"
    );
    let house = House::prepare(running, plan)?;
    let provider = house.provider()?;
    let mut nodes = vec![];
    for (role, count, first) in roles(plan) {
        for n in 0..count {
            nodes.push(house.node(role, n + 1, first + n, provider.door)?);
        }
    }
    for node in [&provider].into_iter().chain(&nodes) {
        node.server.stop()?;
        node.server.start()?;
    }
    for node in [&provider].into_iter().chain(&nodes) {
        node.server.wait_ready()?;
    }
    let doors = |role: &str| nodes.iter().filter(|n| n.server.name().starts_with(role)).map(|n| n.door).collect();
    let doors = Upstreams { publisher: doors("publisher"), consumer: doors("consumer"), general: doors("general") };
    if !running.nginx.is_empty() {
        Nginx::of(&running.dir)?.route(doors.clone())?;
    }
    let admin = nodes.iter().chain([&provider]).map(|n| (n.server.name().to_owned(), n.admin)).collect();
    Ok(Apps { doors, admin, staff: house.staff, payments: house.folder.join("payments.jsonl") })
}

/// Where a node in this folder does not answer, all are stopped and forgotten: `Stack::up` would start them with the settings
/// that may be what ails them.
pub fn forget_unless_ready(folder: &Path) -> Result<()> {
    let mut nodes = Server::all(folder)?;
    nodes.retain(|node| node.launch().layer == Layer::App);
    if nodes.iter().all(Server::is_ready) { Ok(()) } else { nodes.iter().try_for_each(Server::forget) }
}

fn roles(plan: &Plan) -> [(&'static str, u8, u8); 3] {
    [
        ("publisher", plan.publishers, PUBLISHERS),
        ("consumer", plan.consumers, CONSUMERS),
        ("general", plan.generals, GENERALS),
    ]
}

/// What all nodes of one stack share.
struct House<'a> {
    running: &'a Running,
    plan: &'a Plan,
    folder: PathBuf,
    network: Network,
    staff: Staff,
    /// What proves a node to the provider.
    key: String,
    mail_url: String,
}

struct Node {
    server: Server,
    door: SocketAddr,
    admin: SocketAddr,
}

impl<'a> House<'a> {
    fn prepare(running: &'a Running, plan: &'a Plan) -> Result<Self> {
        let folder = running.dir.join("apps");
        fs::create_dir_all(&folder)?;
        let binary = |name: &str| plan.binaries.join(name);
        keys(&folder, &binary("miaosha-general"))?;
        let mail_url = if running.aws.is_empty() {
            NO_MAIL.to_owned()
        } else {
            let smtp = running.smtp.parse().context("the stack has no mail sink")?;
            aws::mail(&running.aws, &MailPlan::new("shop", &binary("lambda-email"), smtp))?.queue_url
        };
        let staff = staff(&running.dir.join(STAFF_FILE))?;
        Ok(Self { running, plan, folder, network: Network::new(), staff, key: word(), mail_url })
    }

    /// A node of any kind, not yet started: in a folder of its own, with two doors on an address of its own.
    fn launch(&self, name: &str, binary: &str, host: u8, settings: &[(&str, String)]) -> Result<Node> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        let [door, admin] = self.network.free_ports(host)?;
        let program = self.plan.binaries.join(binary);
        ensure!(program.is_file(), "{} is not there: build it first", program.display());
        let mut launch = Launch::new(name, program.to_string_lossy(), &folder)
            .layer(Layer::App)
            .probe(Probe::Http(admin, "/readyz".into()))
            .env("MIAOSHA_SERVER__LISTEN", door.to_string())
            .env("MIAOSHA_SERVER__ADMIN_LISTEN", admin.to_string());
        for (key, value) in settings {
            launch = launch.env(key, value);
        }
        Ok(Node { server: Server::add(&self.running.dir, launch)?, door, admin })
    }

    fn provider(&self) -> Result<Node> {
        let record = self.folder.join("payments.jsonl");
        let settings = [
            ("MIAOSHA_PROVIDER__RECORD", record.to_string_lossy().into_owned()),
            ("MIAOSHA_PROVIDER__KEY", self.key.clone()),
        ];
        self.launch("provider", "sandbox-provider", PROVIDER, &settings)
    }

    fn node(&self, role: &str, number: u8, host: u8, provider: SocketAddr) -> Result<Node> {
        let running = self.running;
        let (access, secret) = aws::KEY;
        let mut settings = vec![
            ("MIAOSHA_KEYS__RING", format!("file:{}", self.folder.join("keys.json").display())),
            ("MIAOSHA_JOURNAL__URL", running.postgres.clone()),
            ("MIAOSHA_JOURNAL__REPLICA_URL", running.postgres_replica.clone()),
            ("MIAOSHA_CLUSTER__REDIS__URLS", serde_json::to_string(&running.redis)?),
            ("MIAOSHA_CLUSTER__RABBIT__URL", running.amqp.clone()),
            ("MIAOSHA_CLUSTER__PAY__URL", format!("http://{provider}")),
            ("MIAOSHA_CLUSTER__PAY__KEY", self.key.clone()),
            ("MIAOSHA_CLUSTER__MAIL__QUEUE_URL", self.mail_url.clone()),
            ("MIAOSHA_CLUSTER__MAIL__ENDPOINT", running.aws.clone()),
            ("MIAOSHA_CLUSTER__MAIL__REGION", aws::REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", access.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
        ];
        // One node alone: two that find no sale would both plan the demo.
        if (role, number) == ("general", 1) {
            settings.push(("MIAOSHA_STAFF_EMAIL", self.staff.email.clone()));
            settings.push(("MIAOSHA_STAFF_PASSWORD", self.staff.password.clone()));
            settings.push(("MIAOSHA_SHOP__DEMO", self.plan.demo.to_string()));
        }
        let settings_of_role = self.plan.settings.iter().filter(|(name, _)| is_for(role, name));
        settings.extend(settings_of_role.map(|(name, value)| (name.as_str(), value.clone())));
        self.launch(&format!("{role}-{number}"), &format!("miaosha-{role}"), host, &settings)
    }
}

/// A role's own settings are unknown to the others, and an unknown setting is an error.
fn is_for(role: &str, setting: &str) -> bool {
    let names = |role: &str| setting.starts_with(&format!("MIAOSHA_{}__", role.to_uppercase()));
    names(role) || !["publisher", "consumer", "general"].into_iter().any(names)
}

/// The key ring of all nodes, made once.
fn keys(folder: &Path, binary: &Path) -> Result<()> {
    let file = folder.join("keys.json");
    if file.is_file() {
        return Ok(());
    }
    let ring = run(&[&binary.to_string_lossy(), "--new-keys"], folder).context("build the binaries first")?;
    write_private(&file, &ring)
}

/// The staff login, made once.
fn staff(file: &Path) -> Result<Staff> {
    if let Ok(text) = fs::read_to_string(file) {
        return serde_json::from_str(&text).with_context(|| format!("{} holds no staff login", file.display()));
    }
    let staff = Staff { email: "staff@miaosha.test".into(), password: word() };
    write_private(file, &serde_json::to_string(&staff)?)?;
    Ok(staff)
}

fn write_private(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o600))?)
}

/// What nobody guesses.
fn word() -> String {
    format!("{:016x}{:016x}", chance(), chance())
}
