//! Telling: after a verb's commit, people over the bus and the ledger over its port, neither waiting for the other.

use std::time::Duration;

use futures_util::future::join_all;
use journal::staff::{Done, Moved};
use sale::{
    ids::SaleItemId,
    port::ledger::{LedgerError, Levels},
    told::{NoticeCode, Told},
};

use crate::shop::Shop;

/// Messages handed to the bus at one time.
const TELL_MAX: usize = 500;
/// How long a ledger may take before it is left to the reconciler, which sends the same levels every second.
const LEDGER_WAIT: Duration = Duration::from_secs(2);

/// Tells what a verb did. Never fails the verb: what is lost here is read again from the journal.
pub async fn tell(shop: &Shop, done: &Done, notice: Option<NoticeCode>) {
    let people = async {
        for part in messages(shop, done, notice).await.chunks(TELL_MAX) {
            shop.stores.bus.tell(part.to_vec()).await;
        }
        if !done.knocks.is_empty() {
            shop.stores.timers.arm(done.knocks.clone()).await;
        }
    };
    tokio::join!(people, raise(shop, done.items.iter().map(|item| (item.sale_item_id, item.levels))));
}

async fn messages(shop: &Shop, done: &Done, notice: Option<NoticeCode>) -> Vec<Told> {
    let sale_id = done.sale_id;
    let mut told = vec![Told::Sale { sale_id }];
    if let Some(code) = notice {
        let until = shop.journal.sale(sale_id).await.ok().flatten().map(|view| view.sale.closes_at.0);
        let until_ms = until.filter(|_| code == NoticeCode::Extended);
        told.push(Told::Notice { sale_id, code, until_ms });
    }
    let stock = |item: &Moved| {
        let Moved { sale_item_id, levels, stock } = *item;
        Told::Stock { sale_id, sale_item_id, stock, gate_open: levels.gate_open() }
    };
    told.extend(done.items.iter().map(stock));
    told.extend(done.claims.iter().cloned().map(Told::Claim));
    told
}

/// Makes the ledger promise at least this, of all items at once; one that it does not know is built.
pub async fn raise(shop: &Shop, items: impl Iterator<Item = (SaleItemId, Levels)>) {
    join_all(items.map(|(item, levels)| raise_one(shop, item, levels))).await;
}

async fn raise_one(shop: &Shop, item: SaleItemId, levels: Levels) {
    let ledger = &shop.stores.ledger;
    let raised = async {
        match ledger.raise(item, levels).await {
            Err(LedgerError::Missing) => ledger.rebuild(item, levels).await,
            answer => answer,
        }
    };
    match tokio::time::timeout(LEDGER_WAIT, raised).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%item, %error, "the ledger is left to the reconciler"),
        Err(_) => tracing::warn!(%item, "the ledger is slow and left to the reconciler"),
    }
}
