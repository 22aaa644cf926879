//! The lifecycle: how a process starts, drains and stops, and which of its tasks are still there.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// After the hard stop, this long for tasks to be dropped: none may block a thread.
const HARD_STOP_WAIT: Duration = Duration::from_secs(1);

/// One handle for the life of the process: soft stop, drain, hard stop. Clones are the same one.
///
/// Every task is spawned through it, so "all done" is a fact: [`tasks_left`](Self::tasks_left).
#[derive(Clone, Debug, Default)]
pub struct Lifecycle(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    soft: CancellationToken,
    hard: CancellationToken,
    ready: AtomicBool,
    panicked: AtomicBool,
    tasks: Mutex<Tasks>,
    gone: Notify,
}

#[derive(Debug, Default)]
struct Tasks {
    next: u64,
    here: BTreeMap<u64, &'static str>,
    /// Who had to be cut.
    cut: Vec<&'static str>,
}

/// Who counts as here until this is dropped.
#[derive(Debug)]
pub struct Guard(Arc<Inner>, u64);

#[derive(Clone, Copy, PartialEq)]
enum OnPanic {
    StopAll,
    LogOnly,
}

impl Lifecycle {
    pub fn new() -> Self {
        Self::default()
    }

    /// A role: something the process is not whole without. Its panic is logged and softly stops everything, because a role
    /// that dies silently is worse. The hard stop drops it where it waits.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        tokio::spawn(self.tracked(name, work, OnPanic::StopAll))
    }

    /// A visit: one connection, one request, one socket. Its panic is logged and is its own.
    pub fn spawn_visit(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        tokio::spawn(self.visit(name, work))
    }

    /// As [`spawn_visit`](Self::spawn_visit) for a future that somebody else runs, as a socket after its upgrade. It counts
    /// from this call on, not from its first poll.
    pub fn visit<F>(&self, name: &'static str, work: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracked(name, work, OnPanic::LogOnly)
    }

    /// Runs `work` to its end even if the caller is dropped meanwhile, as a handler is when its client leaves.
    /// `None`: it panicked, or the hard stop cut it.
    pub async fn to_the_end<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let work = work.in_current_span();
        self.spawn_visit(name, async move {
            // Nobody may be waiting any more: that is the point.
            let _ = tell.send(work.await);
        });
        told.await.ok()
    }

    fn tracked<F>(&self, name: &'static str, work: F, on_panic: OnPanic) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (guard, inner, hard) = (self.guard(name), self.0.clone(), self.hard());
        async move {
            // Moved in first, so dropped last: who is counted gone has dropped everything it held.
            let _guard = guard;
            let caught = AssertUnwindSafe(work).catch_unwind();
            tokio::select! {
                biased;
                () = hard.cancelled() => inner.tasks().cut.push(name),
                ended = caught => if let Err(panic) = ended { inner.panicked(name, &panic, on_panic) },
            }
        }
    }

    /// Counts as a task until dropped.
    pub fn guard(&self, name: &'static str) -> Guard {
        let mut tasks = self.0.tasks();
        let id = tasks.next;
        tasks.next += 1;
        tasks.here.insert(id, name);
        Guard(self.0.clone(), id)
    }

    /// Cancelled at the soft stop: begin nothing new, finish what is in hand, end.
    ///
    /// The caller's own: to cancel it stops nobody else. A shared one would have every task take the same lock at every poll.
    pub fn soft(&self) -> CancellationToken {
        self.0.soft.child_token()
    }

    /// Cancelled at the hard stop: every task is dropped where it waits. The caller's own, as [`soft`](Self::soft).
    pub fn hard(&self) -> CancellationToken {
        self.0.hard.child_token()
    }

    /// Begins the hard stop without waiting.
    pub fn stop_hard(&self) {
        self.stop_softly();
        self.0.hard.cancel();
    }

    pub fn is_stopping(&self) -> bool {
        self.0.soft.is_cancelled()
    }

    /// Whether new visitors are welcome: told so, and not stopping.
    pub fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::SeqCst) && !self.is_stopping()
    }

    /// Whether a role panicked, which is why everything stops.
    pub fn has_panicked(&self) -> bool {
        self.0.panicked.load(Ordering::SeqCst)
    }

    pub fn set_ready(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::SeqCst);
    }

    /// Begins the soft stop without waiting.
    pub fn stop_softly(&self) {
        self.0.soft.cancel();
    }

    /// Sleeps; `false` as soon as the soft stop begins. For loops: `while life.sleep(tick).await { .. }`.
    pub async fn sleep(&self, span: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.0.soft.cancelled() => false,
            () = tokio::time::sleep(span) => true,
        }
    }

    /// The names of the tasks still here.
    pub fn tasks_left(&self) -> Vec<&'static str> {
        self.0.tasks().here.values().copied().collect()
    }

    /// Waits until no task is left.
    pub async fn all_done(&self) {
        loop {
            let gone = self.0.gone.notified();
            tokio::pin!(gone);
            // Registered before looking, so a task that ends in between is not missed.
            gone.as_mut().enable();
            if self.0.tasks().here.is_empty() {
                return;
            }
            gone.await;
        }
    }

    /// Soft stop, wait for all tasks up to `limit`, hard stop. Returns who had to be cut; nobody is the good answer.
    pub async fn stop(&self, limit: Duration) -> Vec<&'static str> {
        self.set_ready(false);
        self.stop_softly();
        tokio::select! {
            biased;
            () = self.all_done() => {}
            () = self.0.hard.cancelled() => {}
            () = tokio::time::sleep(limit) => {}
        }
        self.0.hard.cancel();
        let _ = tokio::time::timeout(HARD_STOP_WAIT, self.all_done()).await;
        let mut left = std::mem::take(&mut self.0.tasks().cut);
        left.extend(self.tasks_left());
        if !left.is_empty() {
            let mut count = BTreeMap::<_, usize>::new();
            left.iter().for_each(|name| *count.entry(name).or_default() += 1);
            tracing::warn!(tasks = ?count, "not everyone left in time and had to be cut");
        }
        left
    }

    /// Waits for SIGTERM, SIGINT or a soft stop that began otherwise. From then on a second signal is the hard stop.
    pub async fn wait_signal(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping softly"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping softly; once more stops hard"),
            () = self.0.soft.cancelled() => {}
        }
        let (life, hard) = (self.clone(), self.hard());
        // Not counted: it waits for the hard stop itself.
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => life.stop_hard(),
                _ = interrupt.recv() => life.stop_hard(),
                () = hard.cancelled() => {}
            }
        });
        Ok(())
    }
}

impl Inner {
    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn panicked(&self, task: &'static str, panic: &(dyn std::any::Any + Send), then: OnPanic) {
        let text = panic_text(panic);
        tracing::error!(task, panic = text, "a task panicked");
        metrics::counter!("task_panics_total", "task" => task).increment(1);
        if then == OnPanic::StopAll {
            self.panicked.store(true, Ordering::SeqCst);
            self.soft.cancel();
        }
    }
}

/// What a caught panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    // A box inside the box would hide the text.
    let panic = panic.downcast_ref::<Box<dyn std::any::Any + Send>>().map_or(panic, |inner| &**inner);
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.tasks().here.remove(&self.1);
        self.0.gone.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_soft_stop_lets_everyone_finish() {
        let life = Lifecycle::new();
        life.set_ready(true);
        let soft = life.soft();
        life.spawn("role", async move { soft.cancelled().await });
        assert!(life.is_ready());
        assert_eq!(life.tasks_left(), ["role"]);
        assert!(life.stop(Duration::from_secs(10)).await.is_empty());
        assert!(!life.is_ready());
        assert!(life.tasks_left().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_leave_in_time_is_named_and_cut() {
        let life = Lifecycle::new();
        life.spawn("deaf", std::future::pending());
        assert_eq!(life.stop(Duration::from_secs(3)).await, ["deaf"]);
        assert!(life.tasks_left().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_spawned_after_the_hard_stop_does_not_run() {
        let life = Lifecycle::new();
        life.stop(Duration::ZERO).await;
        life.spawn("late", std::future::pending()).await.unwrap();
        assert!(life.tasks_left().is_empty());
    }

    #[tokio::test]
    async fn a_role_that_panics_stops_the_house_and_a_visit_does_not() {
        let life = Lifecycle::new();
        life.spawn_visit("guest", async { panic!("spilled") }).await.unwrap();
        assert!(!life.is_stopping() && !life.has_panicked());
        life.spawn("role", async { panic!("fell over") }).await.unwrap();
        assert!(life.is_stopping() && life.has_panicked());
        assert!(life.tasks_left().is_empty());
    }

    #[tokio::test]
    async fn work_begun_is_ended_though_its_caller_left() {
        let life = Lifecycle::new();
        assert_eq!(life.to_the_end("sum", async { 1 + 1 }).await, Some(2));
        assert_eq!(life.to_the_end("slip", async { panic!("slipped") }).await, None::<()>);
        let (go, wait) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let work = life.to_the_end("pay", async move { wait.await.map(|()| tell.send("paid")) });
        // Polled once, then dropped, as a client that goes away.
        assert!(work.now_or_never().is_none());
        go.send(()).unwrap();
        assert_eq!(told.await, Ok("paid"));
    }

    #[tokio::test]
    async fn an_aborted_task_is_gone_too() {
        let life = Lifecycle::new();
        life.spawn("role", std::future::pending()).abort();
        life.all_done().await;
        assert!(life.tasks_left().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeping_loop_wakes_at_the_soft_stop() {
        let life = Lifecycle::new();
        assert!(life.sleep(Duration::from_secs(60)).await);
        life.stop_softly();
        assert!(!life.sleep(Duration::from_secs(60)).await);
    }

    #[test]
    fn a_panic_is_quoted() {
        let caught = std::panic::catch_unwind(|| panic!("no {}", "good")).unwrap_err();
        assert_eq!(panic_text(&*caught), "no good");
        assert_eq!(panic_text(&caught), "no good");
    }
}
