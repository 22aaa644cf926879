//! Redis Cluster: three masters, each with a replica.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};

use crate::{
    ports::{BUS_OFFSET, Network},
    probe::Probe,
    progress::until,
    resp::ask,
    server::{Launch, READY_WITHIN, Server},
    setup::run,
};

const NODES: u8 = 6;
/// Half of them; a replica for each.
const REPLICAS: usize = 3;
/// A node that is silent for so long is voted out; the failover takes about a second more.
const NODE_TIMEOUT_MS: u32 = 1000;
const FIRST_HOST: u8 = 11;
/// How long new nodes may take until they take orders.
const UP_WITHIN: Duration = Duration::from_secs(20);

/// The cluster of one stack.
#[derive(Clone, Debug)]
pub struct Redis {
    pub nodes: Vec<Server>,
}

/// A node as another one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub id: String,
    /// The master that it copies; `-` for a master.
    pub copies: String,
    pub addr: SocketAddr,
    pub master: bool,
    /// Nobody doubts that it lives.
    pub healthy: bool,
    /// First and last of each range that it serves.
    pub slots: Vec<(u16, u16)>,
}

/// Plans and starts the nodes; they know nothing of each other until [`join`].
pub fn start(stack: &Path, network: Network) -> Result<Vec<SocketAddr>> {
    let mut addrs = vec![];
    for number in 1..=NODES {
        let addr = network.free(FIRST_HOST + number - 1)?;
        add(stack, &format!("redis-{number}"), addr)?.start()?;
        addrs.push(addr);
    }
    Ok(addrs)
}

fn add(stack: &Path, name: &str, addr: SocketAddr) -> Result<Server> {
    let folder = stack.join(name);
    fs::create_dir_all(&folder)?;
    let file = folder.join("redis.conf");
    fs::write(&file, config(addr, &folder))?;
    let launch = Launch::new(name, "redis-server", &folder).args([file.to_string_lossy()]).probe(Probe::Redis(addr));
    Server::add(stack, launch)
}

fn config(addr: SocketAddr, folder: &Path) -> String {
    let (ip, port, bus, folder) = (addr.ip(), addr.port(), addr.port() + BUS_OFFSET, folder.display());
    format!(
        "bind {ip}
# Also what it says to the other nodes comes from its own address, so that a cut address is a cut node.
bind-source-addr {ip}
# The protected mode takes every loopback address but 127.0.0.1 for the wide world.
protected-mode no
port {port}
dir \"{folder}\"
daemonize no
cluster-enabled yes
cluster-node-timeout {NODE_TIMEOUT_MS}
cluster-announce-ip {ip}
cluster-port {bus}
cluster-require-full-coverage no
# Without these two a master that is killed early never fails over.
cluster-replica-validity-factor 0
repl-diskless-sync-delay 0
appendonly yes
save \"\"
maxmemory-policy noeviction
"
    )
}

/// Makes new nodes one cluster.
pub fn join(stack: &Path, addrs: &[SocketAddr]) -> Result<()> {
    for addr in addrs {
        let answers = || ask(*addr, &["PING"]).is_ok();
        until(&format!("redis at {addr}"), UP_WITHIN, answers, || Ok(()))?;
    }
    let nodes: Vec<String> = addrs.iter().map(ToString::to_string).collect();
    let mut words = vec!["redis-cli", "--cluster", "create"];
    words.extend(nodes.iter().map(String::as_str));
    words.extend(["--cluster-replicas", "1", "--cluster-yes"]);
    run(&words, stack).map(drop)
}

impl Redis {
    pub fn of(stack: &Path) -> Result<Self> {
        let nodes: Result<Vec<Server>> = (1..=NODES).map(|n| Server::find(stack, &format!("redis-{n}"))).collect();
        Ok(Self { nodes: nodes? })
    }

    /// Every node is well, and sees three masters and three replicas that are well.
    pub fn is_ready(&self) -> bool {
        let whole = |view: Vec<Node>| {
            let replicas = view.iter().filter(|node| !node.master && node.healthy).count();
            let masters = view.iter().filter(|node| node.master && node.healthy && !node.slots.is_empty()).count();
            replicas == REPLICAS && masters == REPLICAS
        };
        self.nodes.iter().all(|node| node.is_ready() && addr(node).and_then(view).is_ok_and(whole))
    }

    pub fn wait_ready(&self) -> Result<()> {
        until("the redis cluster", READY_WITHIN, || self.is_ready(), || Ok(()))
    }

    /// The cluster as the first node that answers sees it.
    pub fn view(&self) -> Result<Vec<Node>> {
        let answering = self.nodes.iter().find_map(|node| view(addr(node).ok()?).ok());
        answering.context("no redis node answers")
    }

    /// The masters that serve slots and are well, by their first slot.
    pub fn masters(&self) -> Result<Vec<Node>> {
        let mut masters = self.view()?;
        masters.retain(|node| node.master && node.healthy && !node.slots.is_empty());
        masters.sort_by_key(|node| node.slots.clone());
        Ok(masters)
    }

    /// The master that serves this key.
    pub fn master_of(&self, key: &str) -> Result<Node> {
        let masters = self.masters()?;
        let first = masters.first().context("there is no redis master")?;
        let slot: u16 = ask(first.addr, &["CLUSTER", "KEYSLOT", key])?.parse()?;
        let serves = |node: &Node| node.slots.iter().any(|&(from, to)| (from..=to).contains(&slot));
        masters.into_iter().find(serves).with_context(|| format!("nobody serves slot {slot}"))
    }

    /// A replica of this master.
    pub fn replica_of(&self, master: &Node) -> Result<&Server> {
        let replica = self.view()?.into_iter().find(|node| node.copies == master.id && node.healthy);
        self.server(replica.with_context(|| format!("{} has no replica", master.addr))?.addr)
    }

    /// The server behind a node.
    pub fn server(&self, node: SocketAddr) -> Result<&Server> {
        let found = self.nodes.iter().find(|server| addr(server).is_ok_and(|addr| addr == node));
        found.with_context(|| format!("no redis node of ours is at {node}"))
    }

    /// Empties every master, and by replication their replicas.
    pub fn flush_all(&self) -> Result<()> {
        let masters = self.masters()?;
        ensure!(masters.len() == REPLICAS, "only {} of {REPLICAS} redis masters answer", masters.len());
        masters.iter().try_for_each(|node| ask(node.addr, &["FLUSHALL"]).map(drop))
    }
}

/// Where a node answers.
pub fn addr(server: &Server) -> Result<SocketAddr> {
    match server.launch().probe {
        Probe::Redis(addr) => Ok(addr),
        _ => anyhow::bail!("{} is no redis node", server.name()),
    }
}

fn view(addr: SocketAddr) -> Result<Vec<Node>> {
    let text = ask(addr, &["CLUSTER", "NODES"])?;
    Ok(text.lines().filter_map(node).collect())
}

/// Of `id ip:port@bus flags master ping pong epoch link slots...`.
fn node(line: &str) -> Option<Node> {
    let words: Vec<&str> = line.split(' ').collect();
    let addr = words.get(1)?.split('@').next()?.parse().ok()?;
    let flags: Vec<&str> = words.get(2)?.split(',').collect();
    let healthy = words.get(7) == Some(&"connected") && !flags.iter().any(|flag| flag.starts_with("fail"));
    let slots = words.iter().skip(8).filter_map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some((from.parse().ok()?, to.parse().ok()?))
    });
    let (id, copies) = ((*words.first()?).to_owned(), (*words.get(3)?).to_owned());
    Some(Node { id, copies, addr, master: flags.contains(&"master"), healthy, slots: slots.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_tells_who_serves_what() {
        let master = node("07c3 127.20.1.11:11000@21000 myself,master - 0 0 1 connected 0-5460 9000").unwrap();
        assert_eq!(master.addr, "127.20.1.11:11000".parse().unwrap());
        assert!(master.master && master.healthy);
        assert_eq!(master.slots, [(0, 5460), (9000, 9000)]);
        let dead = node("e7d1 127.20.1.12:11000@21000,host slave,fail 07c3 1 2 3 disconnected").unwrap();
        assert!(!dead.master && !dead.healthy && dead.slots.is_empty());
        assert_eq!((dead.copies, master.copies.as_str()), (master.id, "-"));
    }
}
