//! Counting: how many are at this door, told to whoever sums up all doors.

use std::sync::Arc;

use sale::port::crowd::Count;

use super::Push;

/// Until the soft stop, and then once more.
pub(super) async fn count(push: Arc<Push>) {
    // A new name with each start: what died under the old one is forgotten by itself.
    let door = push.stores.chance.v7(push.wall());
    let keep_ms = push.config.count_keep.ms();
    loop {
        push.stores.crowd.tell(door, push.hub.count(), keep_ms).await;
        if !push.life.sleep(push.config.count_every.get()).await {
            break;
        }
    }
    // Who is sent home now comes in by another door, and is counted there.
    push.stores.crowd.tell(door, Count::default(), keep_ms).await;
}
