//! Ids: which kind of thing a UUID names, and how a claim's id follows from what it claims.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use uuid::{Builder, Uuid};

use crate::time::UnixMs;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> { Uuid::from_str(s).map(Self) }
        }
        impl From<Uuid> for $name { fn from(id: Uuid) -> Self { Self(id) } }
        impl From<$name> for Uuid { fn from(id: $name) -> Self { id.0 } }
    )+};
}

id! {
    /// Somebody with an account: buyer or staff.
    UserId,
    /// The occasion.
    SaleId,
    /// One product in one sale.
    SaleItemId,
    /// What the catalogue sells.
    ProductId,
    /// One asking for units; also the id of the hold and of the standby entry that come of it (at most one of each).
    ClaimId,
    /// A paid hold.
    OrderId,
}

/// The id of a buyer's n-th claim on a sale item: UUIDv8 over all three, so a repeat is the same claim on every node.
pub fn claim_id(item: SaleItemId, buyer: UserId, attempt: u32) -> ClaimId {
    ClaimId(v8(&[b"miaosha claim 1", item.0.as_bytes(), buyer.0.as_bytes(), &attempt.to_be_bytes()]))
}

/// The id of one state of a sale's row: each change has its own, so that each is told.
pub fn sale_change_id(sale: SaleId, row_version: i64) -> Uuid {
    v8(&[b"miaosha sale change 1", sale.0.as_bytes(), &row_version.to_be_bytes()])
}

fn v8(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// A UUIDv7 of this instant and these random bytes.
pub fn v7(now: UnixMs, random: [u8; 10]) -> Uuid {
    Builder::from_unix_timestamp_millis(now.0.max(0) as u64, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_the_same_claim_and_anything_else_is_another() {
        let (item, buyer) = (SaleItemId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let id = claim_id(item, buyer, 1);
        assert_eq!(id, claim_id(item, buyer, 1));
        assert_eq!(id.0.get_version_num(), 8);
        assert_ne!(id, claim_id(item, buyer, 2));
        assert_ne!(id, claim_id(SaleItemId(Uuid::from_u128(2)), UserId(Uuid::from_u128(1)), 1));
    }
}
