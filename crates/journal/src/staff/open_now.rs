//! Open: the sale opens as soon as every door can know it.

use sale::{
    ids::{SaleId, UserId},
    rules::OPENING_NOTICE_MS,
    sale::{Phase, Stage},
};

use super::{Done, SPAN_MAX_MS, StaffError};
use crate::Journal;

impl Journal {
    /// Opens the sale in 10 s, and publishes it if it is a draft.
    ///
    /// Repeat: a published sale that opens within 10 s anyway is left as it is, so a second tap does not move the opening.
    pub async fn open_sale(&self, actor: UserId, id: SaleId) -> Result<Done, StaffError> {
        let mut desk = self.desk(id).await?;
        let phase = desk.phase();
        if !matches!(phase, Phase::Draft | Phase::Scheduled | Phase::WaitingRoom) {
            return desk.wrong_state();
        }
        let soon = desk.now + OPENING_NOTICE_MS;
        if phase != Phase::Draft && desk.sale.opens_at <= soon {
            return Ok(Done::only(id, desk.now));
        }
        let lasts = desk.sale.closes_at - desk.sale.opens_at;
        desk.sale.stage = Stage::Published;
        desk.sale.opens_at = soon;
        desk.sale.waiting_room_opens_at = desk.sale.waiting_room_opens_at.min(desk.now);
        // A draft's window may have passed while it lay there: it lasts as long as planned. Earlier openings keep their close.
        if desk.sale.closes_at <= soon {
            desk.sale.closes_at = soon + lasts;
        }
        desk.sale.closes_at = desk.sale.closes_at.min(soon + SPAN_MAX_MS);
        let detail = format!("opens_at: {}", soon.0);
        desk.write().await?;
        desk.commit(actor, "sale.open", detail).await
    }
}
