//! Law of the ledger: 16, what it promises, and what of it was ratified.

use super::{case::Case, record::ItemRow};
use crate::port::ledger::{Kind, Levels};

/// Law 16: the ledger never has a higher limit or fewer draws than the journal; at rest both say the same. No number is
/// ratified twice, and no grant of an epoch that is over.
pub fn agrees(case: &Case) -> Vec<String> {
    let levels = case.record.ledger.iter().filter_map(|row| {
        let item = case.items.get(&row.sale_item_id)?;
        disagreement(case.record.still, &row.levels, item)
    });
    levels.chain(case.record.items.iter().flat_map(|item| grants(case, item))).collect()
}

fn disagreement(still: bool, ledger: &Levels, item: &ItemRow) -> Option<String> {
    let journal = &item.levels;
    let more = |kind| {
        let (l, j) = (ledger.of(kind), journal.of(kind));
        l.limit > j.limit || l.drawn > j.drawn
    };
    if still && ledger != journal {
        return Some(format!("item {}: at rest the ledger says {ledger:?}, the journal {journal:?}", item.id));
    }
    (more(Kind::Units) || more(Kind::Places))
        .then(|| format!("item {}: the ledger is ahead with {ledger:?} of {journal:?}", item.id))
}

/// The grants of an item's claims, by their numbers: these go on across epochs, so neither may ever fall.
fn grants(case: &Case, item: &ItemRow) -> Vec<String> {
    let of = |kind| {
        let claims = case.record.claims.iter().filter(|c| c.sale_item_id == item.id && c.quantity > 0);
        let mut grants: Vec<_> =
            claims.filter_map(|c| c.grant.filter(|g| g.0 == kind).map(|g| (g.1, c.epoch, c.id))).collect();
        grants.sort_unstable();
        grants
    };
    let mut wrong = vec![];
    for kind in [Kind::Units, Kind::Places] {
        for pair in of(kind).windows(2) {
            let ((first, epoch, _), (next, next_epoch, claim)) = (pair[0], pair[1]);
            if next == first {
                wrong.push(format!("claim {claim}: {kind:?} number {next} was ratified twice"));
            } else if next_epoch < epoch {
                wrong.push(format!("claim {claim}: ratified in epoch {next_epoch} after epoch {epoch} had begun"));
            }
        }
    }
    wrong
}
