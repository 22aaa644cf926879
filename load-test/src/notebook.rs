//! The notebook: everything the crowd saw, one JSON line each, for the verdict.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use sale::{
    ids::SaleItemId,
    verdict::{Observation, observe::StockSeen},
};

/// Complaints beyond this many are counted and not kept.
pub const COMPLAINTS_MAX: usize = 200;

/// One file of observations, and the complaints that need no journal to be judged.
///
/// Shape: any number of buyers write; a line is one [`Observation`]. Errors: kept until [`close`](Self::close) tells.
pub struct Notebook {
    path: PathBuf,
    pages: Mutex<Pages>,
}

struct Pages {
    file: BufWriter<File>,
    failed: Option<io::Error>,
    lines: u64,
    stocks: HashSet<Figures>,
    complaints: Vec<String>,
    more_complaints: u64,
}

type Figures = (SaleItemId, i64, u8, u32, u32, u32);

impl Notebook {
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        let pages = Pages {
            file: BufWriter::new(file),
            failed: None,
            lines: 0,
            stocks: HashSet::new(),
            complaints: Vec::new(),
            more_complaints: 0,
        };
        Ok(Self { path: path.to_owned(), pages: Mutex::new(pages) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn write(&self, seen: &Observation) {
        self.pages().line(seen);
    }

    /// Public figures are told to everybody alike: the same ones are written once.
    pub fn write_stock(&self, seen: StockSeen) {
        let mut pages = self.pages();
        let figures = (seen.sale_item_id, seen.stock_version, seen.state as u8, seen.available, seen.held, seen.paid);
        if pages.stocks.insert(figures) {
            pages.line(&Observation::Stock(seen));
        }
    }

    /// Something that no journal can excuse, as an answer that the wire does not know.
    pub fn complain(&self, text: impl Into<String>) {
        let mut pages = self.pages();
        if pages.complaints.len() < COMPLAINTS_MAX {
            pages.complaints.push(text.into());
        } else {
            pages.more_complaints += 1;
        }
    }

    /// Writes everything out; returns how many lines there are, and the complaints.
    pub fn close(&self) -> anyhow::Result<(u64, Vec<String>)> {
        let mut pages = self.pages();
        if let Some(error) = pages.failed.take() {
            return Err(error).context("the observations could not be written");
        }
        pages.file.flush().context("the observations could not be written")?;
        let mut complaints = std::mem::take(&mut pages.complaints);
        if pages.more_complaints > 0 {
            complaints.push(format!("and {} more complaints", pages.more_complaints));
        }
        Ok((pages.lines, complaints))
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn line(&mut self, seen: &Observation) {
        let written = serde_json::to_writer(&mut self.file, seen).map_err(io::Error::from);
        if let Err(error) = written.and_then(|()| self.file.write_all(b"\n")) {
            self.failed.get_or_insert(error);
        }
        self.lines += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::{sale::ItemState, time::UnixMs};
    use uuid::Uuid;

    #[test]
    fn public_figures_are_written_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let notebook = Notebook::create(&folder.path().join("seen.jsonl")).unwrap();
        let stock = |at, version| StockSeen {
            at: UnixMs(at),
            sale_item_id: SaleItemId(Uuid::from_u128(1)),
            stock_version: version,
            state: ItemState::OnSale,
            available: 3,
            held: 0,
            paid: 0,
        };
        [stock(1, 1), stock(2, 1), stock(3, 2)].into_iter().for_each(|s| notebook.write_stock(s));
        notebook.complain("a complaint");
        let (lines, complaints) = notebook.close().unwrap();
        assert_eq!((lines, complaints.len()), (2, 1));
        let text = std::fs::read_to_string(notebook.path()).unwrap();
        let read: Vec<Observation> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, [Observation::Stock(stock(1, 1)), Observation::Stock(stock(3, 2))]);
    }
}
