//! The present: who (re)connects is first told how their claims stand.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use journal::JournalError;
use sale::{
    claim::ClaimView,
    ids::{SaleId, UserId},
};
use tokio::time::timeout;

use super::{Push, inbox::At};

/// A journal that takes longer is as good as silent.
pub(super) const READ_WAIT: Duration = Duration::from_secs(2);
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// Who speaks through which line.
type Whose = (At, UserId);

/// Which sales a line has yet to be told the present of. One asks for each line that stands here, however often its buyer proves
/// who they are while the journal is silent.
#[derive(Default)]
pub(super) struct Asking(Mutex<HashMap<Whose, HashSet<SaleId>>>);

impl Asking {
    fn lines(&self) -> MutexGuard<'_, HashMap<Whose, HashSet<SaleId>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false`: somebody asks for this line already, and will tell these sales too.
    fn begin(&self, whose: Whose, sales: Vec<SaleId>) -> bool {
        let mut lines = self.lines();
        let nobody = !lines.contains_key(&whose);
        lines.entry(whose).or_default().extend(sales);
        nobody
    }

    /// What is to be told next; `None`: nothing, and nobody asks for this line any more.
    fn next(&self, whose: Whose) -> Option<HashSet<SaleId>> {
        let mut lines = self.lines();
        let sales = lines.get_mut(&whose).map(std::mem::take).filter(|sales| !sales.is_empty());
        if sales.is_none() {
            lines.remove(&whose);
        }
        sales
    }
}

/// Tells one line the newest claim on each item of these sales; asks until the journal answers or the line is not theirs any more.
pub(super) async fn present(push: Arc<Push>, line: At, buyer: UserId, sales: Vec<SaleId>) {
    let whose = (line, buyer);
    if !push.asking.begin(whose, sales) {
        return;
    }
    // Taken before the reading: what is wished for while it runs is read anew.
    while let Some(sales) = push.asking.next(whose) {
        // Whoever else speaks through this line by now is told nothing of this buyer's.
        if !push.hub.sits(line, buyer) {
            continue;
        }
        match read(&push, buyer).await {
            Ok(claims) => tell(&push, line, claims.iter().filter(|row| sales.contains(&row.sale_id))),
            Err(error) => {
                tracing::debug!(%error, "present claims wait for the journal");
                push.asking.begin(whose, sales.into_iter().collect());
                if !push.life.sleep(RETRY_EVERY).await {
                    return;
                }
            }
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
    fn one_asks_for_a_line_however_often_its_buyer_proves_who_they_are() {
        let (asking, sale) = (Asking::default(), |n| SaleId(Uuid::from_u128(n)));
        let line = At { reactor: 0, slot: 1, generation: 1 };
        let (ann, bob) = ((line, UserId(Uuid::from_u128(1))), (line, UserId(Uuid::from_u128(2))));
        assert!(asking.begin(ann, vec![sale(1)]));
        for _ in 0..20 {
            assert!(!asking.begin(ann, vec![sale(1), sale(2)]), "the journal is silent, and one asks already");
        }
        assert!(asking.begin(bob, vec![sale(1)]), "what is Ann's is not told to Bob");
        assert_eq!(asking.next(ann), Some(HashSet::from([sale(1), sale(2)])));
        assert!(!asking.begin(ann, vec![sale(3)]), "the one that reads tells this one after it");
        assert_eq!(asking.next(ann), Some(HashSet::from([sale(3)])));
        assert_eq!((asking.next(ann), asking.next(bob).is_some(), asking.next(bob)), (None, true, None));
        assert!(asking.lines().is_empty(), "nothing is left of a line that was told");
        assert!(asking.begin(ann, vec![sale(1)]));
    }
}
