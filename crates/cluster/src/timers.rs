//! Timers by dead-lettering: a knock waits in the queue of its duration, and dies into the queue of what is due.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use sale::port::{
    clock::Clock,
    timers::{Knock, Timers},
};
use tokio::task::JoinHandle;

use crate::amqp::{Bounds, Lane, Parcel, Rabbit, RabbitError, Shape};

mod heap;
mod hear;
mod steps;
mod wire;

use heap::Heap;

/// Knocks in one put; each of them finds room or is dropped as a whole.
const KNOCKS_PER_PUT: usize = 256;

/// The timers of one process. Whoever calls [`next`](Timers::next), on whichever node, competes for the knocks that are due.
pub struct RabbitTimers {
    desk: Arc<Desk>,
    heap: Arc<Heap>,
    rabbit: Arc<Rabbit>,
    /// Nothing is consumed before the first `next`.
    ears: OnceLock<JoinHandle<()>>,
}

/// Where knocks are handed in.
struct Desk {
    clock: Arc<dyn Clock>,
    due: Arc<Shape>,
    /// By their wait.
    timers: HashMap<Duration, Arc<Shape>>,
    lane: Lane,
}

impl RabbitTimers {
    /// Makes sure that the queue of due knocks is there; the others are made when they are first needed.
    ///
    /// Errors: `OtherShape` where it stands there with other arguments; `Unavailable`.
    // Not all 190 at once: every quorum queue is a process and a log of the broker, and a shop needs a handful.
    pub async fn open(rabbit: &Arc<Rabbit>, clock: Arc<dyn Clock>) -> Result<Arc<Self>, RabbitError> {
        let config = &rabbit.config;
        let due = Arc::new(Shape::due(config));
        rabbit.puts.up().await.declare(&due).await?;
        let bounds = Bounds {
            waiting_max: config.timers.waiting_max,
            in_flight_max: config.timers.in_flight_max,
            put_wait: config.put_wait,
        };
        let lane = Lane::start("timers".to_owned(), rabbit.puts.clone(), bounds);
        let timers = steps::all().map(|step| (step, Arc::new(Shape::timer(config, step)))).collect();
        let heap = Arc::new(Heap::new(clock.clone()));
        let desk = Arc::new(Desk { clock, due, timers, lane });
        Ok(Arc::new(Self { desk, heap, rabbit: rabbit.clone(), ears: OnceLock::new() }))
    }
}

impl Drop for RabbitTimers {
    fn drop(&mut self) {
        if let Some(ears) = self.ears.get() {
            ears.abort();
        }
    }
}

impl Desk {
    /// A knock on its way to the queue of its wait. One that is longer than the longest step waits in several rounds.
    fn parcel(&self, knock: &Knock) -> Option<Parcel> {
        let wait_ms = knock.due_at - self.clock.now();
        let shape = match steps::step_of(wait_ms) {
            None => &self.due,
            Some(step) => self.timers.get(&step)?,
        };
        Some(Parcel { shape: shape.clone(), body: wire::write(knock), why: None, trace: None })
    }
}

#[async_trait]
impl Timers for RabbitTimers {
    async fn arm(&self, knocks: Vec<Knock>) {
        for some in knocks.chunks(KNOCKS_PER_PUT) {
            let parcels = some.iter().filter_map(|knock| self.desk.parcel(knock)).collect();
            if self.desk.lane.put_and_forget(parcels).is_err() {
                metrics::counter!("timers_dropped_total").increment(some.len() as u64);
            }
        }
    }

    async fn next(&self) -> Knock {
        self.ears.get_or_init(|| tokio::spawn(hear::run(self.rabbit.clone(), self.desk.clone(), self.heap.clone())));
        self.heap.next().await
    }
}
