//! The lookup: what the public reads of the journal, shared and bounded, so that a crowd of readers never starves the till.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use journal::{Journal, JournalError, sales::SaleView};
use kit::http::Problem;
use sale::{ids::SaleId, sale::Stage};
use tokio::sync::Semaphore;

use super::share::Share;
use crate::refusal;

/// What a client is told to wait where as many wait as may wait.
const BUSY_RETRY_MS: i64 = 1000;
const JOURNAL_RETRY_MS: i64 = 1000;

/// `None` where the journal did not answer: all who shared the read are told so, and none of them tries it again in turn.
type Shared<T> = Option<Arc<T>>;

/// Reads of sales. Bounds: `parallel` at work, `waiting_max` behind them; more is 503 `busy`.
pub struct Lookups {
    sales: Share<SaleId, Shared<Option<SaleView>>>,
    pages: Share<(Option<SaleId>, u32), Shared<Vec<SaleView>>>,
    working: Semaphore,
    waiting: AtomicUsize,
    waiting_max: usize,
}

/// Who waits, until dropped.
struct Waits<'a>(&'a AtomicUsize);

impl Lookups {
    pub fn new(parallel: usize, waiting_max: usize) -> Self {
        let working = Semaphore::new(parallel.clamp(1, Semaphore::MAX_PERMITS));
        Self { sales: Share::new(), pages: Share::new(), working, waiting: AtomicUsize::new(0), waiting_max }
    }

    /// One sale, drafts included.
    pub async fn sale(&self, journal: &Journal, id: SaleId) -> Result<Option<SaleView>, Problem> {
        let _waits = self.wait()?;
        let read = async || self.work(journal.sale(id)).await;
        told(self.sales.get(id, read).await).map(|view| (*view).clone())
    }

    /// A page of sales without drafts.
    pub async fn page(
        &self,
        journal: &Journal,
        after: Option<SaleId>,
        max: u32,
    ) -> Result<Arc<Vec<SaleView>>, Problem> {
        let _waits = self.wait()?;
        let read = async || self.work(journal.sales(Some(Stage::Draft), after, max)).await;
        told(self.pages.get((after, max), read).await)
    }

    async fn work<T>(&self, read: impl Future<Output = Result<T, JournalError>>) -> Shared<T> {
        let _permit = self.working.acquire().await.ok()?;
        // The log has the cause, once for all who share it.
        read.await.map(Arc::new).map_err(refusal::journal).ok()
    }

    fn wait(&self) -> Result<Waits<'_>, Problem> {
        let waits = Waits(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::SeqCst) >= self.waiting_max {
            metrics::counter!("lookups_refused_total").increment(1);
            return Err(Problem::busy(BUSY_RETRY_MS));
        }
        Ok(waits)
    }
}

fn told<T>(answer: Shared<T>) -> Result<Arc<T>, Problem> {
    answer.ok_or_else(|| Problem::unavailable(JOURNAL_RETRY_MS))
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
