//! The ports on Redis: their contracts on a real cluster, and what only a real one can do: forget, fail over, hang, hang up.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bus;
mod contracts;
mod crowd;
mod histories;
mod ledger;
mod limiter;
mod own;
mod tls;

use std::time::Duration;

use cluster::redis::{Redis, RedisConfig};
use contract::fresh;
use stack::Running;

/// The cluster that all tests share, under names that no other test has; patient, for a machine that builds meanwhile.
fn config() -> RedisConfig {
    let mut config = RedisConfig { prefix: fresh::uuid().to_string(), ..RedisConfig::default() };
    config.urls = Running::from_env().unwrap().redis;
    config.response_timeout = Duration::from_secs(4);
    config.overall_timeout = Duration::from_secs(10);
    config.limiter.wait = Duration::from_secs(10);
    config.bus.tell_wait = Duration::from_secs(10);
    config.bus.listen_wait = Duration::from_secs(10);
    config
}

fn shared() -> Redis {
    Redis::open(config()).unwrap()
}

/// Settings for a cluster where nobody is.
fn nowhere() -> RedisConfig {
    RedisConfig { urls: vec!["redis://127.0.0.1:1".into()], ..RedisConfig::default() }
}

#[tokio::test]
async fn health_is_told_within_its_bound() {
    shared().ping().await.unwrap();
    let nobody = Redis::open(nowhere()).unwrap();
    assert!(fresh::soon("a no", nobody.ping()).await.is_err());
}

#[tokio::test]
async fn settings_that_can_never_work_are_refused() {
    // A brace in the prefix would move every key into one slot.
    assert!(Redis::open(RedisConfig { prefix: "a{b}c".into(), ..nowhere() }).is_err());
    assert!(Redis::open(RedisConfig { urls: vec![], ..nowhere() }).is_err());
}
