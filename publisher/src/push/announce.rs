//! Announcing: every turn of a sale at its instant, its stock a few times a second. Each is told once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sale::{ids::SaleId, time::UnixMs};
use tokio::time::Instant;

use super::{Push, frame};
use crate::schedule::Known;

/// What of a sale was told last.
#[derive(Clone, Copy, Default)]
struct Told {
    version: i64,
    stock: i64,
}

/// Until the soft stop. Nothing here waits for another node: the opening follows from the schedule and the clock.
pub(super) async fn announce(push: Arc<Push>) {
    let mut told: HashMap<SaleId, Told> = HashMap::new();
    let mut stock_due = Instant::now();
    loop {
        let now = push.schedule.judged();
        let with_stock = Instant::now() >= stock_due;
        if with_stock {
            stock_due = Instant::now() + push.config.stock_every.get();
        }
        let book = push.schedule.book();
        told.retain(|id, _| book.sales.contains_key(id));
        for known in book.sales.values() {
            let next = Told::of(known, now);
            // Who watched before this sale was known here has heard nothing of it yet.
            let last = told.entry(known.sale.id).or_default();
            if next.version > last.version || (with_stock && next.stock > last.stock) {
                push.hub.tell_watching(known.sale.id, &frame::sale(known, now));
                *last = Told { version: next.version.max(last.version), stock: next.stock };
            }
        }
        let turn = book.sales.values().filter_map(|known| known.next_turn(now)).min();
        let wait = until(turn, now).min(stock_due.saturating_duration_since(Instant::now()));
        tokio::select! {
            () = push.schedule.news.notified() => {}
            awake = push.life.sleep(wait) => if !awake { return },
        }
    }
}

impl Told {
    fn of(known: &Known, now: UnixMs) -> Self {
        Self { version: known.sale.version(now), stock: known.stock_version() }
    }
}

/// How long until the next turn. At least a moment: where time stands still the turn is near and does not come.
fn until(turn: Option<UnixMs>, now: UnixMs) -> Duration {
    const LEAST: Duration = Duration::from_millis(1);
    const MOST: Duration = Duration::from_secs(3600);
    turn.map_or(MOST, |turn| Duration::from_millis((turn - now).max(0) as u64)).clamp(LEAST, MOST)
}
