//! The timers' contract: a knock is not early and soon there.

use std::sync::Arc;

use sale::{
    port::timers::{Knock, Timers},
    time::UnixMs,
};

use crate::{
    fresh::{self, never, soon},
    limiter::Pass,
};

/// Timers, their present time, and how time passes for them.
pub struct Bench {
    pub timers: Arc<dyn Timers>,
    pub now: Box<dyn Fn() -> UnixMs + Send + Sync>,
    pub pass_ms: Pass,
}

impl Bench {
    fn knock(&self, in_ms: i64) -> Knock {
        let due_at = (self.now)() + in_ms;
        Knock { sale_item_id: fresh::item(), claim_id: fresh::claim_id(), generation: 1, due_at }
    }
}

pub async fn a_knock_comes_when_it_is_due_and_not_before(bench: &mut Bench) {
    let knock = bench.knock(2_000);
    bench.timers.arm(vec![knock]).await;
    never("a knock before its time", bench.timers.next()).await;
    // Waited for while the time passes, so that the instant of its coming is seen.
    let coming = async {
        let heard = soon("the knock", bench.timers.next()).await;
        (heard, (bench.now)())
    };
    let ((heard, came_at), ()) = tokio::join!(coming, (bench.pass_ms)(2_000));
    assert_eq!(heard, knock);
    assert!(came_at >= knock.due_at, "due at {:?} and there at {came_at:?}", knock.due_at);
    never("a second knock", bench.timers.next()).await;
}

pub async fn knocks_come_by_their_instants(bench: &mut Bench) {
    let (late, early) = (bench.knock(2_000), bench.knock(1_000));
    bench.timers.arm(vec![late, early]).await;
    (bench.pass_ms)(2_000).await;
    assert_eq!(soon("the earlier knock", bench.timers.next()).await, early);
    assert_eq!(soon("the later knock", bench.timers.next()).await, late);
}

pub async fn an_earlier_knock_overtakes_a_waiting_one(bench: &mut Bench) {
    let late = bench.knock(60_000);
    bench.timers.arm(vec![late]).await;
    let timers = bench.timers.clone();
    let waiting = tokio::spawn(async move { timers.next().await });
    tokio::task::yield_now().await;
    let early = bench.knock(1_000);
    bench.timers.arm(vec![early]).await;
    (bench.pass_ms)(1_000).await;
    assert_eq!(soon("the earlier knock", waiting).await.unwrap(), early);
}
