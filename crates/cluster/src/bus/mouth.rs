//! The mouth: what is to be told on one channel, in order, in frames; what was lost leaves a hole in the numbers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{Either, ready};
use sale::told::Told;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use crate::redis::{Redis, script::Script};

/// Messages in one frame.
const FRAME_MAX: usize = 128;
/// After a loss it is tried so often to tell of it, even if there is nothing else to say.
const LOSS_EVERY: Duration = Duration::from_secs(1);
const FOR_EVER: Duration = Duration::MAX;

static TELL: Script =
    Script::new("bus tell", include_str!("lua/tell.lua"), &["number"], &["channel", "frame", "lost"], &["told"]);

struct Word {
    told: Told,
    /// Dropped when the word was told or lost; the last of a group has it.
    _done: Option<oneshot::Sender<()>>,
}

/// One channel's queue, and its task behind it: a shard that is down holds up only its own channels.
pub(super) struct Mouth {
    queue: mpsc::Sender<Word>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Something never reached the channel, and listeners do not know yet.
    lost: AtomicBool,
    /// The last frame failed: nobody waits for the next.
    failing: AtomicBool,
}

impl Mouth {
    pub(super) fn open(redis: &Redis, channel: &str, queue_max: usize, tasks: &mut JoinSet<()>) -> Self {
        let (queue, words) = mpsc::channel(queue_max.max(1));
        let state = Arc::new(State::default());
        let (number, channel) = (format!("{channel}:number"), channel.to_owned());
        tasks.spawn(Speaker { redis: redis.clone(), number, channel, state: state.clone() }.speak(words));
        Self { queue, state }
    }

    /// Queues these in order; the future ends when they were told or lost. Drops what finds no room.
    pub(super) fn say(&self, told: Vec<Told>) -> impl Future<Output = ()> + use<> {
        let (done, wait) = oneshot::channel();
        let (mut done, mut left) = (Some(done), told.len());
        for told in told {
            left -= 1;
            let done = if left == 0 { done.take() } else { None };
            if self.queue.try_send(Word { told, _done: done }).is_err() {
                self.state.lost.store(true, Ordering::Relaxed);
                metrics::counter!("bus_lost_total", "why" => "queue_full").increment(1);
            }
        }
        if self.state.failing.load(Ordering::Relaxed) {
            return Either::Left(ready(()));
        }
        Either::Right(async move { drop(wait.await) })
    }
}

struct Speaker {
    redis: Redis,
    number: String,
    channel: String,
    state: Arc<State>,
}

impl Speaker {
    async fn speak(self, mut words: mpsc::Receiver<Word>) {
        let mut batch = Vec::with_capacity(FRAME_MAX);
        loop {
            let lost = self.state.lost.load(Ordering::Relaxed);
            let patience = if lost { LOSS_EVERY } else { FOR_EVER };
            if timeout(patience, words.recv_many(&mut batch, FRAME_MAX)).await == Ok(0) {
                return;
            }
            // With nothing to say it still tells that something was lost.
            self.frame(&mut batch).await;
        }
    }

    /// Tells all of it, or remembers that it was lost.
    async fn frame(&self, batch: &mut Vec<Word>) {
        let told: Vec<&Told> = batch.iter().map(|word| &word.told).collect();
        let frame = serde_json::to_string(&told).unwrap_or_default();
        // What is lost from here on is the next frame's.
        let lost = self.state.lost.swap(false, Ordering::Relaxed);
        let args = [self.channel.clone(), frame, u8::from(lost).to_string()];
        let failed = self.redis.run(&TELL, &[&self.number], &args).await.is_err();
        if failed {
            self.state.lost.store(true, Ordering::Relaxed);
            metrics::counter!("bus_lost_total", "why" => "no_answer").increment(batch.len() as u64);
        } else {
            metrics::counter!("bus_told_total").increment(batch.len() as u64);
        }
        if self.state.failing.swap(failed, Ordering::Relaxed) != failed {
            let channel = &self.channel;
            match failed {
                true => tracing::warn!(channel, "redis does not take what is told: listeners will hear of a gap"),
                false => tracing::info!(channel, "redis takes again what is told"),
            }
        }
        batch.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::script::tests::keeps_its_word;

    #[test]
    fn the_script_takes_and_returns_what_its_header_lists() {
        keeps_its_word(&TELL);
    }
}
