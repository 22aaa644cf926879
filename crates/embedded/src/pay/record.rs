//! The record: the provider's history on disk, one JSON object a line.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, Write},
    path::Path,
};

use thiserror::Error;

use super::book::Entry;

/// No line of ours comes near it; a longer one is damage.
const LINE_MAX_BYTES: usize = 4096;

#[derive(Debug, Error)]
pub enum RecordError {
    #[error("the payment record {path} cannot be opened or written: {source}")]
    Io { path: String, source: io::Error },
    /// Not the last line: this is no crash's doing.
    #[error("line {line} of the payment record {path} is damaged")]
    Damaged { path: String, line: usize },
}

/// Everything in a record, oldest first, without a last line cut short.
pub fn read_record(path: &Path) -> Result<Vec<Entry>, RecordError> {
    let file = File::open(path).map_err(at(path))?;
    let mut entries = Vec::new();
    scan(&file, path, |entry| entries.push(entry))?;
    Ok(entries)
}

/// The record, open for appending.
#[derive(Debug)]
pub struct Record {
    file: File,
    buffer: Vec<u8>,
}

impl Record {
    /// Opens or begins it, tells `each` what it says, and cuts a torn last line off.
    pub fn open(path: &Path, each: impl FnMut(Entry)) -> Result<Self, RecordError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(at(path))?;
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(at(path))?;
        let good = scan(&file, path, each)?;
        file.set_len(good).and_then(|()| file.seek(io::SeekFrom::End(0))).map_err(at(path))?;
        file.sync_all().map_err(at(path))?;
        Ok(Self { file, buffer: Vec::new() })
    }

    /// Appends lines; Ok when they outlive the machine.
    pub fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        self.buffer.clear();
        for entry in entries {
            serde_json::to_writer(&mut self.buffer, entry)?;
            self.buffer.push(b'\n');
        }
        self.file.write_all(&self.buffer)?;
        self.file.sync_data()
    }
}

/// Reads whole lines; returns how many bytes they are.
fn scan(file: &File, path: &Path, mut each: impl FnMut(Entry)) -> Result<u64, RecordError> {
    let mut reader = BufReader::new(file);
    let (mut good, mut line) = (0, Vec::new());
    for number in 1.. {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(at(path))?;
        // Without its line end a line was never answered.
        if read == 0 || line.last() != Some(&b'\n') {
            break;
        }
        let entry = (read <= LINE_MAX_BYTES).then(|| serde_json::from_slice(&line).ok()).flatten();
        let Some(entry) = entry else {
            // A crash may leave a last block that was never filled.
            if reader.fill_buf().map_err(at(path))?.is_empty() {
                break;
            }
            return Err(RecordError::Damaged { path: path.display().to_string(), line: number });
        };
        each(entry);
        good += read as u64;
    }
    Ok(good)
}

fn at(path: &Path) -> impl Fn(io::Error) -> RecordError {
    move |source| RecordError::Io { path: path.display().to_string(), source }
}
