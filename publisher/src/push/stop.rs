//! Going home: at the soft stop every socket is told when to come back, and closed, in waves.

use std::sync::Arc;

use super::{Push, outbox::End};

/// Waits for the soft stop. Each socket gets a delay of its own, so that the next node is not run over.
pub(super) async fn send_home(push: Arc<Push>) {
    push.life.soft().cancelled().await;
    let ids = push.hub.ids();
    tracing::info!(sockets = ids.len(), "sockets are sent home");
    for wave in ids.chunks(push.config.wave_max) {
        for id in wave {
            push.hub.end(*id, End::Restart { resume_after_ms: push.resume_after_ms() });
        }
        tokio::time::sleep(push.config.wave_every.get()).await;
    }
}
