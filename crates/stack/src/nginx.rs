//! nginx: the one door to the world. It serves the pages and spreads the rest over our binaries.

use std::{
    fmt::Write,
    fs,
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::{
    probe::Probe,
    process::Process,
    progress::until,
    server::{Launch, Layer, Server},
    setup::{am_root, run, which},
};

const TEMPLATE: &str = include_str!("nginx.conf");
const NAME: &str = "nginx";
/// How long workers with the old routes may take to be replaced.
const RELOAD_WITHIN: Duration = Duration::from_secs(10);

/// As the one process says it (`crates/standalone/src/pages.rs`).
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                   font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// As our binaries say it (`kit::http::harden`).
const HEADERS: [(&str, &str); 6] = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];
/// Name in the template, status, code, title; codes and titles are those of `kit::http::problem`.
const PROBLEMS: [(&str, u16, &str, &str); 9] = [
    ("400", 400, "bad_request", "the request cannot be understood"),
    ("404", 404, "not_found", "no such thing"),
    ("405", 405, "method_not_allowed", "this cannot be done here"),
    ("408", 408, "request_timeout", "the body did not arrive in time"),
    ("413", 413, "body_too_large", "the body is too large"),
    ("429", 429, "too_many_requests", "asked too often"),
    ("431", 431, "head_too_large", "the head of the request is too large"),
    ("503", 503, "unavailable", "not possible at the moment"),
    ("504", 503, "timed_out", "that took too long"),
];

/// Who answers behind the door; an empty list answers 503.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstreams {
    pub publisher: Vec<SocketAddr>,
    pub consumer: Vec<SocketAddr>,
    pub general: Vec<SocketAddr>,
}

/// How the door is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub listen: SocketAddr,
    pub upstreams: Upstreams,
    /// The folder with `pages`, `js`, `css` and `img`.
    pub pages: PathBuf,
    pub workers: u32,
    /// Each worker's connections, to both sides.
    pub worker_connections: u32,
    /// Requests to our binaries from one address: so many a second, and so many at once.
    pub rate_per_s: u32,
    pub burst: u32,
}

impl Plan {
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            upstreams: Upstreams::default(),
            pages: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../static"),
            workers: 2,
            worker_connections: 9_000,
            rate_per_s: 2_000,
            burst: 4_000,
        }
    }
}

/// The balancer of one stack.
#[derive(Clone, Debug)]
pub struct Nginx {
    pub server: Server,
    folder: PathBuf,
}

/// Writes the plan down and starts it.
pub fn start(stack: &Path, plan: &Plan) -> Result<Nginx> {
    let folder = stack.join(NAME);
    fs::create_dir_all(&folder)?;
    let program = which("nginx").context("there is no nginx")?.to_string_lossy().into_owned();
    let prefix = folder.to_string_lossy().into_owned();
    // Until it has read its own configuration it would log to the system's file.
    let args = ["-e", "stderr", "-p", &prefix, "-c", "nginx.conf"];
    let launch =
        Launch::new(NAME, program, &folder).args(args).layer(Layer::Edge).probe(Probe::Http(plan.listen, "/".into()));
    let nginx = Nginx { server: Server::add(stack, launch)?, folder };
    nginx.write(plan)?;
    nginx.server.start()?;
    Ok(nginx)
}

impl Nginx {
    pub fn of(stack: &Path) -> Result<Self> {
        Ok(Self { server: Server::find(stack, NAME)?, folder: stack.join(NAME) })
    }

    pub fn plan(&self) -> Result<Plan> {
        let file = self.folder.join("plan.json");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    fn write(&self, plan: &Plan) -> Result<()> {
        fs::write(self.folder.join("plan.json"), serde_json::to_string_pretty(plan)?)?;
        Ok(fs::write(self.folder.join("nginx.conf"), config(plan, &self.folder)?)?)
    }

    /// From now on these answer behind the door.
    pub fn route(&self, upstreams: Upstreams) -> Result<()> {
        self.change(|plan| plan.upstreams = upstreams)
    }

    /// Changes the plan; where nginx runs, waits until no worker with the old one takes connections.
    pub fn change(&self, change: impl FnOnce(&mut Plan)) -> Result<()> {
        let mut plan = self.plan()?;
        change(&mut plan);
        self.write(&plan)?;
        let prefix = self.folder.to_string_lossy().into_owned();
        let program = self.server.launch().program.clone();
        run(&[&program, "-e", "stderr", "-p", &prefix, "-c", "nginx.conf", "-t"], &self.folder)?;
        let Some(master) = self.server.process() else { return Ok(()) };
        let mut old = master.family();
        old.retain(|member| *member != master);
        master.signal(Signal::HUP);
        until("nginx to take its new routes", RELOAD_WITHIN, || !old.iter().any(takes_connections), || Ok(()))
    }
}

/// A worker that was told to end serves what it has, and says so in its title.
fn takes_connections(worker: &Process) -> bool {
    let title = fs::read(format!("/proc/{}/cmdline", worker.pid)).unwrap_or_default();
    worker.is_alive() && !String::from_utf8_lossy(&title).contains("shutting down")
}

/// The template with everything filled in.
pub(crate) fn config(plan: &Plan, folder: &Path) -> Result<String> {
    let pages = plan.pages.canonicalize().with_context(|| format!("no pages in {}", plan.pages.display()))?;
    let mut headers = String::new();
    for (name, value) in HEADERS {
        write!(headers, "add_header {name} \"{value}\" always; ")?;
    }
    let mut text = TEMPLATE.to_owned();
    for (name, status, code, title) in PROBLEMS {
        text = text.replace(&format!("{{{{{name}}}}}"), &problem(status, code, title));
    }
    let values = [
        ("folder", folder.to_string_lossy().into_owned()),
        ("user", user(&pages)?),
        ("workers", plan.workers.to_string()),
        ("files", (plan.worker_connections * 2).to_string()),
        ("connections", plan.worker_connections.to_string()),
        ("rate_per_s", plan.rate_per_s.to_string()),
        ("burst", plan.burst.to_string()),
        ("csp", CSP.to_owned()),
        ("headers", headers),
        ("publisher", upstream(&plan.upstreams.publisher)?),
        ("consumer", upstream(&plan.upstreams.consumer)?),
        ("general", upstream(&plan.upstreams.general)?),
        ("listen", plan.listen.to_string()),
        ("static", pages.to_string_lossy().into_owned()),
    ];
    for (name, value) in values {
        text = text.replace(&format!("{{{{{name}}}}}"), &value);
    }
    Ok(text)
}

/// nginx fills in the id itself.
fn problem(status: u16, code: &str, title: &str) -> String {
    format!(
        "{{\"type\":\"/docs/problems#{code}\",\"title\":\"{title}\",\"status\":{status},\"code\":\"{code}\",\
         \"request_id\":\"$request_id\"}}"
    )
}

/// A node that dies is left out for a second. An upstream must have a server, so nobody is one that is down.
fn upstream(addrs: &[SocketAddr]) -> Result<String> {
    if addrs.is_empty() {
        return Ok("server 127.0.0.1:1 down;".into());
    }
    let mut text = String::from("zone shared 64k; ");
    for addr in addrs {
        write!(text, "server {addr} max_fails=1 fail_timeout=1s; ")?;
    }
    // Idle connections end here sooner than there (`header_timeout`): a claim sent into one that just closed is not repeated.
    text.push_str("keepalive 64; keepalive_timeout 5s;");
    Ok(text)
}

/// Workers of a master that is root run as whoever owns the pages: they may lie in somebody's closed home.
fn user(pages: &Path) -> Result<String> {
    if !am_root() {
        return Ok(String::new());
    }
    let owner = fs::metadata(pages)?.uid().to_string();
    let (user, group) = (run(&["id", "-un", &owner], pages)?, run(&["id", "-gn", &owner], pages)?);
    Ok(format!("user {user} {group};"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_blank_of_the_template_is_filled_in() {
        let mut plan = Plan::new("127.0.0.1:8080".parse().unwrap());
        plan.upstreams.publisher = vec!["127.20.0.41:9000".parse().unwrap()];
        let text = config(&plan, Path::new("/x")).unwrap();
        assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
        assert!(text.contains("server 127.20.0.41:9000 max_fails=1"));
        assert!(text.contains("upstream general { server 127.0.0.1:1 down; }"));
    }
}
