//! The street door and the window as a server of its own, on the real parts.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use cluster::JournalConfig;
use kit::{
    clock::{OsChance, SystemClock},
    http::{OriginPolicy, Served, health::Check, origin},
    lifecycle::Lifecycle,
    process::{House, Program},
    tokens::{KEYS_MANUAL, KeysConfig},
};
use serde::Deserialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROGRAM: Program = Program {
    name: "miaosha-publisher",
    about: "The street door of a flash sale (claims in) and its window (sockets out).",
    version: env!("CARGO_PKG_VERSION"),
    manual: &[cluster::MANUAL, KEYS_MANUAL, publisher::MANUAL],
    elsewhere: &[],
};

#[derive(Deserialize)]
struct Config {
    journal: JournalConfig,
    cluster: cluster::Config,
    keys: KeysConfig,
    publisher: publisher::Config,
}

fn main() -> ExitCode {
    PROGRAM.main(open)
}

async fn open(config: Config, life: Lifecycle) -> anyhow::Result<House> {
    config.publisher.check()?;
    let keys = Arc::new(config.keys.load()?);
    let (clock, chance) = (Arc::new(SystemClock), Arc::new(OsChance));
    kit::telemetry::begin(kit::telemetry::Room::Cluster);
    let parts = cluster::open(PROGRAM.name, config.cluster, config.journal, clock, chance).await?;
    let publisher = publisher::start(parts.stores.clone(), parts.journal.clone(), config.publisher, keys, life)
        .await
        .context("cannot open the doors")?;
    // None of them is needed to hold sockets and to say "not now": a node that left would only lose its sockets.
    let mut checks = Check::of(parts.probes(), &[]);
    // One that never read the journal has none to lose, and nothing to say.
    checks.push(publisher.check());
    let served = Served { routes: origin::guard(publisher.router, OriginPolicy::default()), short: publisher.short };
    Ok(House { served, checks, close: Box::pin(parts.close()) })
}
