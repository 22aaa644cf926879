//! The ledger's verbs: each is one Lua file, one round trip, one item's slot.

use async_trait::async_trait;
use sale::{
    ids::SaleItemId,
    port::ledger::{Ask, Grant, Ledger, LedgerError, Levels},
};

use super::{answer::Answer, keys::Keys};
use crate::redis::{Redis, script::Script};

static TAKE: Script = Script::new(
    "ledger take",
    include_str!("lua/take.lua"),
    &["counters", "grants"],
    &["keep_ms", "asks..."],
    &["missing", "taken"],
);
static RAISE: Script = Script::new(
    "ledger raise",
    include_str!("lua/raise.lua"),
    &["counters", "grants"],
    &["keep_ms", "epoch", "units_limit", "units_drawn", "places_limit", "places_drawn"],
    &["missing", "other_epoch", "levels"],
);
static REBUILD: Script = Script::new(
    "ledger rebuild",
    include_str!("lua/rebuild.lua"),
    &["counters", "grants"],
    &[
        "keep_ms",
        "epoch",
        "units_granted",
        "units_limit",
        "units_drawn",
        "places_granted",
        "places_limit",
        "places_drawn",
    ],
    &["other_epoch", "levels"],
);
static READ: Script =
    Script::new("ledger read", include_str!("lua/read.lua"), &["counters"], &[], &["missing", "levels"]);

/// The counters of every item, each in its own slot.
#[derive(Clone)]
pub struct RedisLedger {
    redis: Redis,
}

impl RedisLedger {
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// Loses an item, as a store may at any moment.
    pub async fn forget(&self, item: SaleItemId) -> Result<(), LedgerError> {
        self.redis.forget(&self.keys(item).all()).await.map_err(|_| LedgerError::Unavailable)
    }

    fn keys(&self, item: SaleItemId) -> Keys {
        Keys::of(&self.redis.config().prefix, item)
    }

    fn keep_ms(&self) -> String {
        self.redis.config().ledger_keep.as_millis().to_string()
    }

    async fn ask(&self, script: &Script, keys: &[&str], args: &[String]) -> Result<Answer, LedgerError> {
        let reply = self.redis.run(script, keys, args).await.map_err(|_| LedgerError::Unavailable)?;
        Answer::of(&reply).ok_or_else(|| unreadable(script))
    }

    async fn levels(&self, script: &Script, keys: &[&str], args: &[String]) -> Result<Levels, LedgerError> {
        match self.ask(script, keys, args).await? {
            Answer::Levels(levels) => Ok(levels),
            Answer::Missing => Err(LedgerError::Missing),
            Answer::OtherEpoch(epoch) => Err(LedgerError::OtherEpoch(epoch)),
            Answer::Taken { .. } => Err(unreadable(script)),
        }
    }
}

#[async_trait]
impl Ledger for RedisLedger {
    async fn take(&self, item: SaleItemId, asks: &[Ask]) -> Result<(i64, Vec<Grant>), LedgerError> {
        let asked = asks.iter().flat_map(|ask| [ask.claim_id.to_string(), ask.quantity.to_string()]);
        let args: Vec<String> = std::iter::once(self.keep_ms()).chain(asked).collect();
        match self.ask(&TAKE, &self.keys(item).all(), &args).await? {
            Answer::Taken { epoch, grants } if grants.len() == asks.len() => Ok((epoch, grants)),
            Answer::Missing => Err(LedgerError::Missing),
            _ => Err(unreadable(&TAKE)),
        }
    }

    async fn raise(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        let Levels { epoch, units, places } = levels;
        let numbers = [epoch, units.limit, units.drawn, places.limit, places.drawn];
        self.levels(&RAISE, &self.keys(item).all(), &with(self.keep_ms(), numbers)).await
    }

    async fn rebuild(&self, item: SaleItemId, levels: Levels) -> Result<Levels, LedgerError> {
        let Levels { epoch, units, places } = levels;
        let of_units = [epoch, units.granted, units.limit, units.drawn];
        let numbers = of_units.into_iter().chain([places.granted, places.limit, places.drawn]);
        self.levels(&REBUILD, &self.keys(item).all(), &with(self.keep_ms(), numbers)).await
    }

    async fn read(&self, item: SaleItemId) -> Result<Levels, LedgerError> {
        self.levels(&READ, &[&self.keys(item).counters], &[]).await
    }
}

fn with(keep_ms: String, numbers: impl IntoIterator<Item = i64>) -> Vec<String> {
    std::iter::once(keep_ms).chain(numbers.into_iter().map(|number| number.to_string())).collect()
}

/// What cannot be read is no answer: least of all a yes.
fn unreadable(script: &Script) -> LedgerError {
    tracing::error!(script = script.name, "alarm: a script of the ledger replied what nobody can read");
    LedgerError::Unavailable
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use redis::Value;

    use super::*;
    use crate::redis::script::tests::keeps_its_word;

    #[test]
    fn every_script_takes_and_returns_what_its_header_lists() {
        for script in [&TAKE, &RAISE, &REBUILD, &READ] {
            keeps_its_word(script);
        }
    }

    #[test]
    fn every_listed_answer_is_one_variant_and_nothing_else_is_any() {
        let word = |text: &str| Value::BulkString(text.into());
        let numbers = |count: i64| (1..=count).map(Value::Int);
        let reply = |text, rest: Vec<Value>| Value::Array(std::iter::once(word(text)).chain(rest).collect());
        assert_eq!(Answer::of(&reply("missing", vec![])), Some(Answer::Missing));
        assert_eq!(Answer::of(&reply("other_epoch", vec![Value::Int(4)])), Some(Answer::OtherEpoch(4)));
        assert!(matches!(Answer::of(&reply("levels", numbers(7).collect())), Some(Answer::Levels(_))));
        assert!(matches!(Answer::of(&reply("taken", numbers(1).collect())), Some(Answer::Taken { .. })));
        // A nil cuts an array short, an error is a word: neither is a number.
        assert_eq!(Answer::of(&reply("levels", numbers(6).collect())), None);
        assert_eq!(Answer::of(&reply("taken", vec![Value::Int(1), word("units"), Value::Int(1)])), None);
        assert_eq!(Answer::of(&reply("taken", vec![Value::Int(1), word("units"), Value::Nil, Value::Int(1)])), None);
        assert_eq!(Answer::of(&reply("OOM", vec![])), None);
        assert_eq!(Answer::of(&Value::Nil), None);
    }
}
