//! Hints: the provider's webhooks, as unreliable as real ones, and always in the same way for the same payment.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sale::port::payments::Payment;
use tokio::{sync::Notify, time::Instant};

/// Webhooks on their way; one more is lost.
const ON_THE_WAY_MAX: usize = 4096;

#[derive(Debug)]
pub struct Hints {
    late: Duration,
    on_the_way: Mutex<OnTheWay>,
    more: Notify,
}

#[derive(Debug, Default)]
struct OnTheWay {
    next: u64,
    by_arrival: BTreeMap<(Instant, u64), Payment>,
}

impl Hints {
    pub fn new(late: Duration) -> Self {
        Self { late, on_the_way: Mutex::default(), more: Notify::new() }
    }

    /// Sends the webhooks of a change. By the key's last byte, of eight payments one loses its webhook, one gets it twice, one late.
    pub fn changed(&self, payment: Payment) {
        let byte = payment.key.claim_id.0.as_bytes()[15].wrapping_add(payment.key.attempt as u8);
        let delays: &[Duration] = match byte % 8 {
            0 => &[],
            1 => &[Duration::ZERO, Duration::ZERO],
            2 => &[self.late],
            _ => &[Duration::ZERO],
        };
        let mut way = self.lock();
        for delay in delays {
            if way.by_arrival.len() < ON_THE_WAY_MAX {
                let arrival = (Instant::now() + *delay, way.next);
                way.next += 1;
                way.by_arrival.insert(arrival, payment.clone());
            }
        }
        drop(way);
        self.more.notify_one();
    }

    /// The next webhook to arrive.
    pub async fn next(&self) -> Payment {
        loop {
            let due = match self.arrived() {
                Ok(payment) => return payment,
                Err(due) => due,
            };
            match due {
                None => self.more.notified().await,
                Some(due) => tokio::select! {
                    () = tokio::time::sleep_until(due) => {}
                    () = self.more.notified() => {}
                },
            }
        }
    }

    /// The first that has arrived, or when the next one will.
    fn arrived(&self) -> Result<Payment, Option<Instant>> {
        let mut way = self.lock();
        let Some(((due, _), _)) = way.by_arrival.first_key_value() else { return Err(None) };
        if *due > Instant::now() {
            return Err(Some(*due));
        }
        way.by_arrival.pop_first().map(|(_, payment)| payment).ok_or(None)
    }

    fn lock(&self) -> MutexGuard<'_, OnTheWay> {
        self.on_the_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
