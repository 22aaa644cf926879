//! The claim: what a buyer asks for, what becomes of it, and how it is told.

use serde::{Deserialize, Serialize};

use crate::{
    hold::HoldState,
    ids::{ClaimId, OrderId, SaleId, SaleItemId, UserId, claim_id},
    time::UnixMs,
};

/// The highest attempt one buyer may number on one item: bounds what one account can write.
pub const ATTEMPT_MAX: u32 = 100;
/// The largest quantity one claim may name.
pub const QUANTITY_MAX: u32 = 100;

/// One asking for units, as it travels on the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub id: ClaimId,
    pub sale_item_id: SaleItemId,
    pub buyer_id: UserId,
    pub attempt: u32,
    pub quantity: u32,
    pub received_at: UnixMs,
}

impl Claim {
    pub fn new(item: SaleItemId, buyer: UserId, attempt: u32, quantity: u32, received_at: UnixMs) -> Self {
        Self { id: claim_id(item, buyer, attempt), sale_item_id: item, buyer_id: buyer, attempt, quantity, received_at }
    }
}

/// What a buyer may put on the claims queue; nothing overtakes inside a sale item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    Claim(Claim),
    /// Ends the buyer's own standby entry or hold; an unknown claim is written as withdrawn.
    Withdraw(Claim),
}

impl Command {
    pub fn claim(&self) -> &Claim {
        match self {
            Self::Claim(c) | Self::Withdraw(c) => c,
        }
    }
}

/// Why a claim ended without a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    NotOpen,
    Closed,
    AlreadyClaimed,
    LimitReached,
    AllHeld,
    SoldOut,
    /// Nobody is to blame but us: it could not be decided, and staff were alarmed.
    Failed,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotOpen => "not_open",
            Self::Closed => "closed",
            Self::AlreadyClaimed => "already_claimed",
            Self::LimitReached => "limit_reached",
            Self::AllHeld => "all_held",
            Self::SoldOut => "sold_out",
            Self::Failed => "failed",
        }
    }
}

/// How a claim stands, in the words its buyer hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    Received,
    Held,
    Standby,
    Paying,
    Paid,
    Refused,
    Expired,
    Withdrawn,
}

impl ClaimState {
    /// Whether nothing can follow.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Paid | Self::Refused | Self::Expired | Self::Withdrawn)
    }
}

impl From<HoldState> for ClaimState {
    fn from(hold: HoldState) -> Self {
        match hold {
            HoldState::Held => Self::Held,
            HoldState::Paying => Self::Paying,
            HoldState::Allocated => Self::Paid,
            HoldState::Released => Self::Withdrawn,
            HoldState::Expired => Self::Expired,
        }
    }
}

/// A claim as its buyer is told it, taken from committed rows. The purchase pass is minted where this is handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimView {
    pub claim_id: ClaimId,
    pub sale_id: SaleId,
    pub sale_item_id: SaleItemId,
    pub buyer_id: UserId,
    pub attempt: u32,
    pub quantity: u32,
    pub state: ClaimState,
    /// claim row version + hold row version: both only grow.
    pub version: i64,
    /// Rank on the standby list; 1 is next. A hint: it moves without a new version.
    pub position: Option<u32>,
    /// Estimated chance of promotion, whole percent. A hint like the position.
    pub odds: Option<u8>,
    pub deadline: Option<UnixMs>,
    /// Bumped whenever the deadline moves; goes into the purchase pass.
    pub generation: Option<i64>,
    pub reason: Option<Reason>,
    pub order_id: Option<OrderId>,
}
