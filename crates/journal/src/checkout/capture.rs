//! Capture: the order's money was taken, or can no longer be.

use sale::port::payments::PaymentKey;

use super::{PaymentStage, move_payment};
use crate::{Journal, JournalError, outbox};

impl Journal {
    /// Notes the end of captures and closes their outbox rows: (row, try, whether the money was taken).
    ///
    /// Each payment before its outbox row, as an allocation writes them. No hold is locked: it is allocated for good.
    /// Repeat: the first one counts. A failed capture leaves the order paid: staff decide, nobody's goods vanish silently.
    pub async fn captures_ended(&self, ends: &[(i64, PaymentKey, bool)]) -> Result<(), JournalError> {
        if ends.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let now = self.now(&mut tx).await?;
        for (row, key, taken) in ends {
            let to = if *taken { PaymentStage::Captured } else { PaymentStage::CaptureFailed };
            move_payment(&mut tx, *key, PaymentStage::Authorised, to, now).await?;
            outbox::close(&mut tx, *row, now).await?;
        }
        tx.commit().await
    }
}
