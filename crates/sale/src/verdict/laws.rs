//! The laws: their numbers, their names, and what of each a record cannot show.

use super::{case::Case, claims, end, ledger, money, speed, standby, time, told, trust, units};

/// One invariant.
pub struct Law {
    pub number: u8,
    pub name: &'static str,
    /// What of it is checked elsewhere, and where; empty if nothing.
    pub elsewhere: &'static str,
    pub(super) check: fn(&Case) -> Vec<String>,
}

const fn law(number: u8, name: &'static str, check: fn(&Case) -> Vec<String>) -> Law {
    Law { number, name, elsewhere: "", check }
}

const fn partly(law: Law, elsewhere: &'static str) -> Law {
    Law { elsewhere, ..law }
}

/// All of them, in order.
pub static LAWS: [Law; 22] = [
    law(1, "never oversold, neither written nor told", units::never_oversold),
    law(2, "one live claim, and the purchase limit", claims::one_live_claim),
    law(3, "every receipt ends exactly once", claims::one_outcome),
    law(4, "no contradiction", told::no_contradiction),
    law(5, "told is a subset of committed", told::only_committed),
    law(6, "standby goes by ticket", standby::in_order),
    law(7, "no idle unit while somebody waits", standby::no_idle_unit),
    law(8, "deadlines are honest", time::honest_deadlines),
    law(9, "paid is for ever", money::paid_for_ever),
    law(10, "money equals goods", money::money_equals_goods),
    partly(law(11, "no pass outlives its hold", time::passes), "that an old pass gets 410: tests of checkout"),
    partly(
        law(12, "ownership", trust::ownership),
        "that no row changed: only the claims named with the attempts are looked for",
    ),
    law(13, "idempotent", trust::idempotent),
    law(14, "one mail for each paid order", money::mails),
    law(15, "conservation", units::conserved),
    law(16, "the ledger never promises more", ledger::agrees),
    partly(
        law(17, "nothing before the opening, nothing after the close", time::window),
        "that all nodes open within 50 ms: the load test",
    ),
    law(18, "sold out is true", units::sold_out_is_true),
    partly(law(19, "privacy", trust::privacy), "what a response may carry: tests of the routes"),
    partly(law(20, "bounds", trust::bounds), "memory and files: the load test reads them and adds them to the record"),
    law(21, "quiescence", end::quiescent),
    law(22, "speed of truth", speed::soon_told),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_laws_are_numbered_as_they_are_told() {
        assert!(LAWS.iter().map(|law| law.number).eq(1..=22));
        assert!(crate::verdict::check(&crate::verdict::Record::default()).is_empty());
    }
}
