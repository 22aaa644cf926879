//! The group commit: everybody who waits for the disk goes in one transaction, led by whoever comes first.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use journal::{
    Journal, JournalError,
    queue::{QueueDepth, QueuePut},
};
use sale::port::queue::QueueError;
use tokio::sync::oneshot;

use super::{QueueConfig, part::Part, unavailable};

/// Who waits for the disk, and what lies in the table.
pub struct Committer {
    journal: Journal,
    config: QueueConfig,
    parts: Arc<[Part]>,
    /// One leader at a time.
    turn: tokio::sync::Mutex<()>,
    waiting: Mutex<Waiting>,
    /// A leader was dropped in the middle of its commit: nobody knows what the table holds.
    recount: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    line: VecDeque<Entry>,
    /// Commands in the line and in the commit under way.
    commands: u64,
    stored: QueueDepth,
}

/// One caller's wish. Its own future may be dropped while others still wait for theirs.
struct Entry {
    puts: Vec<QueuePut>,
    done: Vec<i64>,
    commands: u64,
    answer: oneshot::Sender<Result<(), QueueError>>,
}

impl Committer {
    pub async fn open(journal: Journal, config: QueueConfig, parts: Arc<[Part]>) -> Result<Self, JournalError> {
        metrics::gauge!("claims_queue_commands_max").set(config.commands_max as f64);
        let stored = journal.queue_depth().await?;
        metrics::gauge!("claims_queue_commands").set(stored.commands as f64);
        let waiting = Mutex::new(Waiting { stored, ..Waiting::default() });
        Ok(Self {
            journal,
            config,
            parts,
            turn: tokio::sync::Mutex::default(),
            waiting,
            recount: AtomicBool::new(false),
        })
    }

    pub fn commands(&self) -> u64 {
        self.waiting().stored.commands
    }

    pub fn messages(&self) -> u64 {
        self.waiting().stored.messages
    }

    /// These rows left the table by another way.
    pub fn removed(&self, gone: QueueDepth) {
        self.waiting().change(QueueDepth::default(), gone);
    }

    /// Stores and removes; Ok once it is on the disk.
    pub async fn commit(&self, puts: Vec<QueuePut>, done: Vec<i64>) -> Result<(), QueueError> {
        if puts.is_empty() && done.is_empty() {
            return Ok(());
        }
        let mut answer = self.line_up(puts, done)?;
        loop {
            tokio::select! {
                biased;
                answered = &mut answer => return answered.unwrap_or(Err(QueueError::Unavailable)),
                _turn = self.turn.lock() => self.lead().await,
            }
        }
    }

    fn line_up(
        &self,
        puts: Vec<QueuePut>,
        done: Vec<i64>,
    ) -> Result<oneshot::Receiver<Result<(), QueueError>>, QueueError> {
        let commands = puts.iter().map(|put| u64::from(put.commands)).sum();
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.waiting();
        // An ack only makes room: it is never turned away.
        if !puts.is_empty() && waiting.stored.commands + waiting.commands + commands > self.config.commands_max {
            return Err(QueueError::Full);
        }
        waiting.commands += commands;
        waiting.line.push_back(Entry { puts, done, commands, answer });
        Ok(answered)
    }

    /// Commits the front of the line, and answers everybody in it.
    async fn lead(&self) {
        if self.recount.load(Ordering::SeqCst) {
            match self.journal.queue_depth().await {
                Ok(stored) => {
                    self.waiting().stored = stored;
                    self.recount.store(false, Ordering::SeqCst);
                }
                Err(error) => return self.gather().answer(Err(unavailable(error))),
            }
        }
        let mut group = self.gather();
        if group.entries.is_empty() {
            return;
        }
        let puts: Vec<QueuePut> = group.entries.iter().flat_map(|entry| entry.puts.iter().cloned()).collect();
        let done: Vec<i64> = group.entries.iter().flat_map(|entry| entry.done.iter().copied()).collect();
        match self.journal.queue_put(&puts, &done).await {
            Ok(gone) => {
                metrics::histogram!("claims_commit_commands").record(group.commands() as f64);
                let came = QueueDepth { messages: puts.len() as u64, commands: group.commands() };
                self.waiting().change(came, gone);
                // Rung here and not by each putter: one who went away meanwhile would leave the bell silent.
                self.ring(&puts);
                group.answer(Ok(()));
            }
            Err(error) => {
                // It may stand there all the same.
                self.recount.store(true, Ordering::SeqCst);
                group.answer(Err(unavailable(error)));
            }
        }
    }

    fn ring(&self, puts: &[QueuePut]) {
        for (part, index) in self.parts.iter().zip(0..) {
            if puts.iter().any(|put| put.part == index) {
                part.wake();
            }
        }
    }

    fn gather(&self) -> Group<'_> {
        let mut waiting = self.waiting();
        let (mut entries, mut commands) = (Vec::new(), 0);
        while let Some(entry) = waiting.line.pop_front() {
            if entry.answer.is_closed() {
                // Nobody waits for it any more: it was promised to nobody.
                waiting.commands -= entry.commands;
                continue;
            }
            commands += entry.commands;
            if commands > self.config.commit_max && !entries.is_empty() {
                waiting.line.push_front(entry);
                break;
            }
            entries.push(entry);
        }
        Group { committer: self, entries }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn change(&mut self, came: QueueDepth, gone: QueueDepth) {
        self.stored.messages = (self.stored.messages + came.messages).saturating_sub(gone.messages);
        self.stored.commands = (self.stored.commands + came.commands).saturating_sub(gone.commands);
        metrics::gauge!("claims_queue_commands").set(self.stored.commands as f64);
    }
}

/// The entries of one commit. Dropped unanswered (its leader was dropped), they go back to the front of the line.
struct Group<'a> {
    committer: &'a Committer,
    entries: Vec<Entry>,
}

impl Group<'_> {
    fn commands(&self) -> u64 {
        self.entries.iter().map(|entry| entry.commands).sum()
    }

    fn answer(&mut self, answer: Result<(), QueueError>) {
        self.committer.waiting().commands -= self.commands();
        for entry in self.entries.drain(..) {
            let _ = entry.answer.send(answer);
        }
    }
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        // Unknown whether it was committed. Stored twice is harmless: a claim is decided once by its id.
        self.committer.recount.store(true, Ordering::SeqCst);
        let mut waiting = self.committer.waiting();
        for entry in self.entries.drain(..).rev() {
            waiting.line.push_front(entry);
        }
    }
}
