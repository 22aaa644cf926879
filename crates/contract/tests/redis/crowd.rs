//! The crowd: the doors of all processes count together, and while Redis is not there nobody knows.

use cluster::{crowd::RedisCrowd, redis::Redis};
use contract::fresh;
use sale::port::crowd::{Count, Crowd, Heads, Unknown};

use crate::{config, nowhere};

#[tokio::test]
async fn two_processes_count_together() {
    let config = config();
    let open = || RedisCrowd::new(Redis::open(config.clone()).unwrap());
    let (a, b, sale) = (open(), open(), fresh::sale());
    for (crowd, sockets) in [(&a, 2), (&b, 3)] {
        let count = Count { sockets, watching: [(sale, 1)].into() };
        crowd.tell(fresh::uuid(), count, 60_000).await;
    }
    for crowd in [a, b] {
        assert_eq!(crowd.heads(sale).await, Ok(Heads { sockets: 5, watching: 2 }));
    }
}

#[tokio::test]
async fn without_redis_nobody_knows_and_the_door_goes_on() {
    let crowd = RedisCrowd::new(Redis::open(nowhere()).unwrap());
    fresh::soon("the door", crowd.tell(fresh::uuid(), Count::default(), 60_000)).await;
    assert_eq!(fresh::soon("a no", crowd.heads(fresh::sale())).await, Err(Unknown));
}
