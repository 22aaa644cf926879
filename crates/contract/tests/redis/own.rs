//! A cluster of its own, for tests that kill, pause or empty it; one at a time, so that a small machine can bear it.

use std::{net::SocketAddr, sync::LazyLock};

use cluster::redis::{Redis, RedisConfig};
use contract::fresh;
use stack::{Parts, Server, Stack, redis::Redis as Nodes, resp::ask};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

/// Three masters and three replicas that end with this.
pub struct Own {
    pub nodes: Nodes,
    stack: Stack,
    _folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Own {
    pub async fn start() -> Self {
        let turn = TURN.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stack");
        let start = move || Stack::start(&path, Parts { redis: true, ..Parts::NONE });
        let stack = tokio::task::spawn_blocking(start).await.unwrap().unwrap();
        Self { nodes: stack.redis().unwrap(), stack, _folder: folder, _turn: turn }
    }

    /// A process' settings, as impatient as in a sale.
    pub fn config(&self) -> RedisConfig {
        let mut config = RedisConfig { urls: self.stack.running().redis.clone(), ..RedisConfig::default() };
        config.bus.channels = 4;
        config
    }

    pub fn open(&self) -> Redis {
        Redis::open(self.config()).unwrap()
    }

    /// Where the master of this key answers.
    pub fn master_of(&self, key: &str) -> SocketAddr {
        self.nodes.master_of(key).unwrap().addr
    }

    /// Where that master's replica answers.
    pub fn replica_of(&self, master: SocketAddr) -> SocketAddr {
        let text = ask(master, &["INFO", "replication"]).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("slave0:")).expect("a replica");
        let of = |name| line.split(',').find_map(|part| part.strip_prefix(name)).expect("its address");
        format!("{}:{}", of("ip="), of("port=")).parse().unwrap()
    }

    pub fn server(&self, addr: SocketAddr) -> &Server {
        self.nodes.server(addr).unwrap()
    }

    /// Until this node is the master of the key.
    pub async fn until_master(&self, node: SocketAddr, key: &str) {
        let is = || self.nodes.master_of(key).is_ok_and(|master| master.addr == node);
        fresh::until("the failover", || std::future::ready(is())).await;
        // The others may still point to the old one for a moment; clients must bear that.
    }

    /// Says it to every node.
    pub fn everywhere(&self, command: &[&str]) {
        for node in self.nodes.view().unwrap() {
            ask(node.addr, command).unwrap();
        }
    }
}
