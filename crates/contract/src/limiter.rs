//! The limiter's contract: a burst, then one by one; the answer says how long to wait, and that is enough.

use std::{pin::Pin, sync::Arc};

use sale::{bucket::Rate, port::limiter::Limiter};

use crate::fresh;

/// A limiter, and how time passes for it: a test clock moves, a server's clock is waited for.
pub struct Bench {
    pub limiter: Arc<dyn Limiter>,
    /// Three at once, then one a period; a period is longer than a case's calls take together.
    pub rate: Rate,
    pub pass_ms: Pass,
}

pub type Pass = Box<dyn Fn(i64) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The rate of the cases, one token a period.
pub fn rate(period_ms: i64) -> Rate {
    Rate { burst: 3, per_period: 1, period_ms }
}

async fn allowed(bench: &Bench, key: &str) -> bool {
    bench.limiter.take(key, bench.rate).await.allowed
}

pub async fn a_burst_passes_and_not_one_more(bench: &mut Bench) {
    let key = fresh::uuid().to_string();
    for left in [2, 1, 0] {
        let answer = bench.limiter.take(&key, bench.rate).await;
        assert!(answer.allowed && answer.retry_after_ms == 0);
        assert_eq!(answer.remaining, left);
    }
    let no = bench.limiter.take(&key, bench.rate).await;
    assert!(!no.allowed && no.remaining == 0);
    assert!((1..=bench.rate.period_ms).contains(&no.retry_after_ms), "{no:?}");
}

pub async fn the_promised_wait_is_enough(bench: &mut Bench) {
    let key = fresh::uuid().to_string();
    while allowed(bench, &key).await {}
    let no = bench.limiter.take(&key, bench.rate).await;
    (bench.pass_ms)(no.retry_after_ms).await;
    assert!(allowed(bench, &key).await);
    assert!(!allowed(bench, &key).await);
}

pub async fn buckets_do_not_touch_each_other(bench: &mut Bench) {
    let (a, b) = (fresh::uuid().to_string(), fresh::uuid().to_string());
    while allowed(bench, &a).await {}
    assert!(allowed(bench, &b).await);
}

pub async fn a_refusal_takes_nothing(bench: &mut Bench) {
    let key = fresh::uuid().to_string();
    while allowed(bench, &key).await {}
    for _ in 0..50 {
        allowed(bench, &key).await;
    }
    let no = bench.limiter.take(&key, bench.rate).await;
    assert!(no.retry_after_ms <= bench.rate.period_ms, "fifty vain tries must not push the next token away: {no:?}");
}

pub async fn a_refusal_is_known_without_asking_until_its_token_comes(bench: &mut Bench) {
    let key = fresh::uuid().to_string();
    assert_eq!(bench.limiter.refused(&key, bench.rate), None, "nobody was refused yet");
    while allowed(bench, &key).await {}
    let known = bench.limiter.refused(&key, bench.rate).expect("it was just told");
    let no = bench.limiter.take(&key, bench.rate).await;
    assert!(!known.allowed && known.remaining == 0 && known.retry_after_ms >= no.retry_after_ms, "{known:?} {no:?}");
    (bench.pass_ms)(no.retry_after_ms).await;
    assert_eq!(bench.limiter.refused(&key, bench.rate), None, "a token came");
    assert!(allowed(bench, &key).await, "and to know it took nothing");
}
