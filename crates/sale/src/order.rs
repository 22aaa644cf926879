//! The order: a paid hold.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ClaimId, OrderId, SaleItemId, UserId},
    money::Money,
    time::UnixMs,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    Paid,
    Shipped,
    Completed,
    Cancelled,
    Refunded,
}

/// Where the parcel goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shipping {
    pub name: String,
    pub phone: String,
    pub address: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    /// `YYYYMMDDHH` and six digits; unique.
    pub number: String,
    pub state: OrderState,
    pub claim_id: ClaimId,
    pub sale_item_id: SaleItemId,
    pub buyer_id: UserId,
    pub product_name: String,
    pub image_url: String,
    pub quantity: u32,
    pub total: Money,
    pub shipping: Shipping,
    pub mail_to: String,
    pub created_at: UnixMs,
}
