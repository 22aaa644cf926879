//! The present: who (re)connects is first told how their claims stand.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use journal::JournalError;
use sale::{
    claim::ClaimView,
    ids::{SaleId, UserId},
};
use tokio::{sync::Notify, time::timeout};

use super::{Push, inbox::At};

/// A journal that takes longer is as good as silent.
pub(super) const READ_WAIT: Duration = Duration::from_secs(2);
const RETRY_EVERY: Duration = Duration::from_millis(500);
/// Room for so many that is kept where nobody waits.
const LINE_KEPT: usize = 64;

/// Who speaks through which line.
type Whose = (At, UserId);

/// Lines that are yet to be told how their claims stand, and on which sales. A few readers go through them: whoever waits is an
/// entry here, and no task, for when a crowd signs in thousands wait.
#[derive(Default)]
pub(super) struct Asking {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Default)]
struct Waiting {
    /// One reads for each line that stands here, however often its buyer proves who they are while the journal is silent.
    wishes: HashMap<Whose, Vec<SaleId>>,
    /// Those for whom nobody reads yet, in order.
    line: VecDeque<Whose>,
}

impl Asking {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lines up; whoever reads for this line at this moment reads again for these sales.
    pub(super) fn wish(&self, line: At, buyer: UserId, sales: &[SaleId]) {
        let (whose, mut waiting) = ((line, buyer), self.waiting());
        let waiting = &mut *waiting;
        let wishes = waiting.wishes.entry(whose).or_insert_with(|| {
            waiting.line.push_back(whose);
            Vec::with_capacity(sales.len())
        });
        sales.iter().for_each(|sale| {
            if !wishes.contains(sale) {
                wishes.push(*sale);
            }
        });
        self.came.notify_one();
    }

    /// Whom to read for next, and what they wish to know.
    fn next(&self) -> Option<(Whose, Vec<SaleId>)> {
        let mut waiting = self.waiting();
        let Some(whose) = waiting.line.pop_front() else {
            // A crowd's room is not kept for a few.
            waiting.line.shrink_to(LINE_KEPT);
            return None;
        };
        let wishes = waiting.wishes.get_mut(&whose).map(std::mem::take).unwrap_or_default();
        Some((whose, wishes))
    }

    /// Nobody reads for this line any more; what was wished for meanwhile has its turn.
    fn done(&self, whose: Whose) {
        let mut waiting = self.waiting();
        if waiting.wishes.get(&whose).is_some_and(|wishes| !wishes.is_empty()) {
            waiting.line.push_back(whose);
            self.came.notify_one();
        } else {
            waiting.wishes.remove(&whose);
            if waiting.wishes.is_empty() {
                waiting.wishes.shrink_to(LINE_KEPT);
            }
        }
    }
}

/// Tells lines the newest claim on each item of the sales they wish to know of, until the soft stop. One reader of some.
pub(super) async fn read_for_lines(push: Arc<Push>) {
    let soft = push.life.soft();
    while !soft.is_cancelled() {
        let Some((whose, sales)) = push.asking.next() else {
            tokio::select! {
                () = soft.cancelled() => return,
                () = push.asking.came.notified() => continue,
            }
        };
        // Another reader sleeps while there is more to do.
        push.asking.came.notify_one();
        read_for(&push, whose, sales).await;
        push.asking.done(whose);
    }
}

async fn read_for(push: &Push, whose: Whose, sales: Vec<SaleId>) {
    let (line, buyer) = whose;
    // Whoever else speaks through this line by now is told nothing of this buyer's.
    if !push.hub.sits(line, buyer) {
        return;
    }
    match read(push, buyer).await {
        Ok(claims) => tell(push, line, claims.iter().filter(|row| sales.contains(&row.sale_id))),
        Err(error) => {
            tracing::debug!(%error, "present claims wait for the journal");
            push.asking.wish(line, buyer, &sales);
            push.life.sleep(RETRY_EVERY).await;
        }
    }
}

fn tell<'a>(push: &Push, line: At, mut claims: impl Iterator<Item = &'a ClaimView>) {
    // The first that is not taken says that the line is not theirs any more.
    let _ = claims.all(|row| push.hub.tell_one(line, row, push.claim_frame(row)));
}

/// The newest claim of this buyer on each item.
pub(super) async fn read(push: &Push, buyer: UserId) -> Result<Vec<ClaimView>, JournalError> {
    let silent = || JournalError::Unavailable("no answer in time".into());
    let _permit = push.reads.acquire().await.map_err(|_| silent())?;
    // Made only now: whoever waits for a permit holds no room for the reading.
    let reading = Box::pin(push.journal.claims_of(buyer, None));
    let all = timeout(READ_WAIT, reading).await.map_err(|_| silent())??;
    let mut newest: Vec<ClaimView> = vec![];
    for row in all {
        match newest.iter_mut().find(|known| known.sale_item_id == row.sale_item_id) {
            Some(known) if known.attempt < row.attempt => *known = row,
            Some(_) => {}
            None => newest.push(row),
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn one_reads_for_a_line_however_often_its_buyer_proves_who_they_are() {
        let (asking, sale) = (Asking::default(), |n| SaleId(Uuid::from_u128(n)));
        let line = At { reactor: 0, slot: 1, generation: 1 };
        let (ann, bob) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        for _ in 0..20 {
            asking.wish(line, ann, &[sale(1)]);
        }
        asking.wish(line, ann, &[sale(1), sale(2)]);
        asking.wish(line, bob, &[sale(1)]);
        assert_eq!(asking.next(), Some(((line, ann), vec![sale(1), sale(2)])));
        asking.wish(line, ann, &[sale(3)]);
        assert_eq!(asking.next(), Some(((line, bob), vec![sale(1)])), "what is Ann's is not told to Bob");
        assert_eq!(asking.next(), None, "the one that reads for Ann tells the third sale after it");
        asking.done((line, ann));
        assert_eq!(asking.next(), Some(((line, ann), vec![sale(3)])));
        [ann, bob].into_iter().for_each(|buyer| asking.done((line, buyer)));
        assert!(asking.waiting().wishes.is_empty(), "nothing is left of a line that was told");
        asking.wish(line, ann, &[sale(1)]);
        assert!(asking.next().is_some());
    }
}
