//! Sessions: a refresh token is used once; one that comes back a second time ends its whole family.

use sale::{ids::UserId, time::UnixMs};
use thiserror::Error;

use super::{Account, NewSession, account};
use crate::{Journal, JournalError, args, db::Tx, sql};

#[derive(Debug, Error)]
pub enum RotateError {
    /// Never issued, over, or signed out: sign in again.
    #[error("no such session")]
    Unknown,
    /// It was used before: somebody else has it. The family is revoked.
    #[error("a used token came back")]
    Reused,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Journal {
    /// Whose token this is, used up or not; read without the writer.
    pub async fn session_owner(&self, token_hash: [u8; 32]) -> Result<Option<UserId>, JournalError> {
        self.db.row(sql!("account/session"), args![token_hash]).await?.map(|row| row.id("id")).transpose()
    }

    /// Opens a session after a sign-in.
    pub async fn open_session(&self, user: UserId, session: NewSession) -> Result<(), JournalError> {
        let mut tx = self.db.begin().await?;
        insert(&mut tx, user, session).await?;
        tx.commit().await
    }

    /// Puts a new token in the place of `old`, in the same family.
    ///
    /// Repeat: of two that rotate one token, one gets the new token and the other ends the family for both: a copied token
    /// cannot be told from its original.
    pub async fn rotate_session(
        &self,
        old: [u8; 32],
        new: [u8; 32],
        expires_at: UnixMs,
    ) -> Result<Account, RotateError> {
        let mut tx = self.db.begin().await?;
        let now = self.lock_owner(&mut tx, old).await?;
        let found = tx.row(sql!("account/session"), args![old]).await?;
        let row = found.ok_or(RotateError::Unknown)?;
        let family_id = row.id("family_id")?;
        if row.opt_at("revoked_at")?.is_some() || row.at("expires_at")? <= now {
            return Err(RotateError::Unknown);
        }
        if tx.run(sql!("account/rotate"), args![now, old]).await? == 0 {
            tx.run(sql!("account/revoke"), args![now, row.id::<uuid::Uuid>("family_id")?]).await?;
            tx.commit().await?;
            return Err(RotateError::Reused);
        }
        let owner = account(&row)?;
        insert(&mut tx, owner.id, NewSession { token_hash: new, family_id, expires_at }).await?;
        tx.commit().await?;
        Ok(owner)
    }

    /// Ends the family of a token, if there is one.
    pub async fn end_session(&self, token_hash: [u8; 32]) -> Result<(), JournalError> {
        let mut tx = self.db.begin().await?;
        let now = self.lock_owner(&mut tx, token_hash).await?;
        if let Some(row) = tx.row(sql!("account/session"), args![token_hash]).await? {
            tx.run(sql!("account/revoke"), args![now, row.id::<uuid::Uuid>("family_id")?]).await?;
        }
        tx.commit().await
    }

    /// Locks the account whose token this is, then reads the clock: a family's end must not miss a token that is just being issued.
    async fn lock_owner(&self, tx: &mut Tx, token_hash: [u8; 32]) -> Result<UnixMs, JournalError> {
        tx.run(sql!("account/lock_owner"), args![token_hash]).await?;
        self.now(tx).await
    }
}

pub(super) async fn insert(tx: &mut Tx, user: UserId, session: NewSession) -> Result<(), JournalError> {
    let args = args![session.token_hash, session.family_id, user, session.expires_at];
    tx.run(sql!("account/open"), args).await.map(|_| ())
}
