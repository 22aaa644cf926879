//! The counter as a server of its own, on the real parts.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use cluster::JournalConfig;
use kit::{
    clock::{OsChance, SystemClock},
    http::{OriginPolicy, health::Check, origin},
    lifecycle::Lifecycle,
    process::{House, Program},
    tokens::{KEYS_MANUAL, KeysConfig},
};
use serde::Deserialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROGRAM: Program = Program {
    name: "miaosha-consumer",
    about: "The counter of a flash sale: claims are decided, holds expire, and buyers ask what became of theirs.",
    version: env!("CARGO_PKG_VERSION"),
    manual: &[cluster::MANUAL, KEYS_MANUAL, consumer::MANUAL],
    elsewhere: &[],
};

#[derive(Deserialize)]
struct Config {
    journal: JournalConfig,
    cluster: cluster::Config,
    keys: KeysConfig,
    consumer: consumer::Config,
}

fn main() -> ExitCode {
    PROGRAM.main(open)
}

async fn open(config: Config, life: Lifecycle) -> anyhow::Result<House> {
    config.consumer.check()?;
    let keys = Arc::new(config.keys.load()?);
    let (clock, chance) = (Arc::new(SystemClock), Arc::new(OsChance));
    kit::telemetry::begin(kit::telemetry::Room::Cluster);
    let parts = cluster::open(PROGRAM.name, config.cluster, config.journal, clock, chance).await?;
    // The clock's heartbeat first: whoever judges time asks for it, and a start is a jump of the clock.
    parts.journal.beat().await.context("the first heartbeat")?;
    let routes = consumer::start(parts.stores.clone(), parts.journal.clone(), config.consumer, keys, life);
    let routes = origin::guard(routes, OriginPolicy::default());
    // Only the journal is needed: while Redis or the broker are away, expiry goes on and buyers are answered.
    let checks = Check::of(parts.probes(), &["journal"]);
    Ok(House { served: routes.into(), checks, close: Box::pin(parts.close()) })
}
