//! The sale: its window, its phase at an instant, and the items in it.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::{
    ids::{ProductId, SaleId, SaleItemId},
    money::Money,
    time::UnixMs,
};

/// How far staff (and the sweeper) have taken a sale; time does the rest, see [`Sale::phase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Draft,
    Published,
    Closed,
    Reconciled,
}

/// What the public is told of a sale at an instant. The order is the order of life; its number goes into the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Draft = 0,
    Scheduled = 1,
    WaitingRoom = 2,
    Open = 3,
    Paused = 4,
    Closed = 5,
    Reconciled = 6,
}

/// The occasion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    pub id: SaleId,
    pub title: String,
    pub stage: Stage,
    /// Grows by one with every committed change of this row.
    pub row_version: i64,
    pub waiting_room_opens_at: UnixMs,
    pub opens_at: UnixMs,
    /// Moves forward while the sale is paused or the clock stood still.
    pub closes_at: UnixMs,
    /// Since when every clock of this sale stands still.
    pub paused_at: Option<UnixMs>,
}

impl Sale {
    /// What this sale is at `now`.
    pub fn phase(&self, now: UnixMs) -> Phase {
        match self.stage {
            Stage::Draft => Phase::Draft,
            Stage::Closed => Phase::Closed,
            Stage::Reconciled => Phase::Reconciled,
            Stage::Published if self.paused_at.is_some() => Phase::Paused,
            Stage::Published if now < self.waiting_room_opens_at => Phase::Scheduled,
            Stage::Published if now < self.opens_at => Phase::WaitingRoom,
            Stage::Published if now < self.closes_at => Phase::Open,
            Stage::Published => Phase::Closed,
        }
    }

    /// The version of what the public is told: derived from row and phase, so that every node says the same number.
    pub fn version(&self, now: UnixMs) -> i64 {
        self.row_version * 8 + self.phase(now) as i64
    }

    /// The next instant at which the phase changes by itself.
    pub fn next_turn(&self, now: UnixMs) -> Option<UnixMs> {
        if self.stage != Stage::Published || self.paused_at.is_some() {
            return None;
        }
        [self.waiting_room_opens_at, self.opens_at, self.closes_at].into_iter().find(|at| *at > now)
    }
}

/// What a sale item is, apart from its counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleItem {
    pub id: SaleItemId,
    pub sale_id: SaleId,
    pub product: Product,
    pub price: Money,
    /// The struck-through price beside it.
    pub list_price: Option<Money>,
    /// Units, over one buyer's whole sale.
    pub purchase_limit: u32,
    pub hold_s: u32,
    /// Units, not people.
    pub standby_limit: u32,
    pub question: Option<Question>,
}

/// A product of the catalogue, as far as a sale shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    pub image_url: String,
}

/// The question that slows robots down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub text: String,
    pub options: Vec<String>,
    pub answer: String,
}

impl Question {
    /// Whether this is the answer, however wide or tall it was typed.
    pub fn accepts(&self, answer: Option<&str>) -> bool {
        answer.is_some_and(|given| fold(given) == fold(&self.answer))
    }
}

/// Full-width, padded and lower-case letters all mean the same answer.
fn fold(s: &str) -> String {
    s.nfkc().collect::<String>().trim().to_lowercase()
}

/// What the public is told of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    OnSale,
    /// Nothing free, but some units are not paid yet and may come back.
    AllHeld,
    /// Every unit is paid.
    SoldOut,
    Closed,
}

/// An item's units, counted at one commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Grows with every committed change that moves one of the other figures.
    pub stock_version: i64,
    pub allotment: u32,
    /// Held or paying.
    pub held: u32,
    pub paid: u32,
    /// Units that people stand by for.
    pub waiting: u32,
    /// The latest deadline among live holds.
    pub may_return_by: Option<UnixMs>,
}

impl Stock {
    pub fn available(&self) -> u32 {
        self.allotment.saturating_sub(self.held).saturating_sub(self.paid)
    }

    pub fn state(&self, phase: Phase) -> ItemState {
        match phase {
            Phase::Closed | Phase::Reconciled => ItemState::Closed,
            _ if self.paid >= self.allotment => ItemState::SoldOut,
            _ if self.available() == 0 => ItemState::AllHeld,
            _ => ItemState::OnSale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_width_or_lower_case_answer_is_right_and_none_is_wrong() {
        let q = Question { text: String::new(), options: vec![], answer: "A Sony".into() };
        assert!(q.accepts(Some(" ａ sony ")));
        assert!(!q.accepts(Some("B")) && !q.accepts(None));
    }
}
