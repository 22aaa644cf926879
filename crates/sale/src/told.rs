//! What is told between processes over the bus: hints, never the truth.

use serde::{Deserialize, Serialize};

use crate::{
    claim::ClaimView,
    ids::{SaleId, SaleItemId},
    sale::Stock,
};

/// One message on the bus. A lost one costs a moment: whoever notices a gap re-reads the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum Told {
    /// A committed row of one buyer. A held one is re-read where its pass is minted.
    Claim(ClaimView),
    /// A sale's row changed: re-read it.
    Sale { sale_id: SaleId },
    /// An item's units at a commit, at most 4 a second for each item.
    Stock {
        sale_id: SaleId,
        sale_item_id: SaleItemId,
        stock: Stock,
        /// Whether the ledger would still grant a unit or a place: where not, doors may turn claims back.
        gate_open: bool,
    },
    /// Something staff or the clock did that people should read.
    Notice { sale_id: SaleId, code: NoticeCode, until_ms: Option<i64> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    Paused,
    Resumed,
    Extended,
    Restart,
}
