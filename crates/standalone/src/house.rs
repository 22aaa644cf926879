//! The house: the folder is locked, the stores are opened, every role is started.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, bail};
use embedded::{
    MailFolder, MemoryBus, MemoryCrowd, MemoryLedger, MemoryLimiter, MemoryTimers, QueueConfig, SandboxConfig,
    SandboxPayments, TableQueue,
};
use journal::Journal;
use kit::{
    clock::{OsChance, SystemClock},
    http::{
        Served,
        health::{self, Check},
    },
    lifecycle::Lifecycle,
    tokens::Keys,
};
use publisher::PushConfig;
use sale::{port::capacity::FixedFleet, stores::Stores};

use crate::{
    config::{Config, EmbeddedConfig},
    pages,
    postbox::{self, Postbox},
};

/// What is open while the process lives.
pub struct House {
    pub journal: Journal,
    pub stores: Stores,
    pub served: Served,
    pub data_dir: std::path::PathBuf,
    /// Held as long as we live: two processes on one folder would be two journals.
    _lock: File,
}

/// Opens everything in the data folder and starts every role.
pub async fn open(config: Config, life: &Lifecycle) -> anyhow::Result<House> {
    let dir = config.server.data_dir.clone();
    let lock = lock(&dir)?;
    let clock = Arc::new(SystemClock);
    let journal_file = dir.join("journal.db");
    make_private(&journal_file).with_context(|| format!("cannot write {}", journal_file.display()))?;
    let keeps_kib = config.embedded.journal_cache.bytes() / 1024;
    let journal = Journal::open_keeping(&journal_file, keeps_kib, clock.clone()).await.context("the journal")?;
    let keys = Arc::new(Keys::load_or_create(&dir.join("keys.json"), &OsChance)?);
    let mail = Arc::new(MailFolder::open(&dir.join("mail"), &config.server.mail_from, clock.clone())?);
    kit::telemetry::begin(kit::telemetry::Room::Embedded);
    let stores = stores(&config.embedded, &dir, &journal, mail.clone()).await?;
    // The clock's heartbeat first: whoever judges time asks for it, and a start is a jump of the clock.
    journal.beat().await.context("the first heartbeat")?;

    let mut doors = config.publisher;
    fit(&mut doors.push, kit::telemetry::files_max());
    let publisher = publisher::start(stores.clone(), journal.clone(), doors, keys.clone(), life.clone()).await?;
    let consumer = consumer::start(stores.clone(), journal.clone(), config.consumer, keys.clone(), life.clone());
    let shop = general::start(stores.clone(), journal.clone(), config.general, keys, life.clone());
    let api = publisher.router.merge(consumer).merge(shop);
    let routes = kit::http::origin::guard(api, kit::http::OriginPolicy::default())
        .merge(health::routes(life.clone(), vec![journal_answers(&journal)]))
        .merge(general::docs::router(openapi(), publisher::ASYNCAPI))
        .merge(pages::routes());
    // The mailbox shows everybody's mail: only where nobody but this machine can ask.
    let routes = if config.server.listen.ip().is_loopback() { routes.merge(postbox::routes(mail)) } else { routes };
    let served = Served { routes, short: publisher.short };
    Ok(House { journal, stores, served, data_dir: dir, _lock: lock })
}

/// The routes of all roles in one document.
fn openapi() -> utoipa::openapi::OpenApi {
    let mut openapi = general::openapi();
    openapi.merge(publisher::openapi());
    openapi.merge(consumer::openapi());
    openapi
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

/// Makes the file if it is not there, and this user its only reader: it holds addresses and password hashes. What SQLite lays
/// beside it takes after it.
fn make_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))
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
        crowd: Arc::new(MemoryCrowd::new(clock.clone())),
        limiter: Arc::new(MemoryLimiter::new(clock.clone(), config.buckets_max)),
        timers: Arc::new(MemoryTimers::new(clock.clone(), config.knocks_max)),
        payments: Arc::new(SandboxPayments::open(payments, clock).context("the sandbox provider")?),
        mail: Arc::new(Postbox(mail)),
        capacity: Arc::new(FixedFleet),
    })
}

/// Lowers the bound of sockets to what this system has files for. On a newcomer's machine that is nothing to warn of: it is what
/// holds there.
fn fit(doors: &mut PushConfig, files_max: Option<u64>) {
    let within = doors.sockets_within(files_max);
    if within < doors.sockets_max {
        let files = files_max.unwrap_or_default();
        tracing::info!(
            sockets_max = within,
            "up to {within} sockets are held, for this system lets a process open {files} files (`ulimit -n`); one more gets 503"
        );
        doors.sockets_max = within;
    }
}

fn journal_answers(journal: &Journal) -> Check {
    let journal = journal.clone();
    Check::new("journal", move || {
        let journal = journal.clone();
        async move { journal.live_sales().await.map(drop).map_err(|error| error.to_string()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn folder() -> std::path::PathBuf {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("miaosha-house-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// The shop as a server of its own shows what this process is made of, and cannot ask the other roles for it.
    #[test]
    fn the_document_that_is_written_down_is_what_all_roles_say() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../general/openapi.json");
        let said = serde_json::to_value(general::docs::finished(openapi())).unwrap();
        if std::env::var_os("MIAOSHA_WRITE").is_some() {
            fs::write(&file, format!("{said:#}\n")).unwrap();
        }
        let written: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert!(written == said, "routes changed: run this test with MIAOSHA_WRITE=1 and commit general/openapi.json");
    }

    #[test]
    fn the_one_process_promises_no_more_sockets_than_the_system_has_files_for() {
        let fitted = |files_max| {
            let mut doors = PushConfig { sockets_max: 1000, ..PushConfig::default() };
            fit(&mut doors, files_max);
            // What the doors warn of is that it is less than was asked for: nothing is left to warn of.
            assert_eq!(doors.sockets_within(files_max), doors.sockets_max);
            doors.sockets_max
        };
        assert_eq!([None, Some(500), Some(100_000)].map(fitted), [1000, 244, 1000]);
    }

    #[tokio::test]
    async fn nobody_else_on_this_machine_reads_the_journal() {
        let folder = folder();
        let file = folder.join("journal.db");
        make_private(&file).unwrap();
        let journal = Journal::open(&file, Arc::new(SystemClock)).await.unwrap();
        journal.beat().await.unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.file_name());
        }
        journal.close().await;
        // A journal of before this was so is closed to others at the next start.
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        make_private(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(&folder).unwrap();
    }
}
