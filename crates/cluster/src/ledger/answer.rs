//! The answers: each thing that a Lua file of the ledger returns, by its first word.

use redis::Value;
use sale::port::ledger::{Counters, Grant, Kind, Levels};

use crate::redis::script::{int, word};

/// One variant for each word that the Lua headers list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Missing,
    OtherEpoch(i64),
    Levels(Levels),
    Taken { epoch: i64, grants: Vec<Grant> },
}

impl Answer {
    /// `None` for what no script returns: nobody may take that for a number.
    pub(super) fn of(reply: &Value) -> Option<Self> {
        let Value::Array(parts) = reply else { return None };
        let (first, rest) = parts.split_first()?;
        match (word(first)?, rest) {
            ("missing", []) => Some(Self::Missing),
            ("other_epoch", [epoch]) => Some(Self::OtherEpoch(int(epoch)?)),
            ("levels", rest) => levels(rest).map(Self::Levels),
            ("taken", [epoch, grants @ ..]) => {
                let triples = grants.chunks(3).map(grant).collect::<Option<_>>()?;
                Some(Self::Taken { epoch: int(epoch)?, grants: triples })
            }
            _ => None,
        }
    }
}

fn levels(parts: &[Value]) -> Option<Levels> {
    let numbers: Vec<i64> = parts.iter().map(int).collect::<Option<_>>()?;
    let [epoch, ref counters @ ..] = numbers[..] else { return None };
    let (units, places) = counters.split_at_checked(3)?;
    Some(Levels { epoch, units: triple(units)?, places: triple(places)? })
}

fn triple(numbers: &[i64]) -> Option<Counters> {
    let [granted, limit, drawn] = *numbers else { return None };
    Some(Counters { granted, limit, drawn })
}

fn grant(triple: &[Value]) -> Option<Grant> {
    let [kind, first, quantity] = triple else { return None };
    let kind = match word(kind)? {
        "units" => Kind::Units,
        "places" => Kind::Places,
        "nothing" => return Some(Grant::Nothing),
        _ => return None,
    };
    Some(Grant::Granted { kind, first: int(first)?, quantity: u32::try_from(int(quantity)?).ok()? })
}
