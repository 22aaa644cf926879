//! After all: units are conserved, nobody waits beside a free unit, nothing lies on the queue.

use std::{path::Path, sync::Arc};

use journal::{
    Journal,
    sales::{ItemView, SaleView},
    staff::ItemCounts,
};
use kit::clock::TestClock;
use sale::{ids::SaleId, port::clock::Clock, rules};

/// No test has more people waiting.
const LINE_MAX: u32 = 10_000;

/// Opens the journal anew, as somebody who comes after us would, and looks.
pub(super) fn after_all(file: &Path, clock: Arc<TestClock>, sales: Vec<SaleId>, may_leave: bool) {
    let file = file.to_owned();
    // A thread of its own: a drop cannot wait inside the runtime it runs in.
    let checked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let journal = Journal::open(&file, clock.clone()).await.expect("the journal after all");
            if !may_leave {
                let depth = journal.queue_depth().await.expect("the queue's depth");
                assert_eq!(depth.messages, 0, "messages were left on the queue");
            }
            for sale in sales {
                check_sale(&journal, &*clock, sale).await;
            }
        });
    });
    if let Err(panic) = checked.join() {
        std::panic::resume_unwind(panic);
    }
}

async fn check_sale(journal: &Journal, clock: &dyn Clock, sale: SaleId) {
    let view = journal.sale(sale).await.expect("the journal").expect("a planned sale");
    let counts = journal.live_counts(sale).await.expect("the counts");
    for item in &view.items {
        let counted = counts.items.iter().find(|counts| counts.id == item.item.id).expect("counts of every item");
        check_units(item, counted);
        check_line(journal, clock, &view, item).await;
    }
}

/// The item's row, its holds, and what the ledger must show are three counts of the same units.
fn check_units(item: &ItemView, counted: &ItemCounts) {
    let (id, stock, levels) = (item.item.id, &item.stock, &item.levels);
    assert!(counted.held + counted.paying + counted.paid <= counted.allotment, "oversold: {id}");
    assert_eq!(stock.held, counted.held + counted.paying, "held and paying holds of {id}");
    assert_eq!(stock.paid, counted.paid, "paid holds of {id}");
    assert_eq!(levels.units.available(), i64::from(stock.available()), "free units of {id} for the ledger");
    let places = item.item.standby_limit - stock.waiting;
    assert_eq!(levels.places.available(), i64::from(places), "free places of {id} for the ledger");
}

/// Ranks go up by one, and the head does not wait beside enough free units.
async fn check_line(journal: &Journal, clock: &dyn Clock, view: &SaleView, item: &ItemView) {
    let line = journal.line(item.item.id, LINE_MAX).await.expect("the line");
    // Whoever wants fewer gets those in front, with the same places and odds.
    let front = journal.line(item.item.id, 2).await.expect("the line's front");
    assert_eq!(front, line[..line.len().min(2)], "the front of the line of {}", item.item.id);
    let waiting: u32 = line.iter().map(|place| place.quantity).sum();
    assert_eq!(waiting, item.stock.waiting, "units waited for on {}", item.item.id);
    assert!(line.iter().map(|place| place.position).eq(1..=line.len() as u32), "ranks of {}", item.item.id);
    let over = rules::is_over(view.sale.phase(clock.now()));
    if let Some(head) = line.first().filter(|_| !over) {
        let free = item.stock.available();
        assert!(
            head.quantity > free,
            "the head of {} waits for {} beside {free} free units",
            item.item.id,
            head.quantity
        );
    }
}
