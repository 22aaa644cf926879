//! Token buckets in Redis, on Redis' clock; buckets of this process while it does not answer.

mod local;
mod outage;
mod refusals;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::Value;
use sale::{
    bucket::{Answer, Rate},
    port::{clock::Clock, limiter::Limiter},
};
use serde::Deserialize;

use crate::redis::{
    NoAnswer, Redis,
    script::{Script, int, word},
};
use local::LocalBuckets;
use outage::Outage;
use refusals::Refusals;

/// The script's text, for whoever compares its arithmetic with `sale::bucket`.
pub const TAKE_LUA: &str = include_str!("limiter/lua/take.lua");

static TAKE: Script =
    Script::new("limiter take", TAKE_LUA, &["bucket"], &["burst", "per_period", "period_ms"], &["yes", "no"]);

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimiterConfig {
    /// Whoever is limited waits so long for Redis and not longer.
    #[serde(with = "humantime_serde")]
    pub wait: Duration,
    /// After a failure Redis is left alone for so long, then one request asks it again.
    #[serde(with = "humantime_serde")]
    pub retry: Duration,
    /// Buckets that are not full, kept in this process meanwhile; above it those are forgotten that are soonest full.
    pub local_buckets_max: usize,
    /// Refusals remembered while they stand, so that Redis is not asked again; above it all are forgotten.
    pub refusals_max: usize,
}

impl Default for LimiterConfig {
    fn default() -> Self {
        let (wait, retry) = (Duration::from_millis(100), Duration::from_secs(1));
        Self { wait, retry, local_buckets_max: 100_000, refusals_max: 100_000 }
    }
}

/// Buckets that all nodes share, by name.
pub struct RedisLimiter {
    redis: Redis,
    clock: Arc<dyn Clock>,
    outage: Outage,
    local: LocalBuckets,
    refusals: Refusals,
}

impl RedisLimiter {
    /// `clock`: for what this process keeps alone.
    pub fn new(redis: Redis, clock: Arc<dyn Clock>) -> Self {
        let LimiterConfig { retry, local_buckets_max, refusals_max, .. } = redis.config().limiter;
        let (local, refusals) = (LocalBuckets::new(local_buckets_max), Refusals::new(refusals_max));
        Self { redis, clock, outage: Outage::new(retry), local, refusals }
    }

    async fn ask(&self, key: &str, rate: Rate) -> Answer {
        if self.outage.may_ask() {
            match self.shared(key, rate).await {
                Ok(answer) => {
                    self.outage.ended();
                    return answer;
                }
                Err(NoAnswer) => self.outage.began(),
            }
        }
        metrics::counter!("limiter_local_total").increment(1);
        self.local.take(key, rate, self.clock.now())
    }

    async fn shared(&self, key: &str, rate: Rate) -> Result<Answer, NoAnswer> {
        let config = self.redis.config();
        let bucket = format!("{}:bucket:{key}", config.prefix);
        let args = [rate.burst.to_string(), rate.per_period.to_string(), rate.period_ms.to_string()];
        let reply = self.redis.run_within(config.limiter.wait, &TAKE, &[&bucket], &args).await?;
        answer(&reply).ok_or(NoAnswer)
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn take(&self, key: &str, rate: Rate) -> Answer {
        if let Some(refused) = self.refused(key, rate) {
            return refused;
        }
        // Read before Redis is asked: what is remembered is over too early rather than too late.
        let now = self.clock.now();
        let answer = self.ask(key, rate).await;
        if !answer.allowed {
            self.refusals.remember(key, now, answer.retry_after_ms);
        }
        answer
    }

    fn refused(&self, key: &str, rate: Rate) -> Option<Answer> {
        self.refusals.standing(key, rate, self.clock.now())
    }
}

fn answer(reply: &Value) -> Option<Answer> {
    let Value::Array(parts) = reply else { return None };
    let [verdict, number] = &parts[..] else { return None };
    match word(verdict)? {
        "yes" => Some(Answer { allowed: true, remaining: u32::try_from(int(number)?).ok()?, retry_after_ms: 0 }),
        "no" => Some(Answer { allowed: false, remaining: 0, retry_after_ms: int(number)? }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::script::tests::keeps_its_word;

    #[test]
    fn the_script_takes_and_returns_what_its_header_lists() {
        keeps_its_word(&TAKE);
        let reply = |text: &str| Value::Array(vec![Value::BulkString(text.into()), Value::Int(3)]);
        assert_eq!(answer(&reply("yes")), Some(Answer { allowed: true, remaining: 3, retry_after_ms: 0 }));
        assert_eq!(answer(&reply("no")), Some(Answer { allowed: false, remaining: 0, retry_after_ms: 3 }));
        assert_eq!(answer(&reply("OK")), None);
        assert_eq!(answer(&Value::Nil), None);
    }
}
