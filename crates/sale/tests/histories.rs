//! Random histories of the model, judged by the verdict: nothing that can happen to a sale breaks a law.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use proptest::prelude::*;
use sale::{
    model::Model,
    port::ledger::Kind,
    verdict::{check, ended},
};

/// Every so many steps the whole record is judged; at the end, at rest and after the end it is judged again.
const LOOK_EVERY: usize = 12;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_a_law((plan, commands) in common::histories(100..200)) {
        let mut model = Model::new(plan);
        for (n, command) in commands.into_iter().enumerate() {
            model.step(command.clone());
            no_unit_lies_idle(&model)?;
            if n % LOOK_EVERY == 0 {
                prop_assert_eq!(check(&model.record()), vec![], "after step {}: {:?}", n, command);
            }
        }
        model.quiesce();
        prop_assert_eq!(check(&model.record()), vec![], "at rest");
        the_ledger_promises_no_more(&model)?;
        model.finish();
        prop_assert_eq!(check(&model.record()), vec![], "after the end");
        prop_assert!(ended(&model.record()), "the end was never judged");
    }
}

/// Stronger than the law's two seconds: a transaction that frees a unit gives it to the head.
fn no_unit_lies_idle(model: &Model) -> Result<(), TestCaseError> {
    use sale::{rules::is_over, verdict::record::EntryState};
    if is_over(model.journal.sale.phase(model.now)) {
        return Ok(());
    }
    for item in model.journal.items.values() {
        let row = &item.row;
        let waiting =
            model.journal.standby.values().filter(|e| e.sale_item_id == row.id && e.state == EntryState::Waiting);
        let head = waiting.min_by_key(|e| e.ticket);
        prop_assert!(
            head.is_none_or(|head| head.quantity > row.allotment - row.taken),
            "{:?} waits beside {:?}",
            head,
            row
        );
    }
    Ok(())
}

fn the_ledger_promises_no_more(model: &Model) -> Result<(), TestCaseError> {
    for (id, ledger) in &model.ledger {
        let Some(item) = model.item(*id) else { continue };
        prop_assert_eq!(ledger.levels(), item.row.levels);
        for kind in [Kind::Units, Kind::Places] {
            prop_assert!(ledger.levels().of(kind).available() >= 0);
        }
    }
    Ok(())
}

/// A history is worth something only if a sale happens in it.
#[test]
fn the_histories_are_not_empty() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    use sale::verdict::record::What;
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::HashMap::new();
    let mut epochs = 0;
    for _ in 0..60 {
        let Ok(tree) = common::histories(100..200).new_tree(&mut runner) else { panic!("no history") };
        let (plan, commands) = tree.current();
        let model = common::live(&plan, &commands);
        for change in &model.journal.log {
            *seen.entry(change.what).or_insert(0) += 1;
        }
        epochs += model.journal.items.values().map(|i| i.row.levels.epoch - 2).filter(|n| *n > 0).sum::<i64>();
    }
    use What::*;
    for what in [Held, Standby, Refused, Withdrawn, Promoted, Paying, Declined, Allocated, Expired, Shifted, Restocked]
    {
        assert!(seen.get(&what).copied().unwrap_or(0) >= 10, "{what:?} is too rare: {seen:?}");
    }
    assert!(epochs > 10, "only {epochs} epochs were lost");
}
