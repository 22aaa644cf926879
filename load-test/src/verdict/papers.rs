//! The papers of a house: where its journal is, the provider's list, the letters and the logs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use journal::{Journal, PgConfig};
use kit::clock::SystemClock;

use super::{BrokerAt, LedgerAt};
use crate::house::Stack;

#[derive(Clone, Debug)]
pub struct Papers {
    pub journal: JournalAt,
    /// That of one process is memory alone, and nobody reads it.
    pub ledger: Option<LedgerAt>,
    /// One process keeps its queue in the journal.
    pub broker: Option<BrokerAt>,
    pub provider: PathBuf,
    pub letters: PathBuf,
    pub logs: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
pub enum JournalAt {
    File(PathBuf),
    /// The address of a PostgreSQL database.
    Server(String),
}

impl Papers {
    /// Of one process, which keeps everything in one folder.
    pub fn in_folder(data_dir: &Path, logs: Vec<PathBuf>) -> Self {
        Self {
            journal: JournalAt::File(data_dir.join("journal.db")),
            ledger: None,
            broker: None,
            provider: data_dir.join("sandbox-payments.jsonl"),
            letters: data_dir.join("mail"),
            logs,
        }
    }

    /// Of a stack. All its logs are searched, the stores' too: what we tell them may end there.
    pub fn of_stack(stack: &Stack) -> anyhow::Result<Self> {
        let folder = stack.logs_dir();
        Ok(Self {
            journal: JournalAt::Server(stack.postgres.clone()),
            ledger: Some(stack.ledger.clone()),
            broker: Some(stack.broker.clone()),
            provider: stack.provider_record(),
            letters: stack.letters_dir(),
            logs: logs(&folder).with_context(|| format!("cannot list the logs in {}", folder.display()))?,
        })
    }
}

fn logs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut logs = paths.collect::<io::Result<Vec<_>>>()?;
    logs.retain(|path| path.extension().is_some_and(|ending| ending == "log"));
    logs.sort();
    Ok(logs)
}

impl JournalAt {
    /// Opens it to look at it; nothing can be written.
    pub async fn open(&self) -> anyhow::Result<Journal> {
        match self {
            Self::File(file) => Journal::open_read_only(file, Arc::new(SystemClock))
                .await
                .with_context(|| format!("cannot read the journal {}", file.display())),
            // Without the address: a password may stand in it.
            Self::Server(url) => {
                Journal::connect_read_only(&PgConfig::new(url)).await.context("cannot read the journal's database")
            }
        }
    }
}
