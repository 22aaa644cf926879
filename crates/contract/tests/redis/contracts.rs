//! The contracts, stamped on Redis.

use std::{sync::Arc, time::Duration};

use cluster::{bus::RedisBus, ledger::RedisLedger, limiter::RedisLimiter, redis::Redis};
use contract::{bus::Bench as BusBench, limiter::Bench as LimiterBench, stamp};
use kit::clock::SystemClock;
use sale::port::ledger::Ledger;

use crate::{config, shared};

async fn redis_ledger() -> Arc<dyn Ledger> {
    Arc::new(RedisLedger::new(shared()))
}

/// Time passes by waiting for it.
async fn redis_limiter() -> LimiterBench {
    let limiter = Arc::new(RedisLimiter::new(shared(), Arc::new(SystemClock)));
    let sleep = |ms: i64| tokio::time::sleep(Duration::from_millis(ms.unsigned_abs()));
    LimiterBench { limiter, rate: contract::limiter::rate(2000), pass_ms: Box::new(move |ms| Box::pin(sleep(ms))) }
}

async fn redis_bus() -> BusBench {
    let mut config = config();
    config.bus.ring = 16;
    BusBench { bus: Arc::new(RedisBus::new(Redis::open(config).unwrap()).unwrap()), overflow: 100 }
}

stamp!(ledger: super::redis_ledger());
stamp!(limiter: super::redis_limiter());
stamp!(bus: super::redis_bus());
