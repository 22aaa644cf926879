//! Listening: what is heard on the bus goes to whoever it concerns; what may have been lost is read again.

use std::sync::Arc;

use kit::lifecycle::Lifecycle;
use sale::{
    port::bus::{Bus, Heard, Listener},
    told::Told,
};
use tokio::time::timeout;

use crate::{accept::Marks, config::ScheduleConfig, push::Push, schedule::Schedule};

pub(crate) struct Ears {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) marks: Arc<Marks>,
    /// `None` where this process holds no sockets.
    pub(crate) push: Option<Arc<Push>>,
    pub(crate) config: ScheduleConfig,
    pub(crate) life: Lifecycle,
}

impl Ears {
    /// Until the soft stop. Subscribes first; only then is anything read, so that nothing falls between.
    pub(crate) async fn listen(self) {
        let soft = self.life.soft();
        while !self.life.is_stopping() {
            let mut ear = self.bus.listen().await;
            self.missed("new_ear");
            tokio::select! {
                biased;
                () = soft.cancelled() => return,
                () = self.hear(&mut *ear) => tracing::warn!("the bus is gone: listening anew"),
            }
            self.life.sleep(self.config.confirm_every.get()).await;
        }
    }

    async fn hear(&self, ear: &mut dyn Listener) {
        loop {
            match timeout(self.config.silence_max.get(), ear.next()).await {
                Ok(Some(Heard::Told(told))) => self.told(told),
                // Silence may be peace, or deafness: one look at the journal tells.
                Ok(Some(Heard::Gap)) => self.missed("gap"),
                Err(_) => self.missed("silence"),
                Ok(None) => return,
            }
        }
    }

    fn missed(&self, why: &'static str) {
        metrics::counter!("publisher_rereads_total", "why" => why).increment(1);
        self.read_again();
    }

    fn read_again(&self) {
        self.schedule.reload();
        if let Some(push) = &self.push {
            push.heard_badly();
        }
    }

    fn told(&self, told: Told) {
        metrics::counter!("bus_heard_total", "what" => what(&told)).increment(1);
        let push = self.push.as_deref();
        if let Some(push) = push {
            push.heard_well(self.schedule.now());
        }
        match told {
            Told::Claim(row) => {
                self.marks.hear(&row);
                if let Some(push) = push {
                    push.hear_claim(&row);
                }
            }
            // A pause or a shift moves more claims than anybody tells one by one.
            Told::Sale { .. } => self.read_again(),
            Told::Stock { sale_item_id, stock, gate_open, .. } => {
                self.schedule.hear_stock(sale_item_id, stock, gate_open);
                if let Some(push) = push {
                    push.hear_line(sale_item_id, stock.waiting);
                }
            }
            Told::Notice { sale_id, code, until_ms } => {
                if let Some(push) = push {
                    push.hear_notice(sale_id, code, until_ms);
                }
            }
        }
    }
}

fn what(told: &Told) -> &'static str {
    match told {
        Told::Claim(_) => "claim",
        Told::Sale { .. } => "sale",
        Told::Stock { .. } => "stock",
        Told::Notice { .. } => "notice",
    }
}
