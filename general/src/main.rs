//! The shop behind the counter as a server of its own, on the real parts; it also serves the documents of the whole house.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use cluster::{JournalConfig, Parts};
use general::{STAFF_EMAIL, STAFF_PASSWORD, demo, docs, ensure_staff};
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

/// The routes of all roles, and the socket: written down by a test of the one process, which is made of all of them.
const OPENAPI: &str = include_str!("../openapi.json");
const ASYNCAPI: &str = include_str!("../../publisher/asyncapi.json");

const PROGRAM: Program = Program {
    name: "miaosha-general",
    about: "The shop behind a flash sale: accounts, sales, checkout, orders, staff and documents.",
    version: env!("CARGO_PKG_VERSION"),
    manual: &[cluster::MANUAL, KEYS_MANUAL, general::MANUAL, include_str!("../server.toml")],
    elsewhere: &[STAFF_EMAIL, STAFF_PASSWORD],
};

#[derive(Deserialize)]
struct Config {
    journal: JournalConfig,
    cluster: cluster::Config,
    keys: KeysConfig,
    general: general::Config,
    shop: ShopConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopConfig {
    demo: bool,
}

fn main() -> ExitCode {
    PROGRAM.main(open)
}

async fn open(config: Config, life: Lifecycle) -> anyhow::Result<House> {
    config.general.check()?;
    let keys = Arc::new(config.keys.load()?);
    let (clock, chance) = (Arc::new(SystemClock), Arc::new(OsChance));
    kit::telemetry::begin(kit::telemetry::Room::Cluster);
    let parts = cluster::open(PROGRAM.name, config.cluster, config.journal, clock, chance).await?;
    prepare(&parts, &config.shop).await?;
    let shop = general::start(parts.stores.clone(), parts.journal.clone(), config.general, keys, life);
    let openapi = serde_json::from_str(OPENAPI).context("the document of the whole house")?;
    let routes = origin::guard(shop, OriginPolicy::default()).merge(docs::router(openapi, ASYNCAPI));
    // Only the journal is needed: while Redis or the broker are away, people sign in and pay.
    let checks = Check::of(parts.probes(), &["journal"]);
    Ok(House { served: routes.into(), checks, close: Box::pin(parts.close()) })
}

/// The staff login that the environment names, and the demo where it is wanted.
async fn prepare(parts: &Parts, shop: &ShopConfig) -> anyhow::Result<()> {
    let named = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let staff = match (named(STAFF_EMAIL), named(STAFF_PASSWORD)) {
        (Some(email), Some(password)) => Some(ensure_staff(&parts.stores, &parts.journal, &email, &password).await?),
        _ => None,
    };
    match staff {
        Some(staff) if shop.demo => {
            demo::plan_once(&parts.stores, &parts.journal, staff.id).await.context("cannot plan the demo")
        }
        None if shop.demo => bail!("shop.demo needs somebody who plans it: set {STAFF_EMAIL} and {STAFF_PASSWORD}"),
        _ => Ok(()),
    }
}
