//! The bus's contract: what is told is heard in order, or its loss is.

use std::sync::Arc;

use sale::{
    port::bus::{Bus, Heard, Listener},
    told::Told,
};

use crate::fresh::{self, soon};

/// A bus, and how many messages may be told to a listener that does not listen before it must have lost some.
pub struct Bench {
    pub bus: Arc<dyn Bus>,
    pub overflow: usize,
}

fn news() -> Told {
    Told::Sale { sale_id: fresh::sale() }
}

async fn next(listener: &mut Box<dyn Listener>) -> Heard {
    soon("the next message", listener.next()).await.unwrap()
}

pub async fn everybody_hears_what_is_told_in_order(bench: &mut Bench) {
    let (mut a, mut b) = (bench.bus.listen().await, bench.bus.listen().await);
    let told = vec![news(), news(), news()];
    bench.bus.tell(told.clone()).await;
    for one in told {
        assert_eq!(next(&mut a).await, Heard::Told(one.clone()));
        assert_eq!(next(&mut b).await, Heard::Told(one));
    }
}

pub async fn who_listens_hears_everything_after(bench: &mut Bench) {
    bench.bus.tell(vec![news()]).await;
    let mut listener = bench.bus.listen().await;
    let told = news();
    bench.bus.tell(vec![told.clone()]).await;
    assert_eq!(next(&mut listener).await, Heard::Told(told));
}

pub async fn nobody_listening_is_no_failure(bench: &mut Bench) {
    drop(bench.bus.listen().await);
    bench.bus.tell(vec![news()]).await;
}

pub async fn who_is_too_slow_hears_of_a_gap_and_then_goes_on(bench: &mut Bench) {
    let (mut slow, mut quick) = (bench.bus.listen().await, bench.bus.listen().await);
    for _ in 0..bench.overflow {
        bench.bus.tell(vec![news()]).await;
    }
    let last = news();
    bench.bus.tell(vec![last.clone()]).await;
    // A telling may travel: slow is who has not begun to listen when the last has arrived.
    gaps_until(&mut quick, &last).await;
    assert!(gaps_until(&mut slow, &last).await > 0, "something was lost and nobody was told");
}

async fn gaps_until(listener: &mut Box<dyn Listener>, last: &Told) -> usize {
    let mut gaps = 0;
    loop {
        match next(listener).await {
            Heard::Gap => gaps += 1,
            Heard::Told(told) if told == *last => return gaps,
            Heard::Told(_) => {}
        }
    }
}
