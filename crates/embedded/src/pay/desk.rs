//! The desk: the one thread that keeps the book, writes the record and only then answers.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use sale::port::{
    clock::Clock,
    payments::{Payment, PaymentError},
};
use tokio::sync::oneshot;

use super::{
    book::{Answer, Ask, Book, Entry},
    hints::Hints,
    record::{Record, RecordError},
};

/// Calls waiting for the desk; one more is not heard.
const CALLS_MAX: usize = 4096;
/// Calls answered after one writing to disk.
const BATCH_MAX: usize = 256;
/// Authorisations that take their time; one more is answered at once.
const SLOW_CALLS_MAX: usize = 4096;

struct Call {
    ask: Ask,
    reply: oneshot::Sender<Answer>,
}

#[derive(Debug)]
pub struct Desk {
    calls: SyncSender<Call>,
    cut: AtomicBool,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({:?})", self.ask)
    }
}

impl Desk {
    pub fn open(path: &Path, clock: Arc<dyn Clock>, hints: Arc<Hints>) -> Result<Self, RecordError> {
        let mut book = Book::default();
        let record = Record::open(path, |entry| book.replay(&entry))?;
        let (calls, waiting) = sync_channel(CALLS_MAX);
        let keeper = Keeper { book, record, clock, hints, slow: Vec::new(), broken: false };
        let thread = thread::Builder::new().name("sandbox-payments".into()).spawn(move || keeper.run(&waiting));
        thread.map_err(|source| RecordError::Io { path: path.display().to_string(), source })?;
        Ok(Self { calls, cut: AtomicBool::new(false) })
    }

    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    /// Asks and waits. Whoever stops waiting does not stop the desk.
    pub async fn ask(&self, ask: Ask) -> Answer {
        if self.cut.load(Ordering::SeqCst) {
            return Err(PaymentError::Unknown);
        }
        let (reply, answer) = oneshot::channel();
        self.calls.try_send(Call { ask, reply }).map_err(|_| PaymentError::Unknown)?;
        answer.await.unwrap_or(Err(PaymentError::Unknown))
    }
}

struct Keeper {
    book: Book,
    record: Record,
    clock: Arc<dyn Clock>,
    hints: Arc<Hints>,
    /// Authorisations to be answered later.
    slow: Vec<(Instant, Call)>,
    /// The record could not be written: the book is ahead of it, so nothing may be answered any more.
    broken: bool,
}

impl Keeper {
    fn run(mut self, waiting: &Receiver<Call>) {
        loop {
            let first = match self.next_due() {
                None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => waiting.recv_timeout(due),
            };
            let mut calls: Vec<Call> = match first {
                Ok(call) => vec![call],
                Err(RecvTimeoutError::Timeout) => vec![],
                Err(RecvTimeoutError::Disconnected) => return,
            };
            calls.extend(waiting.try_iter().take(BATCH_MAX));
            self.serve(calls);
        }
    }

    fn next_due(&self) -> Option<Duration> {
        self.slow.iter().map(|(due, _)| due.saturating_duration_since(Instant::now())).min()
    }

    fn serve(&mut self, calls: Vec<Call>) {
        let now = Instant::now();
        let mut entries = Vec::new();
        let due: Vec<_> = self.slow.extract_if(.., |(due, _)| *due <= now).map(|(_, call)| call).collect();
        let new: Vec<_> = calls.into_iter().filter_map(|call| self.set_aside(call, now, &mut entries)).collect();
        let mut answers = Vec::new();
        for call in due.into_iter().chain(new) {
            let (answer, entry) = self.book.act(call.ask, self.clock.now());
            entries.extend(entry);
            answers.push((call.reply, answer));
        }
        self.write(&entries);
        for (reply, answer) in answers {
            let _ = reply.send(if self.broken { Err(PaymentError::Unknown) } else { answer });
        }
    }

    /// Keeps a slow authorisation for later and notes that it was asked for; gives any other call back.
    fn set_aside(&mut self, call: Call, now: Instant, entries: &mut Vec<Entry>) -> Option<Call> {
        let Ask::Authorise { key, amount, after, .. } = call.ask else { return Some(call) };
        if after.is_zero() || self.slow.len() >= SLOW_CALLS_MAX {
            return Some(call);
        }
        entries.extend(self.book.create(key, amount, self.clock.now()));
        self.slow.push((now + after, call));
        None
    }

    fn write(&mut self, entries: &[Entry]) {
        if self.broken || entries.is_empty() {
            return;
        }
        if let Err(error) = self.record.append(entries) {
            tracing::error!(%error, "the payment record cannot be written: the sandbox provider answers no more");
            self.broken = true;
            return;
        }
        for entry in entries {
            self.hints.changed(payment(entry));
        }
    }
}

fn payment(entry: &Entry) -> Payment {
    use sale::{money::Money, port::payments::PaymentKey};
    Payment {
        key: PaymentKey { claim_id: entry.claim_id, attempt: entry.attempt },
        amount: Money { amount_minor: entry.amount_minor, currency: entry.currency },
        state: entry.event,
        changed_at: entry.at,
    }
}
