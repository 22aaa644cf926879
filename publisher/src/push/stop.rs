//! Going home: at the soft stop every socket is told when to come back, and closed, in waves.

use std::sync::Arc;

use super::Push;

/// Waits for the soft stop. Each socket gets a delay of its own, so that the next node is not run over.
pub(super) async fn send_home(push: Arc<Push>) {
    push.life.soft().cancelled().await;
    let (sockets, wave) = (push.hub.sockets(), push.config.wave_max);
    tracing::info!(sockets, "sockets are sent home");
    for _ in 0..sockets.div_ceil(wave) {
        push.hub.send_home(wave);
        tokio::time::sleep(push.config.wave_every.get()).await;
    }
    // Whoever is left came in while the waves went; whoever comes now is told at once.
    push.hub.close();
}
