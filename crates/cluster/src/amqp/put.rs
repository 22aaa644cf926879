//! Putting: whoever waits for the broker's confirm goes in one batch, many messages in flight, and is told what became of his own.
//!
//! A lane is one channel and one task. While one batch waits for its confirms the next one gathers, so a batch grows with the
//! crowd by itself. What one lane's queue cannot take delays no other lane.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use lapin::{
    BasicProperties, Channel, Confirmation, PublisherConfirm,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable},
};
use sale::port::queue::QueueError;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinHandle,
    time::sleep,
};

use super::{Link, Live, RabbitError, Shape};

/// So often a batch on its way asks whether the broker still reads.
const BLOCKED_LOOK: Duration = Duration::from_millis(100);
/// AMQP's number for "keep it on the disk".
const PERSISTENT: u8 = 2;
/// The header that says why a message was put aside.
const WHY: &str = "why";
/// The header that says whose story a message is a part of; its name is W3C's.
const TRACEPARENT: &str = "traceparent";

/// A message and where it goes.
pub(crate) struct Parcel {
    pub(crate) shape: Arc<Shape>,
    pub(crate) body: Vec<u8>,
    /// For a person who looks at it.
    pub(crate) why: Option<String>,
    /// For whoever takes it.
    pub(crate) trace: Option<String>,
}

type Outcome = Result<(), QueueError>;

/// One caller's parcels.
struct Job {
    parcels: Vec<Parcel>,
    /// `None`: nobody asks.
    answer: Option<oneshot::Sender<Outcome>>,
    _room: OwnedSemaphorePermit,
}

impl Job {
    /// Whoever waited went away: it was promised to nobody.
    fn is_forsaken(&self) -> bool {
        self.answer.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    fn answer(self, outcome: Outcome) {
        if let Some(answer) = self.answer {
            let _ = answer.send(outcome);
        }
    }
}

/// The bounds of one lane.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// Messages that wait in this process.
    pub(crate) waiting_max: u32,
    /// Messages on their way without a confirm.
    pub(crate) in_flight_max: usize,
    /// How long a batch waits for its confirms.
    pub(crate) put_wait: Duration,
}

/// A way to the broker, in order.
pub(crate) struct Lane {
    door: mpsc::UnboundedSender<Job>,
    // The door's bound, in messages.
    room: Arc<Semaphore>,
    carrier: JoinHandle<()>,
}

impl Lane {
    pub(crate) fn start(name: String, link: Arc<Link>, bounds: Bounds) -> Self {
        let (door, waiting) = mpsc::unbounded_channel();
        let carrier = Carrier { name, link, bounds, open: None, failing: false };
        Self {
            door,
            room: Arc::new(Semaphore::new(bounds.waiting_max as usize)),
            carrier: tokio::spawn(carrier.run(waiting)),
        }
    }

    /// Gets in line; the answer comes when all of it is stored, or it is not known to be.
    ///
    /// Errors: `Full` where the line is as long as it may be.
    pub(crate) fn put(&self, parcels: Vec<Parcel>) -> Result<Answer, QueueError> {
        let (answer, answered) = oneshot::channel();
        self.line_up(parcels, Some(answer))?;
        Ok(Answer(answered))
    }

    /// Gets in line and forgets it. Errors: as [`put`](Self::put).
    pub(crate) fn put_and_forget(&self, parcels: Vec<Parcel>) -> Result<(), QueueError> {
        self.line_up(parcels, None)
    }

    fn line_up(&self, parcels: Vec<Parcel>, answer: Option<oneshot::Sender<Outcome>>) -> Result<(), QueueError> {
        let messages = u32::try_from(parcels.len()).map_err(|_| QueueError::Full)?;
        let room = self.room.clone().try_acquire_many_owned(messages).map_err(|_| QueueError::Full)?;
        self.door.send(Job { parcels, answer, _room: room }).map_err(|_| QueueError::Unavailable)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

/// What became of it.
pub(crate) struct Answer(oneshot::Receiver<Outcome>);

impl Answer {
    pub(crate) async fn wait(self) -> Outcome {
        self.0.await.unwrap_or(Err(QueueError::Unavailable))
    }
}

/// The lane's task.
struct Carrier {
    name: String,
    link: Arc<Link>,
    bounds: Bounds,
    open: Option<(Arc<Live>, Channel)>,
    failing: bool,
}

impl Carrier {
    async fn run(mut self, mut waiting: mpsc::UnboundedReceiver<Job>) {
        let mut jobs = Vec::new();
        while waiting.recv_many(&mut jobs, self.bounds.in_flight_max).await > 0 {
            jobs.retain(|job| !job.is_forsaken());
            let begun = Instant::now();
            let outcomes = self.carry_in_time(&jobs).await;
            metrics::histogram!("rabbit_put_seconds").record(begun.elapsed());
            for (job, outcome) in jobs.drain(..).zip(outcomes) {
                job.answer(outcome);
            }
        }
    }

    async fn carry_in_time(&mut self, jobs: &[Job]) -> Vec<Outcome> {
        let (wait, link) = (self.bounds.put_wait, self.link.clone());
        // Asked first: of who does not read nothing is asked, for it would not answer either.
        let carried = tokio::select! {
            biased;
            () = blocked(&link) => Err(RabbitError::Blocked),
            carried = self.carry_or_again(jobs) => carried,
            () = sleep(wait) => Err(RabbitError::Unavailable(format!("no confirm within {wait:?}"))),
        };
        match carried {
            Ok(outcomes) => {
                self.failing = false;
                outcomes
            }
            Err(error) => {
                self.fail(&error, jobs.len());
                vec![Err(QueueError::Unavailable); jobs.len()]
            }
        }
    }

    fn fail(&mut self, error: &RabbitError, jobs: usize) {
        // Confirms that are still to come must not be taken for those of a later batch.
        self.open = None;
        metrics::counter!("rabbit_puts_failed_total").increment(jobs as u64);
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(lane = self.name, %error, "messages could not be put");
        }
    }

    /// Where a queue is gone, the second try declares it. Only what nobody waits for is tried again: doubled or overtaken it
    /// harms nobody. Whoever waits is told that it is unknown, and comes again by himself.
    async fn carry_or_again(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, RabbitError> {
        match self.carry(jobs).await {
            Err(RabbitError::Gone(what)) if jobs.iter().all(|job| job.answer.is_none()) => {
                tracing::warn!(lane = self.name, what, "a queue is gone: it is declared again");
                self.open = None;
                self.carry(jobs).await
            }
            carried => carried,
        }
    }

    /// Publishes all, and waits for all their confirms.
    async fn carry(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, RabbitError> {
        let (live, channel) = self.opened().await?;
        for shape in shapes(jobs).values() {
            live.declare(shape).await?;
        }
        let mut batch = Batch { outcomes: vec![Ok(()); jobs.len()], flying: VecDeque::new(), returned: 0 };
        for (job, parcels) in jobs.iter().map(|job| &job.parcels).enumerate() {
            for parcel in parcels {
                if batch.flying.len() >= self.bounds.in_flight_max {
                    batch.land().await?;
                }
                batch.flying.push_back((job, publish(&channel, parcel).await?));
            }
        }
        while !batch.flying.is_empty() {
            batch.land().await?;
        }
        if batch.returned > 0 {
            // A queue is gone. lapin hands a return to whichever confirm comes next, so that only the batch as a whole
            // knows: none of it is promised.
            live.forget_declared();
            return Err(RabbitError::Gone(format!("{} messages of the lane {} came back", batch.returned, self.name)));
        }
        Ok(batch.outcomes)
    }

    async fn opened(&mut self) -> Result<(Arc<Live>, Channel), RabbitError> {
        if let Some((live, channel)) = &self.open
            && channel.status().connected()
        {
            return Ok((live.clone(), channel.clone()));
        }
        let live = self.link.now().ok_or_else(|| RabbitError::Unavailable(self.link.why_down()))?;
        let channel = live.channel().await?;
        live.call("confirm.select", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        self.open = Some((live.clone(), channel.clone()));
        Ok((live, channel))
    }
}

/// Until the broker is seen to have stopped reading: it says so to whoever puts something, and confirms nothing until it reads again.
async fn blocked(link: &Link) {
    while !link.now().is_some_and(|live| live.is_blocked()) {
        sleep(BLOCKED_LOOK).await;
    }
}

fn shapes(jobs: &[Job]) -> BTreeMap<&str, &Arc<Shape>> {
    jobs.iter().flat_map(|job| &job.parcels).map(|parcel| (parcel.shape.name.as_str(), &parcel.shape)).collect()
}

/// Messages on their way, oldest first, and whose they are.
struct Batch {
    outcomes: Vec<Outcome>,
    flying: VecDeque<(usize, PublisherConfirm)>,
    returned: usize,
}

impl Batch {
    /// Waits for the oldest.
    async fn land(&mut self) -> Result<(), RabbitError> {
        let Some((job, confirm)) = self.flying.pop_front() else { return Ok(()) };
        match confirm.await? {
            Confirmation::Ack(None) => {}
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) | Confirmation::NotRequested => self.returned += 1,
            // A queue at its bound refuses.
            Confirmation::Nack(None) => self.outcomes[job] = Err(QueueError::Full),
        }
        Ok(())
    }
}

async fn publish(channel: &Channel, parcel: &Parcel) -> Result<PublisherConfirm, RabbitError> {
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let mut headers = FieldTable::default();
    for (name, text) in [(WHY, &parcel.why), (TRACEPARENT, &parcel.trace)] {
        if let Some(text) = text {
            headers.insert(name.into(), AMQPValue::LongString(text.as_str().into()));
        }
    }
    let properties = BasicProperties::default().with_delivery_mode(PERSISTENT).with_headers(headers);
    let queue = parcel.shape.name.clone();
    Ok(channel.basic_publish("".into(), queue, options, &parcel.body, properties).await?)
}

/// What a message's header says of its trace.
pub(crate) fn trace_of(properties: &BasicProperties) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(TRACEPARENT)? {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        _ => None,
    }
}
