//! The limiter: the arithmetic of `sale::bucket` in Lua, and every process for itself while Redis does not answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cluster::{
    limiter::{RedisLimiter, TAKE_LUA},
    redis::Redis,
};
use contract::fresh::{self, below};
use kit::clock::{SeedChance, SystemClock};
use redis::{Value, cluster::ClusterClient, cluster_async::ClusterConnection};
use sale::{
    bucket::{self, Answer, Rate},
    port::limiter::Limiter,
};

use crate::{config, nowhere, own::Own};

const HOUR: Rate = Rate { burst: 3, per_period: 1, period_ms: 3_600_000 };

/// The script with its clock in the caller's hand.
fn script_at() -> String {
    // Nor does it forget by the server's clock what is full by the caller's.
    let replaced = [("redis.call('TIME')", "{ARGV[4], ARGV[5]}"), (", 'PX', div(instant - now + 999, 1000)", "")];
    replaced.iter().fold(TAKE_LUA.to_owned(), |script, (from, to)| {
        assert!(script.contains(from), "{from}");
        script.replace(from, to)
    })
}

async fn lua(connection: &mut ClusterConnection, key: &str, state: i64, rate: Rate, now_ms: i64) -> (i64, Answer) {
    let set = redis::cmd("SET").arg(key).arg(state).query_async::<Value>(connection).await;
    set.unwrap();
    let (seconds, micros) = (now_ms / 1000, now_ms % 1000 * 1000 + 999);
    let mut eval = redis::cmd("EVAL");
    eval.arg(script_at()).arg(1).arg(key).arg(rate.burst).arg(rate.per_period).arg(rate.period_ms);
    let (verdict, number): (String, i64) = eval.arg(seconds).arg(micros).query_async(connection).await.unwrap();
    let next = redis::cmd("GET").arg(key).query_async::<i64>(connection).await.unwrap();
    let answer = match verdict.as_str() {
        "yes" => Answer { allowed: true, remaining: u32::try_from(number).unwrap(), retry_after_ms: 0 },
        "no" => Answer { allowed: false, remaining: 0, retry_after_ms: number },
        other => panic!("{other}"),
    };
    (next, answer)
}

#[tokio::test]
async fn the_script_answers_exactly_like_the_rule() {
    let client = ClusterClient::builder(config().urls).response_timeout(Duration::from_secs(10)).build().unwrap();
    let mut connection = client.get_async_connection().await.unwrap();
    for seed in 0..40 {
        let chance = SeedChance::new(seed);
        let rate = Rate {
            burst: below(&chance, 20) as u32,
            per_period: below(&chance, 50) as u32,
            period_ms: 1 + below(&chance, 100_000) as i64,
        };
        let key = fresh::uuid().to_string();
        let (mut state, mut now_ms) = (0, 1_800_000_000_000 + below(&chance, 1_000_000_000) as i64);
        for step in 0..50 {
            let expected = bucket::take(state, rate, now_ms);
            assert_eq!(
                lua(&mut connection, &key, state, rate, now_ms).await,
                expected,
                "seed {seed} step {step}: {rate:?}"
            );
            state = expected.0;
            // Mostly on, sometimes far on, sometimes back.
            now_ms += match below(&chance, 10) {
                0 => rate.period_ms * 3,
                1 => -(below(&chance, 60_000) as i64),
                _ => below(&chance, (rate.period_ms as u64 / 5).max(2)) as i64,
            };
        }
    }
}

async fn passes(limiter: &RedisLimiter, key: &str, tries: usize) -> usize {
    let mut passed = 0;
    for _ in 0..tries {
        passed += usize::from(limiter.take(key, HOUR).await.allowed);
    }
    passed
}

#[tokio::test]
async fn two_processes_share_a_bucket() {
    let config = config();
    let open = || RedisLimiter::new(Redis::open(config.clone()).unwrap(), Arc::new(SystemClock));
    let (a, b) = (open(), open());
    assert_eq!(passes(&a, "somebody", 2).await, 2);
    assert_eq!(passes(&b, "somebody", 5).await, 1);
    assert_eq!(passes(&a, "somebody", 5).await, 0);
}

#[tokio::test]
async fn without_redis_every_process_counts_for_itself_and_nobody_waits_for_the_dead() {
    let limiter = RedisLimiter::new(Redis::open(nowhere()).unwrap(), Arc::new(SystemClock));
    let begun = Instant::now();
    assert_eq!(passes(&limiter, "somebody", 1000).await, 3);
    assert_eq!(passes(&limiter, "somebody else", 1000).await, 3);
    // Two thousand waits would be minutes; one every second asks whether Redis is back.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_redis_is_back_the_buckets_are_shared_again() {
    let own = Own::start().await;
    let open = || RedisLimiter::new(own.open(), Arc::new(SystemClock));
    let (a, b) = (open(), open());
    assert_eq!(passes(&a, "before", 5).await, 3);
    let masters: Vec<_> = own.nodes.masters().unwrap().iter().map(|node| node.addr).collect();
    masters.iter().for_each(|addr| own.server(*addr).pause().unwrap());
    assert_eq!(passes(&a, "meanwhile", 5).await, 3);
    assert_eq!(passes(&b, "meanwhile", 5).await, 3, "each for itself");
    masters.iter().for_each(|addr| own.server(*addr).resume().unwrap());
    // Shared again: what one took, the other does not have.
    fresh::until("both ask redis again", || async {
        let key = fresh::uuid().to_string();
        passes(&a, &key, 3).await;
        passes(&b, &key, 1).await == 0
    })
    .await;
}
