//! The page: how a list is asked for and how it is cut.

use axum::http::StatusCode;
use kit::http::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Entries of a page, unless told otherwise; and the most that may be asked for.
pub const PAGE: u32 = 20;
pub const PAGE_MAX: u32 = 100;

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Entries wanted, at most 100; else 20.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

impl PageQuery {
    /// How many entries: what cannot be is brought within 1 and 100.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX)
    }

    /// The last entry of the page before. Errors: 400 `invalid_query` for what no list ever handed out.
    pub fn after<T: From<Uuid>>(&self) -> Result<Option<T>, Problem> {
        let parse =
            |text: &str| text.parse::<Uuid>().map(T::from).map_err(|_| invalid_query("cursor: not one of ours"));
        self.cursor.as_deref().filter(|text| !text.is_empty()).map(parse).transpose()
    }
}

pub fn invalid_query(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", "the query cannot be understood").detail(detail)
}

impl<T> Page<T> {
    /// A page of `limit` out of what was read with one more than that: the one too many only says that there is more.
    pub fn cut(mut items: Vec<T>, limit: u32, id: impl Fn(&T) -> Uuid) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|last| id(last).to_string());
        Self { items, next }
    }
}
