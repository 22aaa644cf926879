//! A knock on the wire.

use sale::{
    ids::{ClaimId, SaleItemId},
    port::timers::Knock,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    sale_item_id: SaleItemId,
    claim_id: ClaimId,
    generation: i64,
    due_at: UnixMs,
}

pub(super) fn write(knock: &Knock) -> Vec<u8> {
    let Knock { sale_item_id, claim_id, generation, due_at } = *knock;
    // Plain data: writing it as JSON has nothing to fail on.
    serde_json::to_vec(&Wire { sale_item_id, claim_id, generation, due_at }).unwrap_or_default()
}

pub(super) fn read(body: &[u8]) -> Result<Knock, serde_json::Error> {
    let Wire { sale_item_id, claim_id, generation, due_at } = serde_json::from_slice(body)?;
    Ok(Knock { sale_item_id, claim_id, generation, due_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_knock_reads_as_it_was_written() {
        let (sale_item_id, claim_id) = (SaleItemId(Uuid::from_u128(1)), ClaimId(Uuid::from_u128(2)));
        let knock = Knock { sale_item_id, claim_id, generation: 3, due_at: UnixMs(4) };
        assert_eq!(read(&write(&knock)).ok(), Some(knock));
        assert!(read(b"[]").is_err());
    }
}
