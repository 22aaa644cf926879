//! Answers: what a buyer was told under an idempotency key, and is told again.

use sale::{hold::HoldState, port::payments::PaymentKey, time::UnixMs};

use super::{BeginError, Clerk, ENDED, HoldRow, IN_DOUBT, PayAsk};
use crate::{
    Journal, JournalError, args,
    db::{Row, Tx},
    sql,
};

/// Answers forgotten in one transaction, so that it never takes long.
const FORGOTTEN_MAX: u32 = 5_000;

/// A stored answer: status and body, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub status: u16,
    pub body: String,
}

impl Journal {
    /// The answer stored under this key, `None` where the question is new.
    ///
    /// Errors: as [`Journal::begin_payment`]: `InFlight` while nothing is stored yet, `KeyReused` for another question.
    pub async fn stored_answer(&self, ask: &PayAsk) -> Result<Option<Stored>, BeginError> {
        let row = self.db.row(sql!("checkout/seen"), args![ask.buyer, ask.route, &ask.key]).await?;
        let Some(row) = row else { return Ok(None) };
        same_question(&row, ask)?;
        stored(&row)?.map(Some).ok_or(BeginError::InFlight)
    }

    /// Stores the answer for now: the provider has not said a word. Its ending replaces it.
    ///
    /// Repeat: once; an answer that is there stays.
    pub async fn answer_in_doubt(&self, key: PaymentKey, body: &str) -> Result<(), JournalError> {
        let mut tx = self.db.begin().await?;
        tx.run(sql!("checkout/doubtful"), args![body, key.claim_id, key.attempt]).await?;
        tx.commit().await
    }

    /// Forgets refusals older than `before`. Those of an order are kept with it.
    pub async fn forget_answers(&self, before: UnixMs) -> Result<u64, JournalError> {
        let mut gone = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let some = tx.run(sql!("checkout/forget"), args![before, FORGOTTEN_MAX]).await?;
            tx.commit().await?;
            gone += some;
            if some < u64::from(FORGOTTEN_MAX) {
                return Ok(gone);
            }
        }
    }
}

/// The answer under this key, as of this transaction. One that waits for a hold which has ended meanwhile becomes its 410 here.
pub(super) async fn seen(tx: &mut Tx, ask: &PayAsk, clerk: &dyn Clerk) -> Result<Option<Stored>, BeginError> {
    let Some(row) = tx.row(sql!("checkout/seen"), args![ask.buyer, ask.route, &ask.key]).await? else {
        return Ok(None);
    };
    same_question(&row, ask)?;
    let stored = stored(&row)?;
    if stored.as_ref().is_some_and(|s| s.status != IN_DOUBT) {
        return Ok(stored);
    }
    let attempt = row.count("attempt")?;
    match HoldRow::read(tx, ask.claim_id).await? {
        Some(hold) if matches!(hold.state, HoldState::Expired | HoldState::Released) => {
            let ended = Stored { status: ENDED, body: clerk.ended(hold.state) };
            finish(tx, PaymentKey { claim_id: ask.claim_id, attempt }, &ended).await?;
            Ok(Some(ended))
        }
        _ => stored.map(Some).ok_or(BeginError::InFlight),
    }
}

/// Stores the ending of a try under the key that began it. An ending that is there stays.
pub(super) async fn finish(tx: &mut Tx, key: PaymentKey, stored: &Stored) -> Result<(), JournalError> {
    let args = args![i64::from(stored.status), &stored.body, key.claim_id, key.attempt];
    tx.run(sql!("checkout/answer"), args).await.map(drop)
}

fn same_question(row: &Row, ask: &PayAsk) -> Result<(), BeginError> {
    if row.bytes("body_hash")? == ask.body_hash { Ok(()) } else { Err(BeginError::KeyReused) }
}

fn stored(row: &Row) -> Result<Option<Stored>, JournalError> {
    let (status, body) = (row.opt_int("status")?, row.opt_text("answer")?);
    let status = status.map(u16::try_from).transpose().map_err(|e| JournalError::Data(format!("status: {e}")))?;
    Ok(status.zip(body).map(|(status, body)| Stored { status, body }))
}
