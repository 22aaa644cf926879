//! Live: the figures that staff watch while a sale runs.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use axum::extract::State;
use journal::staff::{ItemCounts, LiveCounts};
use kit::{
    http::{Json, Path, Problem, Staff},
    instant::to_rfc3339,
};
use sale::{
    ids::SaleId,
    sale::{ItemState, Phase, Stock},
    time::UnixMs,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{refusal, shop::Shop};

/// Sales whose figures are kept for a moment.
const KEPT_MAX: usize = 100;

/// The figures counted last, so that ten consoles cost one count.
#[derive(Default)]
pub struct LiveCache(std::sync::Mutex<HashMap<SaleId, (UnixMs, Arc<LiveCounts>)>>);

/// A sale while it runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveBody {
    server_time: String,
    #[schema(value_type = String, example = "open")]
    state: Phase,
    /// Sockets that all doors hold, and how many of them watch this sale, as of a second ago or two; null while nobody knows.
    sockets: Option<u64>,
    watching: Option<u64>,
    claims: ClaimCounts,
    items: Vec<LiveItem>,
    /// Messages on the claims queue, of all sales, roughly; null while it does not answer.
    queue_depth: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimCounts {
    /// Decided, and on the queue.
    received: i64,
    decided: i64,
    refused: i64,
}

/// Units of one item: free + held + paying + paid = allotment.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveItem {
    id: Uuid,
    allotment: u32,
    free: u32,
    held: u32,
    paying: u32,
    paid: u32,
    /// Units that people stand by for.
    standby: u32,
    #[schema(value_type = String, example = "all_held")]
    state: ItemState,
}

/// The figures of a sale
///
/// Counted at most once a second, however many ask.
#[utoipa::path(get, path = "/api/v1/admin/sales/{id}/live", tag = "staff", params(("id" = Uuid, Path)),
    security(("bearer" = [])), responses(
        (status = 200, body = LiveBody),
        (status = 404, description = "`not_found`", body = Problem),
    ))]
pub async fn live(State(shop): State<Shop>, _staff: Staff, Path(id): Path<Uuid>) -> Result<Json<LiveBody>, Problem> {
    let id = SaleId(id);
    let view = shop.journal.sale(id).await.map_err(refusal::journal)?.ok_or_else(Problem::not_found)?;
    let now = shop.journal.clock().await.map_err(refusal::journal)?;
    let phase = view.sale.phase(now);
    let counts = counted(&shop, id, now).await?;
    let (queue_depth, heads) = tokio::join!(shop.stores.queue.depth(), shop.stores.crowd.heads(id));
    let (queue_depth, heads) = (queue_depth.ok(), heads.ok());
    let queued = i64::try_from(queue_depth.unwrap_or(0)).unwrap_or(i64::MAX);
    Ok(Json(LiveBody {
        server_time: to_rfc3339(now),
        state: phase,
        sockets: heads.map(|heads| heads.sockets),
        watching: heads.map(|heads| heads.watching),
        claims: ClaimCounts {
            received: counts.decided.saturating_add(queued),
            decided: counts.decided,
            refused: counts.refused,
        },
        items: counts.items.iter().map(|item| LiveItem::of(item, phase)).collect(),
        queue_depth,
    }))
}

async fn counted(shop: &Shop, id: SaleId, now: UnixMs) -> Result<Arc<LiveCounts>, Problem> {
    if let Some(fresh) = shop.live.fresh(id, now, shop.config.live_every.ms()) {
        return Ok(fresh);
    }
    let counts = Arc::new(shop.journal.live_counts(id).await.map_err(refusal::journal)?);
    shop.live.keep(id, now, counts.clone());
    Ok(counts)
}

impl LiveCache {
    fn fresh(&self, id: SaleId, now: UnixMs, for_ms: i64) -> Option<Arc<LiveCounts>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Age by absolute value: a clock that stepped back must not keep a figure alive.
        kept.get(&id).filter(|(at, _)| (now - *at).abs() < for_ms).map(|(_, counts)| counts.clone())
    }

    fn keep(&self, id: SaleId, now: UnixMs, counts: Arc<LiveCounts>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(id, (now, counts));
    }
}

impl LiveItem {
    fn of(item: &ItemCounts, phase: Phase) -> Self {
        let ItemCounts { id, allotment, held, paying, paid, standby } = *item;
        let stock = Stock { allotment, held: held + paying, paid, waiting: standby, ..Stock::default() };
        Self { id: id.0, allotment, free: stock.available(), held, paying, paid, standby, state: stock.state(phase) }
    }
}
