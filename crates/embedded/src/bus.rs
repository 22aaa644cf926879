//! The bus in memory: one ring for everybody; whoever reads too slowly hears a gap.

use async_trait::async_trait;
use sale::{
    port::bus::{Bus, Heard, Listener},
    told::Told,
};
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

/// So many messages are kept for a slow listener before it loses the oldest.
pub const RING_DEFAULT: usize = 16_384;

/// The ring. Messages are told in order to every listener of this process.
#[derive(Debug)]
pub struct MemoryBus(Sender<Told>);

impl MemoryBus {
    /// `ring`: messages kept for slow listeners, at least 1.
    pub fn new(ring: usize) -> Self {
        Self(broadcast::channel(ring.max(1)).0)
    }
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::new(RING_DEFAULT)
    }
}

struct Ear(Receiver<Told>);

#[async_trait]
impl Bus for MemoryBus {
    async fn tell(&self, told: Vec<Told>) {
        for one in told {
            // An error means that nobody listens.
            let _ = self.0.send(one);
        }
    }

    async fn listen(&self) -> Box<dyn Listener> {
        Box::new(Ear(self.0.subscribe()))
    }
}

#[async_trait]
impl Listener for Ear {
    async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(told) => Some(Heard::Told(told)),
            Err(RecvError::Lagged(lost)) => {
                metrics::counter!("bus_gaps_total").increment(1);
                tracing::warn!(lost, "a listener of the bus was too slow and lost messages");
                Some(Heard::Gap)
            }
            Err(RecvError::Closed) => None,
        }
    }
}
