//! The house: the folder is locked, the stores are opened, every role is started.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, bail};
use axum::Router;
use embedded::{
    MailFolder, MemoryBus, MemoryLedger, MemoryLimiter, MemoryTimers, QueueConfig, SandboxConfig, SandboxPayments,
    TableQueue,
};
use journal::Journal;
use kit::{
    clock::{OsChance, SystemClock},
    http::health::{self, Check},
    lifecycle::Lifecycle,
    tokens::Keys,
};
use sale::stores::Stores;

use crate::{
    config::{Config, EmbeddedConfig},
    pages,
    postbox::{self, Postbox},
};

/// What is open while the process lives.
pub struct House {
    pub journal: Journal,
    pub stores: Stores,
    pub routes: Router,
    pub data_dir: std::path::PathBuf,
    /// Held as long as we live: two processes on one folder would be two journals.
    _lock: File,
}

/// Opens everything in the data folder and starts every role.
pub async fn open(config: Config, life: &Lifecycle) -> anyhow::Result<House> {
    let dir = config.server.data_dir.clone();
    let lock = lock(&dir)?;
    let clock = Arc::new(SystemClock);
    let journal = Journal::open(&dir.join("journal.db"), clock.clone()).await.context("the journal")?;
    let keys = Arc::new(Keys::load_or_create(&dir.join("keys.json"), &OsChance)?);
    let mail = Arc::new(MailFolder::open(&dir.join("mail"), &config.server.mail_from, clock.clone())?);
    let stores = stores(&config.embedded, &dir, &journal, mail.clone()).await?;
    // The clock's heartbeat first: whoever judges time asks for it, and a start is a jump of the clock.
    journal.beat().await.context("the first heartbeat")?;

    let publisher =
        publisher::start(stores.clone(), journal.clone(), config.publisher, keys.clone(), life.clone()).await?;
    let consumer = consumer::start(stores.clone(), journal.clone(), config.consumer, keys.clone(), life.clone());
    let counter = publisher.counter();
    let counts = Arc::new(move |sale| {
        let publisher::SocketCounts { sockets, watching } = counter(sale);
        general::SocketCounts { sockets, watching }
    });
    let shop = general::start(stores.clone(), journal.clone(), config.general, keys, life.clone(), counts);
    let mut openapi = general::openapi();
    openapi.merge(publisher::openapi());
    openapi.merge(consumer::openapi());
    let api = publisher.router.merge(consumer).merge(shop);
    let routes = kit::http::origin::guard(api, kit::http::OriginPolicy::default())
        .merge(health::routes(life.clone(), vec![journal_answers(&journal)]))
        .merge(general::docs::router(openapi, publisher::ASYNCAPI))
        .merge(pages::routes());
    // The mailbox shows everybody's mail: only where nobody but this machine can ask.
    let routes = if config.server.listen.ip().is_loopback() { routes.merge(postbox::routes(mail)) } else { routes };
    Ok(House { journal, stores, routes, data_dir: dir, _lock: lock })
}

fn lock(dir: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make the data folder {}", dir.display()))?;
    let file = File::create(dir.join("lock")).with_context(|| format!("cannot write into {}", dir.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another process uses {}: stop it, or choose another folder with --data-dir", dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data folder"),
    }
}

async fn stores(
    config: &EmbeddedConfig,
    dir: &Path,
    journal: &Journal,
    mail: Arc<MailFolder>,
) -> anyhow::Result<Stores> {
    let clock = Arc::new(SystemClock);
    let queue =
        QueueConfig { partitions: config.partitions, commands_max: config.commands_max, ..QueueConfig::default() };
    let payments = SandboxConfig::at(dir.join("sandbox-payments.jsonl"));
    Ok(Stores {
        clock: clock.clone(),
        chance: Arc::new(OsChance),
        ledger: Arc::new(MemoryLedger::new()),
        queue: TableQueue::open(journal.clone(), queue).await.context("the claims queue")?,
        bus: Arc::new(MemoryBus::new(config.bus_ring)),
        limiter: Arc::new(MemoryLimiter::new(clock.clone(), config.buckets_max)),
        timers: Arc::new(MemoryTimers::new(clock.clone(), config.knocks_max)),
        payments: Arc::new(SandboxPayments::open(payments, clock).context("the sandbox provider")?),
        mail: Arc::new(Postbox(mail)),
    })
}

fn journal_answers(journal: &Journal) -> Check {
    let journal = journal.clone();
    Check::new("journal", move || {
        let journal = journal.clone();
        async move { journal.live_sales().await.map(drop).map_err(|error| error.to_string()) }
    })
}
