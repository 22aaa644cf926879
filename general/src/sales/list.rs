//! The list: sales by state, the latest opening first.

use axum::extract::State;
use journal::sales::SaleView;
use kit::{
    http::{Json, Problem, Query},
    instant::to_rfc3339,
};
use sale::{ids::SaleId, sale::Phase, time::UnixMs};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    page::{PageQuery, invalid_query},
    refusal,
    sale_body::SaleBody,
    shop::Shop,
};

/// Sales looked at for one page, whatever the filter: a state that few are in must not read them all.
const LOOKED_AT_MAX: usize = 500;
/// Sales read at one time where a state is asked for.
const READ: u32 = 100;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StateQuery {
    /// States wanted, separated by commas: `waiting_room,open`. All, if absent.
    pub state: Option<String>,
    /// Entries wanted, at most 100; else 20.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A page of sales.
#[derive(Debug, Serialize, ToSchema)]
pub struct SalesPage {
    pub items: Vec<SaleBody>,
    pub next: Option<String>,
    pub server_time: String,
}

/// Sales, the latest opening first
#[utoipa::path(get, path = "/api/v1/sales", tag = "sales", params(StateQuery), responses(
    (status = 200, body = SalesPage),
    (status = 400, description = "`invalid_query`", body = Problem),
    (status = 503, description = "`unavailable`, `busy`, `timed_out`, `full_house`; Retry-After says when", body = Problem),
))]
pub async fn list(State(shop): State<Shop>, Query(query): Query<StateQuery>) -> Result<Json<SalesPage>, Problem> {
    let wanted = query.state.as_deref().map(phases).transpose()?;
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let (limit, after) = (page.limit() as usize, page.after::<SaleId>()?);
    let now = shop.journal.clock().await.map_err(refusal::journal)?;
    let fits = |view: &SaleView| wanted.as_ref().is_none_or(|wanted| wanted.contains(&view.sale.phase(now)));
    // Without a filter the page itself and the one more that says whether there is more.
    let read = if wanted.is_some() { READ } else { limit as u32 + 1 };
    let (views, next) = filtered(&shop, after, limit, read, fits).await?;
    Ok(Json(body(&views, next, now)))
}

fn body(views: &[SaleView], next: Option<SaleId>, now: UnixMs) -> SalesPage {
    let items = views.iter().map(|view| SaleBody::of(view, now)).collect();
    SalesPage { items, next: next.map(|id| id.to_string()), server_time: to_rfc3339(now) }
}

/// Up to `limit` sales that fit, and the last one looked at if there may be more.
async fn filtered(
    shop: &Shop,
    mut after: Option<SaleId>,
    limit: usize,
    read: u32,
    fits: impl Fn(&SaleView) -> bool,
) -> Result<(Vec<SaleView>, Option<SaleId>), Problem> {
    let (mut found, mut seen) = (Vec::new(), 0);
    loop {
        let views = shop.lookups.page(&shop.journal, after, read).await?;
        let last_page = views.len() < read as usize;
        let mut rest = views.iter().peekable();
        while let Some(view) = rest.next() {
            after = Some(view.sale.id);
            seen += 1;
            if fits(view) {
                found.push(view.clone());
            }
            if found.len() == limit && (rest.peek().is_some() || !last_page) {
                return Ok((found, after));
            }
        }
        if last_page {
            return Ok((found, None));
        }
        if seen >= LOOKED_AT_MAX {
            return Ok((found, after));
        }
    }
}

fn phases(text: &str) -> Result<Vec<Phase>, Problem> {
    let word = |word: &str| {
        let value = serde_json::Value::String(word.trim().to_owned());
        serde_json::from_value(value).map_err(|_| invalid_query(format!("state: `{word}` is no state of a sale")))
    };
    text.split(',').filter(|text| !text.trim().is_empty()).take(16).map(word).collect()
}
