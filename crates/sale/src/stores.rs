//! The keyring: one handle for each outside thing. Handlers never know which backend hangs on it.

use std::sync::Arc;

use crate::port::{
    bus::Bus, capacity::Capacity, chance::Chance, clock::Clock, crowd::Crowd, ledger::Ledger, limiter::Limiter,
    mail::MailQueue, payments::Payments, queue::ClaimQueue, timers::Timers,
};

#[derive(Clone)]
pub struct Stores {
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub ledger: Arc<dyn Ledger>,
    pub queue: Arc<dyn ClaimQueue>,
    pub bus: Arc<dyn Bus>,
    pub crowd: Arc<dyn Crowd>,
    pub limiter: Arc<dyn Limiter>,
    pub timers: Arc<dyn Timers>,
    pub payments: Arc<dyn Payments>,
    pub mail: Arc<dyn MailQueue>,
    pub capacity: Arc<dyn Capacity>,
}
