//! Telling stock: the board is read aloud, often enough for the doors and rarely enough for a million windows.

use std::sync::Arc;

use crate::counter::Counter;

/// Tells what is due until the soft stop.
pub(crate) async fn run(counter: Arc<Counter>) {
    while counter.life.sleep(counter.config.relay.stock_every.get()).await {
        counter.stores.bus.tell(counter.board.due()).await;
    }
}
