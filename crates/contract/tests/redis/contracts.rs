//! The contracts, stamped on Redis.

use std::{sync::Arc, time::Duration};

use cluster::{bus::RedisBus, crowd::RedisCrowd, ledger::RedisLedger, limiter::RedisLimiter, redis::Redis};
use contract::{
    bus::Bench as BusBench,
    crowd::Bench as CrowdBench,
    limiter::{Bench as LimiterBench, Pass},
    stamp,
};
use kit::clock::SystemClock;
use sale::port::ledger::Ledger;

use crate::{config, shared};

async fn redis_ledger() -> Arc<dyn Ledger> {
    Arc::new(RedisLedger::new(shared()))
}

/// Time passes by waiting for it.
fn by_waiting() -> Pass {
    Box::new(|ms| Box::pin(tokio::time::sleep(Duration::from_millis(ms.unsigned_abs()))))
}

async fn redis_limiter() -> LimiterBench {
    let limiter = Arc::new(RedisLimiter::new(shared(), Arc::new(SystemClock)));
    LimiterBench { limiter, rate: contract::limiter::rate(2000), pass_ms: by_waiting() }
}

async fn redis_crowd() -> CrowdBench {
    CrowdBench { crowd: Arc::new(RedisCrowd::new(shared())), keep_ms: 4000, pass_ms: by_waiting() }
}

async fn redis_bus() -> BusBench {
    let mut config = config();
    config.bus.ring = 16;
    BusBench { bus: Arc::new(RedisBus::new(Redis::open(config).unwrap()).unwrap()), overflow: 100 }
}

stamp!(ledger: super::redis_ledger());
stamp!(crowd: super::redis_crowd());
stamp!(limiter: super::redis_limiter());
stamp!(bus: super::redis_bus());
