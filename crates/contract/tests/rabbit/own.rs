//! A broker of its own, for tests that kill, pause or starve it; one at a time, so that a small machine can bear it.

use std::{sync::Arc, sync::LazyLock, time::Duration};

use cluster::{
    amqp::{Rabbit, RabbitConfig},
    queue::RabbitQueue,
};
use stack::{Parts, Stack, rabbit::Rabbit as Node};
use tempfile::TempDir;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::sleep,
};

static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

/// A quorum queue of a single node that was killed within a second of its declaration is unreachable for good. Nothing that
/// can be asked tells when that second is over.
const SETTLED: Duration = Duration::from_secs(2);

pub struct Own {
    pub node: Node,
    pub config: RabbitConfig,
    _stack: Stack,
    _folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Own {
    pub async fn start() -> Self {
        let turn = TURN.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stack");
        let start = move || Stack::start(&path, Parts { rabbit: true, ..Parts::NONE });
        let stack = tokio::task::spawn_blocking(start).await.unwrap().unwrap();
        let mut config = RabbitConfig { url: stack.running().amqp.clone(), ..RabbitConfig::default() };
        config.claims.partitions = 1;
        Self { node: stack.rabbit().unwrap(), config, _stack: stack, _folder: folder, _turn: turn }
    }

    /// One process's queue, long enough there to bear a broker's death.
    pub async fn queue(&self) -> (Arc<Rabbit>, Arc<RabbitQueue>) {
        let rabbit = Rabbit::connect(self.config.clone()).await.unwrap();
        let queue = RabbitQueue::open(&rabbit).await.unwrap();
        self.settle().await;
        (rabbit, queue)
    }

    pub async fn settle(&self) {
        sleep(SETTLED).await;
    }

    pub async fn kill(&self) {
        let node = self.node.node.clone();
        tokio::task::spawn_blocking(move || node.kill()).await.unwrap().unwrap();
    }

    /// Starts it and waits until it answers.
    pub async fn revive(&self) {
        let node = self.node.clone();
        tokio::task::spawn_blocking(move || node.start()).await.unwrap().unwrap();
    }

    pub async fn ctl(&self, words: &'static [&'static str]) {
        let node = self.node.clone();
        tokio::task::spawn_blocking(move || node.ctl(words)).await.unwrap().unwrap();
    }
}
